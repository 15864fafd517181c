import { describe, expect, test } from "vitest";
import {
  addFile,
  commit,
  completing,
  emptyFile,
  type Fixture,
  keyOf,
  makeProject,
  newUpload,
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
    const expected: { key: string; sizeBytes: number }[] = [];
    for (const [i, key] of names.entries()) {
      const path = `p${i}`;
      // A file with its upload, a removal, an upload: in turn.
      const upload = await completing(fixture, uid, { key, path, sizeBytes: i + 1 });
      if (i % 3 !== 2) await commit(fixture, upload);
      if (i % 3 === 1) await store.removeFile(uid, path);
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

  test("an upload of unknown size is tracked with none, and a removal with that of its file", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const upload = await store.openUpload(newUpload(uid, { sizeBytes: null }));
    expect(await store.trackedKeys(uid, 10)).toEqual([{ key: upload.key, sizeBytes: 0 }]);
    const key = keyOf(await addFile(fixture, uid, "a", 77));
    await store.removeFile(uid, "a");
    const keys = await store.trackedKeys(uid, 10);
    expect(keys).toContainEqual({ key, sizeBytes: 77 });
    expect(keys).toHaveLength(2);
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
