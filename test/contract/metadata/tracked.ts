import { describe, expect, test } from "vitest";
import {
  addFile,
  commit,
  completing,
  emptyFile,
  type Fixture,
  keyOf,
  makeProject,
  openUpload,
} from "./fixture.ts";

export function trackedContract(fixture: Fixture): void {
  describe("tracked keys", () => tracked(fixture));
}

function tracked(fixture: Fixture): void {
  test("tracked keys are those of files, uploads and removals, by their bytes, each once", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const names = ["A", "a", "a/b", "ä", "\u{fffd}", "\u{1f600}"];
    await openUpload(fixture, uid, { key: "B" });
    await completing(fixture, uid, { key: "b" });
    const expected: { key: string; sizeBytes: number }[] = [];
    for (const [i, key] of names.entries()) {
      const path = `p${i}`;
      // A file with its upload, and a removal: in turn.
      const upload = await completing(fixture, uid, { key, path, sizeBytes: i + 1 });
      await commit(fixture, upload);
      if (i % 2 === 1) await store.removeFile(uid, path);
      expected.push({ key, sizeBytes: i + 1 });
    }
    await store.commitEmptyFile(emptyFile(uid));
    await addFile(fixture, (await makeProject(fixture)).uid, "other");
    expect(await store.trackedKeys(uid, 100)).toEqual(expected);
    const seen: string[] = [];
    for (;;) {
      const page = await store.trackedKeys(uid, 4, seen.at(-1));
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(4);
      seen.push(...page.map(({ key }) => key));
    }
    expect(seen).toEqual(names);
  });

  test("an upload is not tracked before it is a file, and a removal keeps the size of its file", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await openUpload(fixture, uid);
    const key = keyOf(await addFile(fixture, uid, "a", 77));
    await store.removeFile(uid, "a");
    expect(await store.trackedKeys(uid, 10)).toEqual([{ key, sizeBytes: 77 }]);
  });

  test("a key is tracked with the size that came, not with the one that was declared", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    for (const [declared, came] of [
      [null, 5],
      [9, 4],
    ] as const) {
      const upload = await completing(fixture, uid, { key: `k${came}`, sizeBytes: declared });
      await store.commitUpload(upload.id, { sizeBytes: came, sha256: null, etag: "e" });
    }
    expect(await store.trackedKeys(uid, 10)).toEqual([
      { key: "k4", sizeBytes: 4 },
      { key: "k5", sizeBytes: 5 },
    ]);
  });

  test("of many keys those are told apart that a row of this project names", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const file = keyOf(await addFile(fixture, uid, "a"));
    const upload = await openUpload(fixture, uid);
    const removed = keyOf(await addFile(fixture, uid, "b"));
    await store.removeFile(uid, "b");
    const other = keyOf(await addFile(fixture, (await makeProject(fixture)).uid, "a"));
    const keys = [file, other, upload.key, "none", removed, file];
    expect(await store.whichTracked(uid, keys)).toEqual(new Set([file, upload.key, removed]));
    expect(await store.whichTracked(uid, [])).toEqual(new Set());
    const many = Array.from({ length: 1000 }, (_, i) => `key-${i}`);
    expect(await store.whichTracked(uid, [...many, removed])).toEqual(new Set([removed]));
  });
}
