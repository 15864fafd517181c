import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  endOf,
  keysOf,
  pattern,
  read,
  sendPart,
  uploadsOf,
} from "../contract/object-store/fixture.ts";
import type { Part } from "../../src/ports/object-store.ts";
import { type Call, openStore, usePlace, watched } from "./filesystem/fixture.ts";

/** Stops the first call that it is armed for, until it is let go. */
class Pause {
  readonly #reached = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  #isWanted: ((call: Call) => boolean) | null = null;

  readonly before = async (call: Call): Promise<void> => {
    if (!this.#isWanted?.(call)) return;
    this.#isWanted = null;
    this.#reached.resolve();
    await this.#released.promise;
  };

  /** Runs something until it reaches the call; answers how to wait for its end. */
  async at<T>(isWanted: (call: Call) => boolean, run: () => Promise<T>): Promise<() => Promise<T>> {
    this.#isWanted = isWanted;
    const running = run();
    await this.#reached.promise;
    return () => {
      this.#released.resolve();
      return running;
    };
  }
}

describe("an upload between two processes", () => {
  const place = usePlace();

  it("is lost for a completion that any step of an abort overtakes", async () => {
    const steps: readonly ((call: Call) => boolean)[] = [
      ({ name, path }) => name === "rename" && /uploads\/[0-9a-z]{26}$/.test(path),
      ({ name, path }) => name === "readdir" && path.endsWith(".completing"),
      ({ name, to }) => name === "rename" && to.endsWith(".completing/whole"),
      ({ name, to }) => name === "rename" && to.endsWith(".committing"),
      ({ name, path }) => name === "lstat" && path.endsWith(".committing/whole"),
      ({ name, path }) => name === "rename" && path.endsWith(".committing/whole"),
    ];
    for (const count of [1, 3]) {
      for (const [i, step] of steps.entries()) {
        const pause = new Pause();
        const one = await openStore(place.root, watched(pause.before));
        const other = await openStore(place.root);
        const key = `deep/er/${count}-${i}`;
        const uploadId = await one.createUpload(key, "text/plain");
        const parts: Part[] = [];
        for (let n = 1; n <= count; n++) {
          parts.push(await sendPart(one, key, uploadId, n, pattern(100, n)));
        }
        const goOn = await pause.at(step, () => endOf(one.completeUpload(key, uploadId, parts)));
        expect(await endOf(other.abortUpload(key, uploadId))).toBe("done");
        expect(await goOn()).toBe("no-such-upload");
        expect(await keysOf(other, "")).toEqual([]);
        expect(await readdir(join(place.root, ".expunge/uploads"))).toEqual([]);
      }
    }
  });

  it("is completed where the kernel had found the object's file before the abort's rename", async () => {
    // What a rename does whose path was resolved before the directory got its new name.
    const before = async ({ name, path }: Call): Promise<void> => {
      if (name === "unlink" && path.endsWith(".aborted/whole")) {
        await rename(path, join(place.root, "made"));
      }
    };
    const pause = new Pause();
    const one = await openStore(place.root, watched(pause.before));
    const other = await openStore(place.root, watched(before));
    const uploadId = await one.createUpload("made", "text/plain");
    const part = await sendPart(one, "made", uploadId, 1, "content");
    const goOn = await pause.at(
      ({ name, path }) => name === "rename" && path.endsWith(".committing/whole"),
      () => endOf(one.completeUpload("made", uploadId, [part])),
    );
    expect(await endOf(other.abortUpload("made", uploadId))).toBe("no-such-upload");
    expect(await keysOf(other, "")).toEqual(["made"]);
    await goOn();
  });

  it("becomes one object when both complete it, whatever step each of them is at", async () => {
    const steps: readonly ((call: Call) => boolean)[] = [
      ({ name, path }) => name === "readdir" && path.endsWith(".completing"),
      ({ name, to }) => name === "rename" && to.endsWith(".completing/whole"),
      ({ name, to }) => name === "rename" && to.endsWith(".committing"),
      ({ name, path }) => name === "rename" && path.endsWith(".committing/whole"),
    ];
    for (const count of [1, 2]) {
      for (const [i, step] of steps.entries()) {
        const pause = new Pause();
        const one = await openStore(place.root, watched(pause.before));
        const other = await openStore(place.root);
        const key = `shared/${count}-${i}`;
        const uploadId = await one.createUpload(key, "text/plain");
        const parts: Part[] = [];
        for (let n = 1; n <= count; n++) {
          parts.push(await sendPart(one, key, uploadId, n, pattern(100, n)));
        }
        const goOn = await pause.at(step, () => endOf(one.completeUpload(key, uploadId, parts)));
        expect(await endOf(other.completeUpload(key, uploadId, parts))).toBe("done");
        await other.remove([key]);
        expect(await goOn()).toBe("no-such-upload");
        expect(await keysOf(other, "")).toEqual([]);
        expect(await uploadsOf(other, "")).toEqual([]);
      }
    }
  });

  it("takes no part any more once a completion has begun", async () => {
    const pause = new Pause();
    const one = await openStore(place.root, watched(pause.before));
    const other = await openStore(place.root);
    const uploadId = await one.createUpload("k", "text/plain");
    const part = await sendPart(one, "k", uploadId, 1, pattern(100));
    const goOn = await pause.at(
      ({ name, path }) => name === "rename" && path.includes("/tmp-"),
      () => endOf(sendPart(one, "k", uploadId, 1, "another")),
    );
    expect(await endOf(other.completeUpload("k", uploadId, [part]))).toBe("done");
    expect(await goOn()).toBe("no-such-upload");
    expect(Buffer.from(await read(other, "k")).equals(pattern(100))).toBe(true);
  });

  it("is listed although the directory's readings miss it while it moves on", async () => {
    let readings = 0;
    const store = await openStore(
      place.root,
      watched(async ({ name, path }) => {
        if (name !== "readdir" || !path.endsWith("/.expunge/uploads")) return;
        readings++;
        const uploads = join(place.root, ".expunge/uploads");
        // Out of sight for the first reading, and in another state for the next.
        if (readings === 1) await rename(join(uploads, uploadId), join(place.root, "hidden"));
        if (readings === 2) {
          await rename(join(place.root, "hidden"), join(uploads, `${uploadId}.completing`));
        }
      }),
    );
    const uploadId: string = await store.createUpload("moving", "text/plain");
    const { entries } = await store.listUploads("");
    expect(entries.map((entry) => entry.uploadId)).toEqual([uploadId]);
    expect(readings).toBeGreaterThan(1);
  });

  it("is not taken for completed when one of its parts is lost from the disk", async () => {
    const pause = new Pause();
    const store = await openStore(place.root, watched(pause.before));
    const uploadId = await store.createUpload("k", "text/plain");
    const part = await sendPart(store, "k", uploadId, 1, "content");
    const goOn = await pause.at(
      ({ name, to }) => name === "rename" && to.endsWith(".completing/whole"),
      () => endOf(store.completeUpload("k", uploadId, [part])),
    );
    const directory = join(place.root, ".expunge/uploads", `${uploadId}.completing`);
    for (const name of await readdir(directory)) {
      if (name !== "meta.json") await rm(join(directory, name));
    }
    expect(await goOn()).toBe("store-unavailable");
    expect((await uploadsOf(store, "")).map((entry) => entry.uploadId)).toEqual([uploadId]);
    expect(await endOf(store.completeUpload("k", uploadId, [part]))).toBe("invalid-part");
    expect(await endOf(store.abortUpload("k", uploadId))).toBe("done");
    expect(await uploadsOf(store, "")).toEqual([]);
  });
});
