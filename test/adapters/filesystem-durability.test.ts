import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import type { FileSystem } from "../../src/adapters/filesystem/disk.ts";
import { utf8 } from "../../src/core/encoding.ts";
import { put, refused, sendPart, uploadsOf } from "../contract/object-store/fixture.ts";
import { openStore, usePlace, watched } from "./filesystem/fixture.ts";

const CHANGES = new Set([
  "mkdir",
  "rename",
  "rmdir",
  "unlink",
  "rm",
  "handle.sync",
  "handle.writev",
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

describe("what is acknowledged", () => {
  const place = usePlace();

  it("was written, synced, renamed and entered into every directory above, in this order", async () => {
    const { fs, changes } = recorded(place.root);
    const store = await openStore(place.root, fs);
    changes.length = 0;
    await store.put("a/b/c", utf8("x"));
    expect(changes).toEqual([
      "writev .expunge/tmp/*",
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
      "writev .expunge/tmp/*/meta.json",
      "sync .expunge/tmp/*/meta.json",
      "sync .expunge/tmp/*",
      `rename .expunge/tmp/* -> ${upload}`,
      "sync .expunge/uploads",
    ]);
    const part = await sendPart(store, "k", uploadId, 1, "one");
    expect(steps()).toEqual([
      `writev ${upload}/tmp-*`,
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

  it("lasts also where a completion died between the object's place and its sync", async () => {
    const { fs, changes } = recorded(place.root);
    const store = await openStore(place.root, fs);
    for (const notice of ["complete", "list"] as const) {
      const uploadId = await store.createUpload("a/b", "text/plain");
      const part = await sendPart(store, "a/b", uploadId, 1, "one");
      const upload = join(place.root, ".expunge/uploads", uploadId);
      const meta = await readFile(join(upload, "meta.json"));
      await store.completeUpload("a/b", uploadId, [part]);
      await mkdir(`${upload}.committing`);
      await writeFile(join(`${upload}.committing`, "meta.json"), meta);
      changes.length = 0;
      if (notice === "list") expect(await uploadsOf(store, "")).toEqual([]);
      else await refused(store.completeUpload("a/b", uploadId, [part]), "no-such-upload");
      // The completion tries its renames, and finds nothing to rename.
      expect(changes.filter((change) => !change.startsWith("rename"))).toEqual([
        "sync a",
        "sync .",
        "rm .expunge/uploads/*.committing",
        "sync .expunge/uploads",
      ]);
    }
  });
});
