import { describe, expect, test } from "vitest";
import type { Upload } from "../../../src/core/model.ts";
import {
  addFile,
  claim,
  commit,
  completing,
  emptyFile,
  expectAbout,
  expectCode,
  expectRefused,
  type Fixture,
  goodEvidence,
  keyOf,
  LONG_MS,
  makeProject,
  openUpload,
  PAST_SHORT_MS,
  purging,
  SHORT_MS,
  trash,
  verifying,
} from "./fixture.ts";

export function purgeContract(fixture: Fixture): void {
  describe("the states of a deletion", () => states(fixture));
  describe("the grace and the purge", () => grace(fixture));
  describe("the fence", () => fence(fixture));
  describe("erasing rows", () => erasing(fixture));
}

function states(fixture: Fixture): void {
  test("a deletion goes through its states, and the project with it", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await trash(fixture, uid);
    const { token, deletion } = await claim(fixture, id);
    const begun = await store.advance(id, token, "purge-began");
    expect(begun).toEqual({
      ...deletion,
      state: "deleting",
      purgeStartedAt: begun.purgeStartedAt,
    });
    expectAbout(begun.purgeStartedAt, await store.now());
    expect((await store.findProjectByUid(uid))?.state).toBe("deleting");
    for (const event of ["swept", "found", "swept"] as const) {
      const { state } = await store.advance(id, token, event);
      expect(state).toBe(event === "swept" ? "verifying" : "deleting");
      expect((await store.findDeletion(id))?.state).toBe(state);
      expect((await store.findProjectByUid(uid))?.state).toBe("deleting");
    }
    expect((await store.findDeletion(id))?.purgeStartedAt).toBe(begun.purgeStartedAt);
  });

  test("an event that the state does not allow is refused", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await trash(fixture, uid);
    const { token } = await claim(fixture, id);
    const refuse = async (...events: Parameters<typeof store.advance>[2][]): Promise<void> => {
      for (const event of events) {
        await expectRefused(fixture, uid, "internal", () => store.advance(id, token, event));
      }
    };
    await refuse("swept", "found");
    await store.advance(id, token, "purge-began");
    await refuse("purge-began", "found");
    await store.advance(id, token, "swept");
    await refuse("purge-began", "swept");
  });

  test("no event leads to an end: an undo and a receipt have calls of their own (I3)", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await trash(fixture, uid);
    const { token } = await claim(fixture, id);
    const refuse = (event: "restored" | "verified"): Promise<void> =>
      expectRefused(fixture, uid, "internal", () => store.advance(id, token, event));
    await refuse("restored");
    await refuse("verified");
    await store.advance(id, token, "purge-began");
    await refuse("restored");
    await refuse("verified");
    await store.advance(id, token, "swept");
    await refuse("restored");
    await refuse("verified");
  });

  test("what was found discards the evidence that was there before (I3)", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id, token } = await verifying(fixture, uid);
    await store.recordEvidence(id, token, [await goodEvidence(fixture)]);
    expectAbout((await store.findDeletion(id))?.verifiedAt, await store.now());
    expect((await store.advance(id, token, "found")).verifiedAt).toBeNull();
    await store.advance(id, token, "swept");
    await expectRefused(fixture, uid, "internal", () =>
      store.completeDeletion(id, token, async () => ({ jws: "j", hash: "h" })),
    );
  });

  test("the tombstone's key is kept with the deletion", async () => {
    const { store } = fixture;
    const { id, token } = await purging(fixture, (await makeProject(fixture)).uid);
    await store.recordTombstone(id, token, ".expunge/tombstones/1.json");
    expect((await store.findDeletion(id))?.tombstoneKey).toBe(".expunge/tombstones/1.json");
  });
}

function grace(fixture: Fixture): void {
  test("a purge does not begin under a hold that was placed after the claim", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await trash(fixture, uid);
    const { token } = await claim(fixture, id);
    await store.placeHold(uid, "x");
    await expectRefused(fixture, uid, "project-held", () =>
      store.advance(id, token, "purge-began"),
    );
    expect((await store.findProjectByUid(uid))?.state).toBe("trashed");
  });

  test("a purge does not begin while the fresh grace after a hold runs (I6)", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await trash(fixture, uid);
    const { token } = await claim(fixture, id);
    await store.placeHold(uid, "x");
    await store.releaseHold(uid, SHORT_MS);
    await expectRefused(fixture, uid, "internal", () => store.advance(id, token, "purge-began"));
    await fixture.advance(PAST_SHORT_MS);
    expect((await store.advance(id, token, "purge-began")).state).toBe("deleting");
  });

  test("within the grace nothing is fenced, ended or erased (I6)", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    const upload = await openUpload(fixture, uid);
    const { id } = await trash(fixture, uid);
    const { token } = await claim(fixture, id);
    const calls = [
      () => store.settleForFence(id, token, [upload.id]),
      () => store.recordFence(id, token),
      () => store.eraseRows(id, token, 10),
    ];
    for (const call of calls) await expectRefused(fixture, uid, "internal", call);
    expect(await store.findUpload(uid, upload.id)).toEqual(upload);
  });

  test("within the grace there is no fence, not even where no upload is open (I6)", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await trash(fixture, uid);
    const { token } = await claim(fixture, id);
    await expectRefused(fixture, uid, "internal", () => store.recordFence(id, token));
  });
}

function fence(fixture: Fixture): void {
  test("the fence stands only once every upload is settled, in whatever state it was", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const uploads: Upload[] = [
      await openUpload(fixture, uid),
      await completing(fixture, uid),
      await openUpload(fixture, uid),
    ];
    await store.discardUpload(uploads[2]?.id ?? "");
    const done = await completing(fixture, uid);
    await commit(fixture, done);
    const ofOther = await openUpload(fixture, (await makeProject(fixture)).uid);
    const { id, token } = await purging(fixture, uid);
    const ids = uploads.map((upload) => upload.id);
    const unsettled = async (limit = 10): Promise<string[]> =>
      (await store.unsettledUploads(id, token, limit)).map((upload) => upload.id);
    expect(new Set(await unsettled())).toEqual(new Set(ids));
    expect(await unsettled(2)).toHaveLength(2);
    await expectRefused(fixture, uid, "internal", () => store.recordFence(id, token));
    await store.settleForFence(id, token, [...ids.slice(1), done.id, ofOther.id, "none"]);
    expect(await unsettled()).toEqual(ids.slice(0, 1));
    await expectRefused(fixture, uid, "internal", () => store.recordFence(id, token));
    await store.settleForFence(id, token, ids);
    expect(await unsettled()).toEqual([]);
    const fenced = await store.recordFence(id, token);
    expectAbout(fenced.fencedAt, await store.now());
    expect((await store.findUpload(uid, done.id))?.state).toBe("committed");
    expect(await store.findUpload(ofOther.projectUid, ofOther.id)).toEqual(ofOther);
  });

  test("settled uploads can come to no commit, and their rows still name their keys (R9)", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const uploads = [await openUpload(fixture, uid), await completing(fixture, uid)];
    const { id, token } = await purging(fixture, uid);
    const ids = uploads.map((upload) => upload.id);
    for (let times = 0; times < 2; times++) {
      await store.settleForFence(id, token, ids);
      for (const upload of uploads) {
        expect((await store.findUpload(uid, upload.id))?.state).toBe("aborting");
        expect(await store.discardUpload(upload.id)).toMatchObject({ state: "aborting" });
        await store.settleUpload(upload.id);
      }
    }
    expect(await store.unsettledUploads(id, token, 10)).toEqual([]);
    const keys = uploads.map(({ key }) => key);
    expect(await store.whichTracked(uid, keys)).toEqual(new Set(keys));
  });

  test("a fence that is recorded again keeps its first time", async () => {
    const { store } = fixture;
    const { id, token } = await purging(fixture, (await makeProject(fixture)).uid);
    const { fencedAt } = await store.recordFence(id, token);
    await fixture.advance(20);
    expect((await store.recordFence(id, token)).fencedAt).toBe(fencedAt);
    expect((await store.findDeletion(id))?.fencedAt).toBe(fencedAt);
  });
}

function erasing(fixture: Fixture): void {
  test("rows of files, uploads in every state and removals are erased in batches", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const other = await addFile(fixture, (await makeProject(fixture)).uid, "a");
    const ofOther = await openUpload(fixture, other.projectUid);
    await addFile(fixture, other.projectUid, "b");
    const removedOfOther = keyOf(await store.removeFile(other.projectUid, "b"));
    await addFile(fixture, uid, "a");
    await addFile(fixture, uid, "b");
    await store.removeFile(uid, "b");
    await commit(fixture, await completing(fixture, uid, { path: "c" }));
    await store.commitEmptyFile(emptyFile(uid));
    const uploads = [await openUpload(fixture, uid), await completing(fixture, uid)];
    const { id, token } = await verifying(fixture, uid);
    const erased: number[] = [];
    for (;;) {
      const count = await store.eraseRows(id, token, 3);
      if (count === 0) break;
      expect(count).toBeLessThanOrEqual(3);
      erased.push(count);
    }
    // Files a, c and the empty one; the committed upload of c and the two others; the removal of b.
    expect(erased.reduce((sum, count) => sum + count, 0)).toBe(7);
    expect(await store.listFiles(uid, { limit: 10 })).toEqual([]);
    expect(await store.trackedKeys(uid, 10)).toEqual([]);
    for (const upload of uploads) expect(await store.findUpload(uid, upload.id)).toBeNull();
    expect(await store.listFiles(other.projectUid, { limit: 10 })).toEqual([other]);
    expect(await store.findUpload(other.projectUid, ofOther.id)).toEqual(ofOther);
    expect(await store.findRemovals([removedOfOther])).toHaveLength(1);
  });

  test("no row is erased before the sweep is over: rows outlive bytes (R9)", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    const { id, token } = await purging(fixture, uid);
    await expectRefused(fixture, uid, "internal", () => store.eraseRows(id, token, 10));
    await store.recordFence(id, token);
    await store.advance(id, token, "swept");
    await store.advance(id, token, "found");
    await expectCode(store.eraseRows(id, token, 10), "internal");
    await store.advance(id, token, "swept");
    expect(await store.eraseRows(id, token, 10)).toBe(1);
    expect(await store.claimDeletion(id, LONG_MS)).toBeNull();
  });
}
