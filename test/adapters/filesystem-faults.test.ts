import { execFileSync } from "node:child_process";
import { mkdir, readdir, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isExpungeError } from "../../src/core/errors.ts";
import { utf8 } from "../../src/core/encoding.ts";
import type { RemoveResult } from "../../src/ports/object-store.ts";
import { keysOf, make, pattern, put, readText, refused } from "../contract/object-store/fixture.ts";
import {
  type Call,
  filesBelow,
  openStore,
  systemError,
  usePlace,
  watched,
} from "./filesystem/fixture.ts";

/** Fails the calls of one name on paths that end so, once it is armed. */
function failing(
  code: string,
  name: string,
  end: string,
): { armed: boolean; before: (call: Call) => void } {
  const fault = {
    armed: false,
    before: (call: Call) => {
      if (fault.armed && call.name === name && call.path.endsWith(end))
        throw systemError(code, call);
    },
  };
  return fault;
}

/** Whether this system and its file system know the immutable attribute, and we may set it. */
function canMakeImmutable(path: string): boolean {
  try {
    execFileSync("chattr", ["+i", path], { stdio: "ignore" });
    execFileSync("chattr", ["-i", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("a file system that refuses", () => {
  const place = usePlace();

  it("fails a listing that meets a directory it cannot read, instead of skipping it", async () => {
    for (const call of ["readdir", "lstat"]) {
      for (const [code, expected] of [
        ["EACCES", { code: "access-denied", errorClass: "blocked" }],
        ["EIO", { code: "io-error", errorClass: "retryable" }],
        ["EMFILE", { code: "throttled", errorClass: "retryable" }],
      ] as const) {
        const fault = failing(code, call, "/b/closed");
        const store = await openStore(place.root, watched(fault.before));
        await put(store, "a/1", "b/closed/2", "c/3");
        fault.armed = true;
        for (const prefix of ["", "b/", "b/closed/", "b/closed/2"]) {
          const error = await refused(store.list(prefix), expected.code);
          expect(error.errorClass).toBe(expected.errorClass);
        }
        expect(await keysOf(store, "c/")).toEqual(["c/3"]);
      }
    }
  });

  it("fails a listing that cannot look at a file, instead of skipping it", async () => {
    const fault = failing("EACCES", "lstat", "/b/2");
    const store = await openStore(place.root, watched(fault.before));
    await put(store, "a/1", "b/2");
    fault.armed = true;
    await refused(store.list(""), "access-denied");
  });

  it("answers for each key what became of it, and removes the others", async () => {
    const expected: readonly (readonly [string, Partial<RemoveResult>])[] = [
      ["EACCES", { result: "blocked", retryable: false, code: "access-denied" }],
      ["EPERM", { result: "blocked", retryable: false, code: "access-denied" }],
      ["EROFS", { result: "blocked", retryable: false, code: "read-only" }],
      ["EIO", { result: "failed", retryable: true, code: "io-error" }],
      ["EBUSY", { result: "failed", retryable: true, code: "throttled" }],
      ["EWHATEVER", { result: "unknown", retryable: false, code: "io-error" }],
    ];
    for (const [code, result] of expected) {
      const fault = failing(code, "unlink", "/two");
      const store = await openStore(place.root, watched(fault.before));
      await put(store, "d/one", "d/two", "d/three");
      fault.armed = true;
      const results = await store.remove(["d/one", "d/two", "d/three"]);
      expect(results).toMatchObject([
        { result: "gone" },
        { key: "d/two", ...result },
        { result: "gone" },
      ]);
      expect(JSON.stringify(results)).not.toContain(place.root);
      expect(await keysOf(store, "")).toEqual(["d/two"]);
    }
  });

  it("calls a key blocked where the directory above cannot be entered", async () => {
    const fault = failing("EACCES", "lstat", "/closed");
    const store = await openStore(place.root, watched(fault.before));
    await put(store, "closed/in/a", "open/b");
    fault.armed = true;
    const results = await store.remove(["closed/in/a", "open/b"]);
    expect(results).toMatchObject([
      { result: "blocked", code: "access-denied" },
      { result: "gone" },
    ]);
    await refused(store.head("closed/in/a"), "access-denied");
    await refused(store.get("closed/in/a"), "access-denied");
  });

  it("calls no key gone whose removal cannot be made to last", async () => {
    const fault = failing("EIO", "handle.sync", "/d");
    const store = await openStore(place.root, watched(fault.before));
    await put(store, "d/one", "d/two", "e/three");
    fault.armed = true;
    expect(await store.remove(["d/one", "e/three"])).toMatchObject([
      { key: "d/one", result: "unknown", retryable: true, code: "io-error" },
      { key: "e/three", result: "gone" },
    ]);
    fault.armed = false;
    expect(await store.remove(["d/one"])).toEqual([{ key: "d/one", result: "gone" }]);
  });

  it("leaves nothing of an object for which there is no space", async () => {
    const before = (call: Call): void => {
      if (call.name === "handle.writev" && !call.path.endsWith("meta.json")) {
        throw systemError("ENOSPC", call);
      }
    };
    const store = await openStore(place.root, watched(before));
    for (const call of [store.put("full", utf8("x")), make(store, "full/2", pattern(10))]) {
      const error = await refused(call, "io-error");
      expect(error.errorClass).toBe("retryable");
    }
    expect(await keysOf(store, "")).toEqual([]);
    expect(await readdir(join(place.root, ".expunge/tmp"))).toEqual([]);
    const [left] = await readdir(join(place.root, ".expunge/uploads"));
    expect(await readdir(join(place.root, ".expunge/uploads", left ?? ""))).toEqual(["meta.json"]);
  });

  it("names no path in what it throws, for that comes into logs", async () => {
    const fault = failing("EACCES", "lstat", "/private/name");
    const store = await openStore(place.root, watched(fault.before));
    await put(store, "private/name");
    fault.armed = true;
    const error = await refused(store.head("private/name"), "access-denied");
    const texts = [error.message, error.stack, String(error.cause)].join("\n");
    expect(texts).toContain("EACCES");
    expect(texts).not.toContain("private");
    expect(texts).not.toContain(place.root);
  });
});

describe("a directory that is not what it should be", () => {
  const place = usePlace();

  it("is refused with the reason when it cannot hold the store", async () => {
    await writeFile(join(place.root, "file"), "");
    await mkdir(join(place.root, "linked"));
    await symlink(place.outside, join(place.root, "linked/.expunge"));
    await mkdir(join(place.root, "half/.expunge"), { recursive: true });
    await writeFile(join(place.root, "half/.expunge/uploads"), "");
    for (const name of ["file", "file/below", "linked", "half"]) {
      const error: unknown = await openStore(join(place.root, name)).catch(
        (error: unknown) => error,
      );
      expect(isExpungeError(error, "data-dir-unusable") ? error.message : error).toContain(
        join(place.root, name),
      );
    }
    expect(await filesBelow(place.outside)).toEqual(["secret"]);
  });

  it("is refused at the start when nothing can be written in it", async () => {
    for (const [name, code] of [
      ["mkdir", "EACCES"],
      ["open", "EROFS"],
      ["handle.sync", "EIO"],
    ] as const) {
      const before = (call: Call): void => {
        if (call.name === name) throw systemError(code, call);
      };
      const opening = openStore(join(place.root, name), watched(before));
      await expect(opening).rejects.toMatchObject({ code: "data-dir-unusable" });
    }
  });

  it("is not taken for an empty store when its medium is gone", async () => {
    const store = await openStore(place.root);
    await put(store, "a/1");
    const { next } = await store.list("", { limit: 1 });
    await rename(place.root, `${place.root}-elsewhere`);
    await mkdir(place.root);
    await refused(store.list(""), "store-unavailable");
    await refused(store.list("a/"), "store-unavailable");
    await refused(store.list("", next === null ? {} : { cursor: next }), "store-unavailable");
    await refused(store.listUploads(""), "store-unavailable");
    const other = await openStore(place.root);
    expect(await keysOf(other, "")).toEqual([]);
    await refused(store.list(""), "store-unavailable");
  });

  it("is cleared at the start of temporary files that a crash left a day ago", async () => {
    const temporary = join(place.root, ".expunge/tmp");
    await openStore(place.root);
    await writeFile(join(temporary, "old"), "");
    await mkdir(join(temporary, "old-upload"));
    await writeFile(join(temporary, "fresh"), "");
    const dayAgo = Date.now() / 1000 - 25 * 3600;
    await utimes(join(temporary, "old"), dayAgo, dayAgo);
    await utimes(join(temporary, "old-upload"), dayAgo, dayAgo);
    await openStore(place.root);
    expect(await readdir(temporary)).toEqual(["fresh"]);
  });
});

describe("immutable files", () => {
  const place = usePlace();

  it("are blocked, with the reason, and removed once they are released", async (context) => {
    const store = await openStore(place.root);
    await put(store, "kept/immutable", "kept/other", "dir/x");
    const file = join(place.root, "kept/immutable");
    const directory = join(place.root, "dir");
    context.skip(!canMakeImmutable(file), "chattr +i does not work here");
    execFileSync("chattr", ["+i", file, directory]);
    try {
      const results = await store.remove(["kept/immutable", "kept/other", "dir/x"]);
      const blocked = { result: "blocked", retryable: false, code: "access-denied" };
      expect(results).toMatchObject([blocked, { result: "gone" }, blocked]);
      expect(JSON.stringify(results)).toContain("immutable attribute");
      expect(JSON.stringify(results)).not.toContain(place.root);
      await refused(store.put("dir/y", utf8("x")), "access-denied");
      expect(await readText(store, "kept/immutable")).toBe("content of kept/immutable");
      expect(await keysOf(store, "")).toEqual(["dir/x", "kept/immutable"]);
    } finally {
      execFileSync("chattr", ["-i", file, directory]);
    }
    const results = await store.remove(["kept/immutable", "dir/x"]);
    expect(results.map(({ result }) => result)).toEqual(["gone", "gone"]);
    expect(await filesBelow(place.root)).toEqual([]);
  });
});
