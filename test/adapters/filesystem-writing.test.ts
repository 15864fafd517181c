import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FileSystem } from "../../src/adapters/filesystem/disk.ts";
import { writeDurably } from "../../src/adapters/filesystem/durable-file.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { openStore, systemError, usePlace, watched } from "./filesystem/fixture.ts";

const PIECE_BYTES = 100_003;

/** Pieces that differ, of so many bytes together. */
function* pieces(sizeBytes: number): Generator<Uint8Array> {
  for (let left = sizeBytes, at = 1; left > 0; left -= PIECE_BYTES, at++) {
    yield new Uint8Array(Math.min(left, PIECE_BYTES)).fill(at % 251);
  }
}

/** A file system whose every write takes at most so many bytes. */
function reluctant(writtenMax: number): FileSystem {
  const fs = watched(() => {});
  return {
    ...fs,
    open: async (...args) => {
      const file = await fs.open(...args);
      return new Proxy(file, {
        get(target, property) {
          if (property !== "writev") {
            const value: unknown = Reflect.get(target, property, target);
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          }
          return async ([first]: readonly Uint8Array[]) =>
            await target.writev([first?.subarray(0, writtenMax) ?? new Uint8Array()]);
        },
      });
    },
  };
}

describe("a file that is written to last", () => {
  const place = usePlace();
  const target = (): Buffer => Buffer.from(join(place.root, "file"));

  it("has all its bytes in their order, however few a write takes", async () => {
    const sizeBytes = LIMITS.writeGatherBytes * 2 + 17;
    const written = await writeDurably(reluctant(70_001), target(), pieces(sizeBytes));
    expect(written).toBe(sizeBytes);
    expect(await readFile(target())).toEqual(Buffer.concat([...pieces(sizeBytes)]));
  });

  it("is put on the medium while it grows, and once more at its end", async () => {
    const calls: string[] = [];
    const fs = watched(({ name }) => void calls.push(name));
    await writeDurably(fs, target(), pieces(LIMITS.syncAheadBytes + PIECE_BYTES));
    const syncs = calls.filter((name) => name === "handle.datasync" || name === "handle.sync");
    expect(syncs).toEqual(["handle.datasync", "handle.sync"]);
    expect(calls.at(-1)).toBe("handle.sync");
  });

  it.for(["handle.writev", "handle.datasync", "handle.sync"])(
    "is not said to be there where %s fails, and is closed",
    async (failing) => {
      const open = new Set<object>();
      const fs = watched((call) => {
        if (call.name === failing) throw systemError("EIO", call);
      }, open);
      const writing = writeDurably(fs, target(), pieces(LIMITS.syncAheadBytes + 3 * PIECE_BYTES));
      await expect(writing).rejects.toMatchObject({ code: "EIO" });
      expect(open.size).toBe(0);
    },
  );

  it("fails as its body does, also where a write has failed meanwhile", async () => {
    const fs = watched((call) => {
      if (call.name === "handle.writev") throw systemError("ENOSPC", call);
    });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(LIMITS.writeGatherBytes);
      // By the next turn of the loop the write has failed, and nobody has asked for it.
      await new Promise(setImmediate);
      throw new Error("the sender went away");
    }
    await expect(writeDurably(fs, target(), broken())).rejects.toThrow("the sender went away");
  });

  it("has the same ETag whoever hashes it", async () => {
    const store = await openStore(place.root);
    const bytes = new TextEncoder().encode("same");
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const uploadId = await store.createUpload("k", "text/plain");
    async function* body(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    const part = { body: body(), sizeBytes: bytes.length };
    const ours = await store.uploadPart("k", uploadId, 1, part);
    const given = { ...part, body: body(), sha256: () => digest };
    expect(await store.uploadPart("k", uploadId, 1, given)).toEqual(ours);
    expect(await readdir(place.root)).toEqual([".expunge"]);
  });
});
