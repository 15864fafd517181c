import { describe, expect, test } from "vitest";
import {
  commit,
  completing,
  emptyFile,
  type Fixture,
  inTurn,
  LONG_MS,
  makeProject,
  trash,
} from "./fixture.ts";

export function concurrencyContract(fixture: Fixture): void {
  describe("commits at the same time", () => concurrent(fixture));
}

function concurrent(fixture: Fixture): void {
  test("twenty commits to one path at the same time leave one file and nineteen removals", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    const uploads = [];
    for (let i = 1; i <= 20; i++) {
      uploads.push(
        await completing(fixture, uid, { path: "a", sizeBytes: i, direct: i % 2 === 0 }),
      );
    }
    const commits = await Promise.all(uploads.map((upload) => commit(fixture, upload)));
    expect(commits.filter(({ created }) => created)).toHaveLength(1);
    const [file, ...others] = await store.listFiles(uid, { limit: 10 });
    expect(others).toEqual([]);
    const project = await store.findProject(id);
    expect(project).toMatchObject({ fileCount: 1, sizeBytes: file?.sizeBytes });
    const removed = (await store.dueRemovals(100)).map(({ key }) => key);
    expect(removed).toHaveLength(19);
    expect(new Set([...removed, file?.key])).toEqual(new Set(uploads.map(({ key }) => key)));
    const replaced = commits.flatMap(({ replacedKey }) => replacedKey ?? []);
    expect(new Set(replaced)).toEqual(new Set(removed));
  });

  test("commits to different paths at the same time are all counted", async () => {
    const { id, uid } = await makeProject(fixture);
    const uploads = [];
    for (let i = 1; i <= 10; i++) uploads.push(await completing(fixture, uid, { sizeBytes: i }));
    await Promise.all([
      ...uploads.map((upload) => commit(fixture, upload)),
      ...Array.from({ length: 5 }, () => fixture.store.commitEmptyFile(emptyFile(uid))),
    ]);
    const project = await fixture.store.findProject(id);
    expect(project).toMatchObject({ fileCount: 15, sizeBytes: 55 });
  });

  test("one commit sent several times at the same time makes one file", async () => {
    const { id, uid } = await makeProject(fixture);
    const upload = await completing(fixture, uid, { path: "a" });
    const commits = await Promise.all(Array.from({ length: 5 }, () => commit(fixture, upload)));
    expect(commits.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(commits.map(({ file }) => file.uid))).toEqual(new Set([upload.fileUid]));
    expect((await fixture.store.findProject(id))?.fileCount).toBe(1);
    expect(await fixture.store.dueRemovals(10)).toEqual([]);
  });

  test("of several files at the same time that must be the first, one is", async () => {
    const { uid, id } = await makeProject(fixture);
    const precondition = { ifNoneMatch: "*" as const };
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () =>
        fixture.store.commitEmptyFile(emptyFile(uid, { path: "a", precondition })),
      ),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await fixture.store.findProject(id))?.fileCount).toBe(1);
  });

  test("a commit beside the request of a deletion is whole or refused", async () => {
    for (let round = 0; round < 10; round++) {
      const { id, uid } = await makeProject(fixture);
      const upload = await completing(fixture, uid, { path: "a" });
      const calls = [
        (): Promise<unknown> => commit(fixture, upload),
        (): Promise<unknown> => trash(fixture, uid, LONG_MS),
      ];
      const results = await Promise.allSettled(inTurn(calls, round).map((call) => call()));
      for (const result of results) {
        if (result.status === "rejected") {
          expect(result.reason).toHaveProperty("code", "project-not-active");
        }
      }
      const project = await fixture.store.findProject(id);
      const file = await fixture.store.findFile(uid, "a");
      const state = (await fixture.store.findUpload(uid, upload.id))?.state;
      expect(project?.state).toBe("trashed");
      expect(project?.fileCount).toBe(file ? 1 : 0);
      expect(state).toBe(file ? "committed" : "completing");
      expect(results.every(({ status }) => status === "fulfilled")).toBe(file !== null);
    }
  });
}
