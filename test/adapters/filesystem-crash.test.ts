import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FileSystem } from "../../src/adapters/filesystem/disk.ts";
import { utf8 } from "../../src/core/encoding.ts";
import type { ObjectStore, Part } from "../../src/ports/object-store.ts";
import {
  endOf,
  keysOf,
  make,
  put,
  readText,
  sendPart,
  uploadsOf,
} from "../contract/object-store/fixture.ts";
import { filesBelow, openStore, usePlace, watched } from "./filesystem/fixture.ts";

/** From the call of this number on the process is dead: nothing reaches the disk any more. */
class Crash {
  readonly fs: FileSystem;
  #left = Number.POSITIVE_INFINITY;

  constructor() {
    this.fs = watched(() => {
      if (this.#left-- <= 0) throw new Error("the process is dead");
    });
  }

  /** Answers whether it died before the call had its answer. */
  async during(
    callsBefore: number,
    call: Promise<unknown> | (() => Promise<unknown>),
  ): Promise<boolean> {
    this.#left = callsBefore;
    try {
      await (typeof call === "function" ? call() : call);
      return this.#left < 0;
    } catch (error) {
      if (this.#left >= 0) throw error;
      return true;
    } finally {
      this.#left = Number.POSITIVE_INFINITY;
    }
  }
}

/** More calls than any operation makes. */
const CALLS_MAX = 200;

describe("a process that dies at any call", () => {
  const place = usePlace();

  /** Runs the step with a crash before each of its calls, and the check after each of these crashes. */
  async function everywhere(
    prepare: (store: ObjectStore, round: string) => Promise<() => Promise<unknown>>,
    check: (store: ObjectStore, round: string) => Promise<void>,
  ): Promise<void> {
    const crash = new Crash();
    const mortal = await openStore(place.root, crash.fs);
    for (let calls = 0; calls < CALLS_MAX; calls++) {
      const round = `round${calls}`;
      const step = await prepare(mortal, round);
      const hasDied = await crash.during(calls, step);
      await check(await openStore(place.root), round);
      if (!hasDied) {
        expect(calls).toBeGreaterThan(3);
        return;
      }
    }
    throw new Error("the step has no end");
  }

  for (const pieces of [["the only part"], ["first ", "second ", "third"]]) {
    const whole = pieces.join("");
    const open = async (store: ObjectStore, key: string) => {
      const uploadId = await store.createUpload(key, "text/plain");
      const parts: Part[] = [];
      for (const [i, piece] of pieces.entries()) {
        parts.push(await sendPart(store, key, uploadId, i + 1, piece));
      }
      return { uploadId, parts };
    };

    it(`lets a completion of ${pieces.length} part(s) be taken up where it was`, async () => {
      let uploaded: Awaited<ReturnType<typeof open>> | undefined;
      await everywhere(
        async (store, round) => {
          const { uploadId, parts } = (uploaded = await open(store, round));
          return () => store.completeUpload(round, uploadId, parts);
        },
        async (store, round) => {
          const { uploadId = "", parts = [] } = uploaded ?? {};
          const before = await keysOf(store, round);
          if (before.length > 0) expect(await readText(store, round)).toBe(whole);
          else
            expect((await uploadsOf(store, round)).map((each) => each.uploadId)).toEqual([
              uploadId,
            ]);
          const end = await endOf(store.completeUpload(round, uploadId, parts));
          expect(end).toBe(before.length > 0 ? "no-such-upload" : "done");
          expect(await readText(store, round)).toBe(whole);
          expect(await uploadsOf(store, "")).toEqual([]);
          expect(await readdir(join(place.root, ".expunge/uploads"))).toEqual([]);
        },
      );
    });

    it(`lets a broken completion of ${pieces.length} part(s) be aborted for good`, async () => {
      let uploaded: Awaited<ReturnType<typeof open>> | undefined;
      await everywhere(
        async (store, round) => {
          const { uploadId, parts } = (uploaded = await open(store, round));
          return () => store.completeUpload(round, uploadId, parts);
        },
        async (store, round) => {
          const { uploadId = "", parts = [] } = uploaded ?? {};
          const before = await keysOf(store, round);
          const end = await endOf(store.abortUpload(round, uploadId));
          expect(end).toBe(before.length > 0 ? "no-such-upload" : "done");
          expect(await endOf(store.completeUpload(round, uploadId, parts))).toBe("no-such-upload");
          expect(await keysOf(store, round)).toEqual(before);
          expect(await readdir(join(place.root, ".expunge/uploads"))).toEqual([]);
        },
      );
    });

    it(`lets an abort of ${pieces.length} part(s) be repeated, and nothing come of it`, async () => {
      let uploaded: Awaited<ReturnType<typeof open>> | undefined;
      await everywhere(
        async (store, round) => {
          const { uploadId } = (uploaded = await open(store, round));
          return () => store.abortUpload(round, uploadId);
        },
        async (store, round) => {
          const { uploadId = "", parts = [] } = uploaded ?? {};
          expect(["done", "no-such-upload"]).toContain(
            await endOf(store.abortUpload(round, uploadId)),
          );
          expect(await endOf(store.completeUpload(round, uploadId, parts))).toBe("no-such-upload");
          expect(await keysOf(store, "")).toEqual([]);
          expect(await readdir(join(place.root, ".expunge/uploads"))).toEqual([]);
        },
      );
    });
  }

  it("leaves an object that is put whole, as it was or not there", async () => {
    await everywhere(
      async (store, round) => {
        if (round.endsWith("1")) await store.put(`a/${round}/x`, utf8("before"));
        return () => store.put(`a/${round}/x`, utf8("after"));
      },
      async (store, round) => {
        const keys = await keysOf(store, "");
        const texts = await Promise.all(keys.map((key) => readText(store, key)));
        expect(["after", ...(round.endsWith("1") ? ["before"] : [])]).toEqual(
          expect.arrayContaining(texts),
        );
        await store.remove(keys);
        const left = await filesBelow(place.root);
        expect(
          left.filter((path) => !path.startsWith(".expunge/tmp/") && !path.endsWith("/")),
        ).toEqual([]);
      },
    );
  });

  it("leaves a removal that can be repeated to its end", async () => {
    await everywhere(
      async (store, round) => {
        const keys = [`r/${round}/a`, `r/${round}/b/c`];
        await put(store, ...keys);
        return () => store.remove(keys);
      },
      async (store, round) => {
        const keys = [`r/${round}/a`, `r/${round}/b/c`];
        for (const key of await keysOf(store, "")) expect(keys).toContain(key);
        const results = await store.remove(keys);
        expect(results.map(({ result }) => result)).toEqual(["gone", "gone"]);
        expect(await filesBelow(place.root)).toEqual([]);
      },
    );
  });

  it("leaves a part whole or not there", async () => {
    let uploadId = "";
    await everywhere(
      async (store, round) => {
        uploadId = await store.createUpload(round, "text/plain");
        return () => sendPart(store, round, uploadId, 1, "a part");
      },
      async (store, round) => {
        const parts = await store.listParts(round, uploadId);
        if (parts.length > 0) {
          await store.completeUpload(round, uploadId, parts);
          expect(await readText(store, round)).toBe("a part");
          await store.remove([round]);
        } else await store.abortUpload(round, uploadId);
        await make(store, round, "works on");
      },
    );
  });
});
