import { describe, expect, test } from "vitest";
import {
  commit,
  completing,
  emptyFile,
  expectAbout,
  expectCode,
  expectRefused,
  type Fixture,
  LONG_MS,
  makeProject,
  newUpload,
  openUpload,
  PAST_SHORT_MS,
  purging,
  SHORT_MS,
  trash,
} from "./fixture.ts";

export function uploadsContract(fixture: Fixture): void {
  describe("opening uploads", () => opening(fixture));
  describe("completing uploads", () => completingOnes(fixture));
  describe("ending uploads", () => ending(fixture));
  describe("stale uploads", () => stale(fixture));
  describe("committed uploads", () => committed(fixture));
}

function opening(fixture: Fixture): void {
  test("an opened upload is found in its project only, with all that was declared", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const input = newUpload(uid, { sizeBytes: 5 * 2 ** 40, metadata: { a: { b: ["ü"] } } });
    const upload = await store.openUpload(input);
    const { expiresInMs, ...declared } = input;
    expect(upload).toEqual({
      ...declared,
      state: "open",
      createdAt: upload.createdAt,
      expiresAt: upload.expiresAt,
    });
    expectAbout(upload.createdAt, await store.now());
    expectAbout(upload.expiresAt, upload.createdAt + expiresInMs);
    expect(await store.findUpload(uid, upload.id)).toEqual(upload);
    expect(await store.findUpload((await makeProject(fixture)).uid, upload.id)).toBeNull();
    const open = await store.openUpload(newUpload(uid, { sizeBytes: null, direct: false }));
    expect(open).toMatchObject({ sizeBytes: null, direct: false });
  });

  test("an upload is opened only in an active project that is there", async () => {
    const { store } = fixture;
    await expectCode(store.openUpload(newUpload("none")), "project-not-found");
    const { uid } = await makeProject(fixture);
    await trash(fixture, uid, LONG_MS);
    await expectRefused(fixture, uid, "project-not-active", () => store.openUpload(newUpload(uid)));
  });

  test("a held project takes new uploads", async () => {
    const { uid } = await makeProject(fixture);
    await fixture.store.placeHold(uid, "x");
    const upload = await completing(fixture, uid, { path: "new" });
    expect(await commit(fixture, upload)).toMatchObject({ created: true });
  });
}

function completingOnes(fixture: Fixture): void {
  test("an open upload becomes completing, and a completing one is answered as it is", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const upload = await openUpload(fixture, uid);
    const first = await store.beginCompleting(upload.id);
    expect(first).toEqual({ ...upload, state: "completing" });
    expect(await store.beginCompleting(upload.id)).toEqual(first);
    expect(await store.findUpload(uid, upload.id)).toEqual(first);
  });

  test("an upload that was ended, committed or never was does not become completing", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const ended = await openUpload(fixture, uid);
    await store.discardUpload(ended.id);
    const done = await completing(fixture, uid);
    await commit(fixture, done);
    for (const id of [ended.id, done.id, "none"]) {
      await expectCode(store.beginCompleting(id), "upload-not-open");
    }
    expect((await store.findUpload(uid, done.id))?.state).toBe("committed");
  });

  test("no upload becomes completing once the project is closed", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const open = await openUpload(fixture, uid);
    const begun = await completing(fixture, uid);
    await trash(fixture, uid, LONG_MS);
    for (const { id } of [open, begun]) {
      await expectCode(store.beginCompleting(id), "project-not-active");
    }
    expect((await store.findUpload(uid, open.id))?.state).toBe("open");
  });

  test("an undo reopens the uploads of the project", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const open = await openUpload(fixture, uid);
    await trash(fixture, uid, LONG_MS);
    await store.restoreProject(uid);
    expect(await store.findUpload(uid, open.id)).toEqual(open);
    await store.beginCompleting(open.id);
    expect(await commit(fixture, open)).toMatchObject({ created: true });
  });
}

function ending(fixture: Fixture): void {
  test("a discarded upload is aborting, whether it was open or completing, and stays so", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const uploads = [await openUpload(fixture, uid), await completing(fixture, uid)];
    for (const upload of uploads) {
      const discarded = await store.discardUpload(upload.id);
      expect(discarded).toEqual({ ...upload, state: "aborting" });
      expect(await store.discardUpload(upload.id)).toEqual(discarded);
      await expectCode(commit(fixture, upload), "upload-not-open");
    }
    expect(await store.discardUpload("none")).toBeNull();
  });

  test("a committed upload cannot be discarded", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const upload = await completing(fixture, uid, { path: "a" });
    await commit(fixture, upload);
    expect(await store.discardUpload(upload.id)).toBeNull();
    expect((await store.findUpload(uid, upload.id))?.state).toBe("committed");
    expect(await store.findFile(uid, "a")).not.toBeNull();
  });

  test("a settled upload is gone and its key is a removal", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const upload = await openUpload(fixture, uid);
    await store.settleUpload(upload.id);
    expect(await store.findUpload(uid, upload.id)).toEqual(upload);
    await store.discardUpload(upload.id);
    for (let times = 0; times < 2; times++) {
      await store.settleUpload(upload.id);
      expect(await store.findUpload(uid, upload.id)).toBeNull();
      expect(await store.dueRemovals(10)).toMatchObject([{ key: upload.key, projectUid: uid }]);
    }
    await store.settleUpload("none");
  });

  test("from deleting on the fence settles uploads, and their keys stay tracked", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const upload = await openUpload(fixture, uid);
    const { id, token } = await purging(fixture, uid);
    expect((await store.discardUpload(upload.id))?.state).toBe("aborting");
    await store.settleUpload(upload.id);
    expect(await store.unsettledUploads(id, token, 10)).toHaveLength(1);
    expect(await store.whichTracked(uid, [upload.key])).toEqual(new Set([upload.key]));
    expect(await store.findRemovals([upload.key])).toEqual([]);
  });

  test("of a commit and a discard at the same time exactly one wins", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    for (let round = 0; round < 5; round++) {
      const upload = await completing(fixture, uid, { path: "a" });
      const first = round % 2 === 0 ? commit(fixture, upload) : store.discardUpload(upload.id);
      const second = round % 2 === 0 ? store.discardUpload(upload.id) : commit(fixture, upload);
      await Promise.allSettled([first, second]);
      const state = (await store.findUpload(uid, upload.id))?.state;
      const isThere = (await store.findFile(uid, "a"))?.uid === upload.fileUid;
      expect(state).toBe(isThere ? "committed" : "aborting");
    }
  });
}

function stale(fixture: Fixture): void {
  const stales = async (staleMs: number, limit = 10): Promise<string[]> =>
    (await fixture.store.staleUploads(staleMs, limit)).map(({ id }) => id);

  test("expired uploads are stale, and open ones that have time left are not", async () => {
    const { uid } = await makeProject(fixture);
    const expiring = await openUpload(fixture, uid, { expiresInMs: SHORT_MS });
    await openUpload(fixture, uid);
    expect(await stales(0)).toEqual([]);
    await fixture.advance(PAST_SHORT_MS);
    expect(await stales(LONG_MS)).toEqual([expiring.id]);
  });

  test("uploads left completing or aborting are stale after the time, committed ones never", async () => {
    const { uid } = await makeProject(fixture);
    const begun = await completing(fixture, uid);
    const ended = await openUpload(fixture, uid);
    await fixture.store.discardUpload(ended.id);
    await commit(fixture, await completing(fixture, uid, { expiresInMs: SHORT_MS }));
    await openUpload(fixture, uid);
    expect(await stales(LONG_MS)).toEqual([]);
    await fixture.advance(PAST_SHORT_MS);
    expect(new Set(await stales(SHORT_MS))).toEqual(new Set([begun.id, ended.id]));
    expect(await stales(LONG_MS)).toEqual([]);
    expect(await stales(SHORT_MS, 1)).toHaveLength(1);
  });

  test("how long an upload was left is measured from when its state changed", async () => {
    const { uid } = await makeProject(fixture);
    const [one, two] = [await openUpload(fixture, uid), await openUpload(fixture, uid)];
    await fixture.advance(600);
    await fixture.store.beginCompleting(one.id);
    await fixture.store.discardUpload(two.id);
    expect(await stales(500)).toEqual([]);
    await fixture.advance(550);
    expect(new Set(await stales(500))).toEqual(new Set([one.id, two.id]));
  });

  test("uploads of trashed projects become stale, those of deleting ones are the fence's", async () => {
    const [one, two] = [await makeProject(fixture), await makeProject(fixture)];
    const ofTrashed = await openUpload(fixture, one.uid, { expiresInMs: SHORT_MS });
    await openUpload(fixture, two.uid, { expiresInMs: SHORT_MS });
    await trash(fixture, one.uid, LONG_MS);
    await purging(fixture, two.uid);
    await fixture.advance(PAST_SHORT_MS);
    expect(await stales(LONG_MS)).toEqual([ofTrashed.id]);
  });
}

function committed(fixture: Fixture): void {
  test("a committed direct upload is remembered until it has expired", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const soon = await completing(fixture, uid, { path: "a", expiresInMs: SHORT_MS });
    const later = await completing(fixture, uid, { path: "b" });
    const { file } = await commit(fixture, soon);
    const kept = await commit(fixture, later);
    expect(await store.findCommitted(uid, soon.id)).toEqual(file);
    expect(await store.forgetCommitted(10)).toBe(0);
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.forgetCommitted(10)).toBe(1);
    expect(await store.findUpload(uid, soon.id)).toBeNull();
    expect(await store.findCommitted(uid, soon.id)).toBeNull();
    expect(await store.findCommitted(uid, later.id)).toEqual(kept.file);
    expect(await store.findFile(uid, "a")).toEqual(file);
    expect(await store.dueRemovals(10)).toEqual([]);
  });

  test("no more committed uploads are forgotten at once than asked for", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    for (let i = 0; i < 3; i++) {
      await commit(fixture, await completing(fixture, uid, { expiresInMs: SHORT_MS }));
    }
    await openUpload(fixture, uid, { expiresInMs: SHORT_MS });
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.forgetCommitted(2)).toBe(2);
    expect(await store.forgetCommitted(2)).toBe(1);
    expect(await store.forgetCommitted(2)).toBe(0);
  });

  test("the file of a committed upload is found where it was moved to, and not once it is gone", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const upload = await completing(fixture, uid, { path: "a" });
    expect(await store.findCommitted(uid, upload.id)).toBeNull();
    await commit(fixture, upload);
    const moved = await store.moveFile(uid, "a", "b");
    expect(await store.findCommitted(uid, upload.id)).toEqual(moved);
    expect(await store.findCommitted((await makeProject(fixture)).uid, upload.id)).toBeNull();
    await store.commitEmptyFile(emptyFile(uid, { path: "b" }));
    expect(await store.findCommitted(uid, upload.id)).toBeNull();
    expect(await store.findCommitted(uid, "none")).toBeNull();
  });
}
