import { describe, expect, test } from "vitest";
import {
  addFile,
  claim,
  complete,
  expectAbout,
  type Fixture,
  LONG_MS,
  makeProject,
  purging,
  sealable,
  trash,
  verifying,
} from "./fixture.ts";

const NOTHING = {
  deletions: { trashed: 0, deleting: 0, verifying: 0 },
  blocked: 0,
  overdueMs: 0,
  removals: 0,
  uncopied: 0,
};

export function backlogContract(fixture: Fixture): void {
  describe("what waits to be done", () => {
    test("is nothing in an empty database, and nothing of deletions that have ended", async () => {
      const { store } = fixture;
      expect(await store.backlog()).toEqual(NOTHING);
      const { uid } = await makeProject(fixture);
      await complete(fixture, await sealable(fixture, uid));
      expect(await store.backlog()).toEqual({ ...NOTHING, uncopied: 1 });
      await store.markReceiptCopied(uid);
      const undone = await makeProject(fixture);
      await trash(fixture, undone.uid, LONG_MS);
      await store.restoreProject(undone.uid);
      expect(await store.backlog()).toEqual(NOTHING);
    });

    test("is counted by state, the blocked ones beside it", async () => {
      const { store } = fixture;
      await trash(fixture, (await makeProject(fixture)).uid, LONG_MS);
      await trash(fixture, (await makeProject(fixture)).uid, LONG_MS);
      await verifying(fixture, (await makeProject(fixture)).uid);
      const { id, token } = await purging(fixture, (await makeProject(fixture)).uid);
      await store.setBlocked(id, token, {
        code: "access-denied",
        reason: "no",
        retryInMs: LONG_MS,
      });
      expect(await store.backlog()).toMatchObject({
        deletions: { trashed: 2, deleting: 1, verifying: 1 },
        blocked: 1,
      });
    });

    test("is as old as the oldest deletion whose grace is over and that no hold stops", async () => {
      const { store } = fixture;
      const held = await makeProject(fixture);
      await trash(fixture, held.uid);
      await store.placeHold(held.uid, "court");
      await fixture.advance(2000);
      expect((await store.backlog()).overdueMs).toBe(0);
      const { id, purgeAfter } = await trash(fixture, (await makeProject(fixture)).uid);
      await fixture.advance(1000);
      await trash(fixture, (await makeProject(fixture)).uid);
      await claim(fixture, id);
      const { overdueMs } = await store.backlog();
      expectAbout(purgeAfter + overdueMs, await store.now());
      expect(overdueMs).toBeGreaterThanOrEqual(1000);
    });

    test("has the objects of deleted files until they are verified gone", async () => {
      const { store } = fixture;
      const { uid } = await makeProject(fixture);
      const { key } = await addFile(fixture, uid, "a");
      await store.removeFile(uid, "a");
      expect(await store.backlog()).toEqual({ ...NOTHING, removals: 1 });
      await store.finishRemovals([key ?? ""]);
      expect(await store.backlog()).toEqual(NOTHING);
    });
  });
}
