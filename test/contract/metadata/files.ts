import { describe, expect, test } from "vitest";
import type { FileQuery } from "../../../src/ports/metadata/index.ts";
import {
  addFile,
  commit,
  completing,
  emptyFile,
  expectAbout,
  expectCode,
  expectRefused,
  type Fixture,
  keyOf,
  LONG_MS,
  makeProject,
  PAST_SHORT_MS,
  purging,
  SHORT_MS,
  trash,
} from "./fixture.ts";

export function filesContract(fixture: Fixture): void {
  describe("listing files", () => listing(fixture));
  describe("removing files", () => removing(fixture));
  describe("moving files", () => moving(fixture));
  describe("removals", () => removals(fixture));
  describe("removals and the states of their project", () => removalStates(fixture));
}

/** In the order of their UTF-8 bytes, which is neither that of UTF-16 nor that of any language. */
const ORDERED = ["A", "Z", "a", "a b", "a!", "a-b", "a/b", "aa", "ä", "\u{fffd}", "\u{1f600}"];

function listing(fixture: Fixture): void {
  const paths = async (projectUid: string, query: Partial<FileQuery>): Promise<string[]> => {
    const rows = await fixture.store.listFiles(projectUid, { limit: 100, ...query });
    return rows.map(({ path }) => path);
  };

  test("files are listed by the UTF-8 bytes of their paths, page by page", async () => {
    const { uid } = await makeProject(fixture);
    for (const path of ORDERED.toReversed()) {
      await fixture.store.commitEmptyFile(emptyFile(uid, { path }));
    }
    expect(await paths(uid, {})).toEqual(ORDERED);
    const seen: string[] = [];
    for (;;) {
      const after = seen.at(-1);
      const page = await paths(uid, { limit: 2, ...(after === undefined ? {} : { after }) });
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(2);
      seen.push(...page);
    }
    expect(seen).toEqual(ORDERED);
  });

  test("a path prefix is taken literally, signs of patterns and case included", async () => {
    const { uid } = await makeProject(fixture);
    for (const path of ["50%/x", "50/x", "a_b", "aXb", "A_b", "c\\d", "😀x"]) {
      await fixture.store.commitEmptyFile(emptyFile(uid, { path }));
    }
    expect(await paths(uid, { prefix: "50%" })).toEqual(["50%/x"]);
    expect(await paths(uid, { prefix: "a_" })).toEqual(["a_b"]);
    expect(await paths(uid, { prefix: "c\\" })).toEqual(["c\\d"]);
    expect(await paths(uid, { prefix: "😀" })).toEqual(["😀x"]);
    expect(await paths(uid, { prefix: "a", after: "aXb" })).toEqual(["a_b"]);
    expect(await paths(uid, { prefix: "" })).toHaveLength(7);
  });

  test("a listing and a look at a path show the files of one project only", async () => {
    const [one, two] = [await makeProject(fixture), await makeProject(fixture)];
    const file = await addFile(fixture, one.uid, "a");
    await addFile(fixture, two.uid, "b");
    expect(await fixture.store.listFiles(one.uid, { limit: 10 })).toEqual([file]);
    expect(await fixture.store.findFile(one.uid, "a")).toEqual(file);
    expect(await fixture.store.findFile(two.uid, "a")).toBeNull();
    expect(await fixture.store.listFiles("none", { limit: 10 })).toEqual([]);
  });
}

function removing(fixture: Fixture): void {
  test("a removed file's key becomes a removal and the project's counters go down", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    const file = await addFile(fixture, project.uid, "a", 30);
    const kept = await addFile(fixture, project.uid, "b", 4);
    expect(await store.removeFile(project.uid, "a")).toEqual(file);
    expect(await store.listFiles(project.uid, { limit: 10 })).toEqual([kept]);
    expect(await store.findProject(project.id)).toMatchObject({ fileCount: 1, sizeBytes: 4 });
    const [removal, ...others] = await store.dueRemovals(10);
    expect(others).toEqual([]);
    expect(removal).toMatchObject({ key: keyOf(file), projectUid: project.uid, attempts: 0 });
    expectAbout(removal?.requestedAt, await store.now());
  });

  test("a removed empty file leaves no removal", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    await store.commitEmptyFile(emptyFile(uid, { path: "e" }));
    expect((await store.removeFile(uid, "e")).key).toBeNull();
    expect(await store.dueRemovals(10)).toEqual([]);
    expect(await store.trackedKeys(uid, 10)).toEqual([]);
    expect((await store.findProject(id))?.fileCount).toBe(0);
  });

  test("a file is removed only where its ETag is the one that is named", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { etag } = await addFile(fixture, uid, "a");
    await expectRefused(fixture, uid, "precondition-failed", () =>
      store.removeFile(uid, "a", { ifMatch: "other" }),
    );
    await expectRefused(fixture, uid, "precondition-failed", () =>
      store.removeFile(uid, "a", { ifNoneMatch: "*" }),
    );
    expect((await store.removeFile(uid, "a", { ifMatch: etag })).path).toBe("a");
  });

  test("removing is refused without the file, under a hold, and once the project is closed", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    await expectRefused(fixture, uid, "file-not-found", () => store.removeFile(uid, "b"));
    await store.placeHold(uid, "x");
    await expectRefused(fixture, uid, "project-held", () => store.removeFile(uid, "a"));
    await store.releaseHold(uid, 0);
    await trash(fixture, uid, LONG_MS);
    await expectRefused(fixture, uid, "project-not-active", () => store.removeFile(uid, "a"));
  });

  test("of several removals of one file at the same time exactly one takes it", async () => {
    const { uid, id } = await makeProject(fixture);
    await addFile(fixture, uid, "a", 5);
    await addFile(fixture, uid, "b", 7);
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => fixture.store.removeFile(uid, "a")),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const project = await fixture.store.findProject(id);
    expect(project).toMatchObject({ fileCount: 1, sizeBytes: 7 });
    expect(await fixture.store.dueRemovals(10)).toHaveLength(1);
  });
}

function moving(fixture: Fixture): void {
  test("a moved file keeps everything but its path and the time of its change", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    const file = await addFile(fixture, uid, "a");
    await fixture.advance(20);
    const moved = await store.moveFile(uid, "a", "b/c");
    expect(moved).toEqual({ ...file, path: "b/c", updatedAt: moved.updatedAt });
    expect(moved.updatedAt).toBeGreaterThan(file.updatedAt);
    expect(await store.listFiles(uid, { limit: 10 })).toEqual([moved]);
    expect(await store.findProject(id)).toMatchObject({ fileCount: 1, sizeBytes: 10 });
    expect(await store.dueRemovals(10)).toEqual([]);
  });

  test("a file is not moved onto another one, nor onto itself, nor from nowhere", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    await addFile(fixture, uid, "b");
    await expectRefused(fixture, uid, "file-exists", () => store.moveFile(uid, "a", "b"));
    await expectRefused(fixture, uid, "file-exists", () => store.moveFile(uid, "a", "a"));
    await expectRefused(fixture, uid, "file-not-found", () => store.moveFile(uid, "c", "d"));
  });

  test("moving is refused under a hold and once the project is closed", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    await store.placeHold(uid, "x");
    await expectRefused(fixture, uid, "project-held", () => store.moveFile(uid, "a", "b"));
    await store.releaseHold(uid, 0);
    await trash(fixture, uid, LONG_MS);
    await expectRefused(fixture, uid, "project-not-active", () => store.moveFile(uid, "a", "b"));
  });

  test("of two moves to one path at the same time exactly one succeeds", async () => {
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    await addFile(fixture, uid, "b");
    const results = await Promise.allSettled([
      fixture.store.moveFile(uid, "a", "c"),
      fixture.store.moveFile(uid, "b", "c"),
    ]);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "file-exists" },
    });
    expect(await fixture.store.listFiles(uid, { limit: 10 })).toHaveLength(2);
  });
}

function removals(fixture: Fixture): void {
  const removed = async (uid: string, path: string, key = `key-${path}`): Promise<string> => {
    await commit(fixture, await completing(fixture, uid, { path, key, direct: false }));
    await fixture.store.removeFile(uid, path);
    return key;
  };

  test("removals are due oldest first, as many as asked for", async () => {
    const { uid } = await makeProject(fixture);
    const keys: string[] = [];
    for (const path of ["c", "a", "b"]) {
      keys.push(await removed(uid, path));
      await fixture.advance(20);
    }
    expect((await fixture.store.dueRemovals(10)).map(({ key }) => key)).toEqual(keys);
    expect((await fixture.store.dueRemovals(2)).map(({ key }) => key)).toEqual(keys.slice(0, 2));
  });

  test("finished removals are gone, and finishing them again changes nothing", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const [one, two] = [await removed(uid, "a"), await removed(uid, "b")];
    for (let times = 0; times < 2; times++) {
      await store.finishRemovals([one, "none"]);
      expect((await store.dueRemovals(10)).map(({ key }) => key)).toEqual([two]);
    }
    await store.finishRemovals([]);
    expect((await store.findRemovals([one, two, "none"])).map(({ key }) => key)).toEqual([two]);
    expect(await store.findRemovals([])).toEqual([]);
    expect(await store.trackedKeys(uid, 10)).toEqual([{ key: two, sizeBytes: 10 }]);
  });

  test("a postponed removal still stands, counts its attempts, and is due after the delay", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const key = await removed(uid, "a");
    await store.postponeRemoval(key, "throttled", "slow down", LONG_MS);
    expect(await store.dueRemovals(10)).toEqual([]);
    expect(await store.findRemovals([key])).toMatchObject([{ key, attempts: 1 }]);
    await store.postponeRemoval(key, "throttled", "slow down", SHORT_MS);
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.dueRemovals(10)).toMatchObject([{ key, attempts: 2 }]);
    await store.postponeRemoval("none", "throttled", "slow down", SHORT_MS);
    expect(await store.findRemovals(["none"])).toEqual([]);
  });

  test("an overwritten file's key is a removal too, and the new one is not", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const old = keyOf(await addFile(fixture, uid, "a"));
    const upload = await completing(fixture, uid, { path: "a" });
    expect(await commit(fixture, upload)).toMatchObject({ created: false, replacedKey: old });
    expect((await store.dueRemovals(10)).map(({ key }) => key)).toEqual([old]);
  });
}

function removalStates(fixture: Fixture): void {
  test("removals of trashed projects go on, those of deleting ones are left to the deletion", async () => {
    const { store } = fixture;
    const keys: string[] = [];
    const uids: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { uid } = await makeProject(fixture);
      uids.push(uid);
      keys.push(keyOf(await addFile(fixture, uid, "a")));
      await store.removeFile(uid, "a");
    }
    await trash(fixture, uids[0] ?? "", LONG_MS);
    await purging(fixture, uids[1] ?? "");
    expect((await store.dueRemovals(10)).map(({ key }) => key)).toEqual([keys[0]]);
    expect(await store.findRemovals(keys)).toHaveLength(2);
    expect(await store.trackedKeys(uids[1] ?? "", 10)).toMatchObject([{ key: keys[1] }]);
  });

  test("an undo brings no removed file back", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const key = keyOf(await addFile(fixture, uid, "a"));
    await store.removeFile(uid, "a");
    await trash(fixture, uid, LONG_MS);
    await store.restoreProject(uid);
    expect(await store.findFile(uid, "a")).toBeNull();
    expect((await store.dueRemovals(10)).map((removal) => removal.key)).toEqual([key]);
    await expectCode(store.removeFile(uid, "a"), "file-not-found");
  });
}
