import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import type { FileSystem } from "../../src/adapters/filesystem/disk.ts";
import { utf8 } from "../../src/core/encoding.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
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

const CHANGES = new Set([
  "mkdir",
  "rename",
  "rmdir",
  "unlink",
  "rm",
  "handle.sync",
  "handle.write",
]);

/** Records what changes the medium: `sync d/e`, with random names as `*`. */
function recorded(root: string): { fs: FileSystem; changes: string[] } {
  const changes: string[] = [];
  const short = (path: string): string => {
    const below = relative(root, path) || ".";
    return below.replaceAll(/[0-9a-z]{26}/g, "*").replace(/\d{5}-\d{10}-.*/, "PART");
  };
  const fs = watched(({ name, path, to }) => {
    if (!CHANGES.has(name)) return;
    const target = to === "" ? "" : ` -> ${short(to)}`;
    changes.push(`${name.replace("handle.", "")} ${short(path)}${target}`);
  });
  return { fs, changes };
}

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

describe("what is acknowledged", () => {
  const place = usePlace();

  it("was written, synced, renamed and entered into every directory above, in this order", async () => {
    const { fs, changes } = recorded(place.root);
    const store = await openStore(place.root, fs);
    changes.length = 0;
    await store.put("a/b/c", utf8("x"));
    expect(changes).toEqual([
      "write .expunge/tmp/*",
      "sync .expunge/tmp/*",
      "mkdir a",
      "mkdir a/b",
      "rename .expunge/tmp/* -> a/b/c",
      "sync a/b",
      "sync a",
      "sync .",
    ]);
  });

  it("of an upload was synced at every step before its answer", async () => {
    const { fs, changes } = recorded(place.root);
    const store = await openStore(place.root, fs);
    const steps = (): string[] => changes.splice(0);
    steps();
    const uploadId = await store.createUpload("k", "text/plain");
    const upload = ".expunge/uploads/*";
    expect(steps()).toEqual([
      "mkdir .expunge/tmp/*",
      "write .expunge/tmp/*/meta.json",
      "sync .expunge/tmp/*/meta.json",
      "sync .expunge/tmp/*",
      `rename .expunge/tmp/* -> ${upload}`,
      "sync .expunge/uploads",
    ]);
    const part = await sendPart(store, "k", uploadId, 1, "one");
    expect(steps()).toEqual([
      `write ${upload}/tmp-*`,
      `sync ${upload}/tmp-*`,
      `rename ${upload}/tmp-* -> ${upload}/PART`,
      `sync ${upload}`,
    ]);
    await store.completeUpload("k", uploadId, [part]);
    expect(steps()).toEqual([
      `rename ${upload} -> ${upload}.completing`,
      `rename ${upload}.completing/PART -> ${upload}.completing/whole`,
      `rename ${upload}.completing -> ${upload}.committing`,
      `rename ${upload}.committing/whole -> k`,
      "sync .",
      `rm ${upload}.committing`,
    ]);
    const aborted = await store.createUpload("k", "text/plain");
    steps();
    await store.abortUpload("k", aborted);
    expect(steps()).toEqual([
      `rename ${upload} -> ${upload}.aborted`,
      `unlink ${upload}.aborted/whole`,
      `rm ${upload}.aborted`,
      "sync .expunge/uploads",
    ]);
  });

  it("as gone was unlinked, pruned, and synced once per directory that is left", async () => {
    const { fs, changes } = recorded(place.root);
    const store = await openStore(place.root, fs);
    await put(store, "a/1", "a/2", "a/kept", "b/c/1", "b/c/2", "d/1");
    changes.length = 0;
    await store.remove(["a/1", "a/2", "b/c/1", "b/c/2", "d/1", "never/was"]);
    const of = (name: string): string[] =>
      changes.filter((change) => change.startsWith(name)).sort();
    const lastChange = changes.findLastIndex((change) => !change.startsWith("sync"));
    expect(of("unlink")).toEqual(["a/1", "a/2", "b/c/1", "b/c/2", "d/1"].map((p) => `unlink ${p}`));
    expect(of("rmdir")).toEqual(["rmdir a", "rmdir b", "rmdir b/c", "rmdir d"]);
    expect(of("sync")).toEqual(["sync .", "sync a"]);
    expect(changes.findIndex((change) => change.startsWith("sync"))).toBeGreaterThan(lastChange);
  });

  it("as gone is synced also where another had removed it and died before the sync", async () => {
    const { fs, changes } = recorded(place.root);
    const store = await openStore(place.root, fs);
    await put(store, "a/b/kept");
    for (const [key, synced] of [
      ["a/b/missing", "sync a/b"],
      ["a/x/y/missing", "sync a"],
      ["missing", "sync ."],
    ] as const) {
      changes.length = 0;
      await store.remove([key]);
      expect(changes).toContain(synced);
    }
  });
});

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
      const parts = [];
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
