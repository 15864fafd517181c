import { describe, expect, test } from "vitest";
import { claim, object, step } from "./adoption-steps.ts";
import {
  addFile,
  complete,
  expectCode,
  expectStale,
  type Fixture,
  LONG_MS,
  makeProject,
  newUid,
  observe,
  PAST_SHORT_MS,
  sealable,
  SHORT_MS,
  trash,
} from "./fixture.ts";
import { adoptedFiles, claimRelayout, movable } from "./relayout-steps.ts";
import { relayoutsListed } from "./relayouts-listed.ts";

export function relayoutsContract(fixture: Fixture): void {
  describe("relayouts", () => {
    relayoutsListed(fixture);
    moved(fixture);
    refused(fixture);
    released(fixture);
    undone(fixture);
    inDeletions(fixture);
  });
}

/** One file that a relayout has moved, and the relayout, which has ended. */
async function movedFile(fixture: Fixture) {
  const { store } = fixture;
  const project = await makeProject(fixture);
  const [legacy] = await adoptedFiles(fixture, project.id, 1);
  if (!legacy) throw new Error("a file should have been adopted");
  const { run, token } = await claimRelayout(fixture);
  const move = await movable(fixture, legacy);
  expect(await store.commitFileMove(run.id, token, move)).toBe(true);
  const current = await store.findRun(run.id);
  if (current?.kind !== "relayout") throw new Error("it is a relayout");
  await store.endRun(run.id, token, current.progress);
  const { path, key } = legacy.file;
  return { project, move, key, path, relayout: run.id };
}

async function ending(fixture: Fixture, action: "finish" | "undo", relayout: string) {
  const { run, token } = await claimRelayout(fixture, { action, of: relayout });
  return { run: run.id, token, relayout };
}

function moved(fixture: Fixture): void {
  test("a file that was moved names its copy, and its old key is held and not due", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    const [legacy] = await adoptedFiles(fixture, project.id, 1);
    if (!legacy) throw new Error("a file should have been adopted");
    const { run, token } = await claimRelayout(fixture);
    const move = await movable(fixture, legacy, { sha256: "ab".repeat(32) });
    expect(await store.commitFileMove(run.id, token, move)).toBe(true);
    expect(await store.findFile(project.uid, legacy.file.path)).toEqual({
      ...legacy.file,
      uid: move.newFileUid,
      key: move.copyKey,
      sha256: move.sha256,
    });
    expect(await store.findUpload(project.uid, move.uploadId ?? "")).toBeNull();
    const held = { key: move.key, projectId: project.id, sizeBytes: 7, etag: move.objectEtag };
    expect(await store.listHeld(run.id, { limit: 9 })).toEqual([held]);
    expect(await store.listHeld(run.id, { limit: 9, after: move.key })).toEqual([]);
    expect(await store.countHeld(run.id)).toEqual({ objects: 1, bytes: 7 });
    expect(await store.countHeld("none")).toEqual({ objects: 0, bytes: 0 });
    expect((await store.dueRemovals(99)).map(({ key }) => key)).not.toContain(move.key);
    const found = await store.findRemovals([], move.newFileUid);
    expect(found.map(({ key }) => key)).toEqual([move.key]);
    const counted = await store.findRun(run.id);
    expect(counted?.progress.counts).toMatchObject({ objects: 1, bytes: 7, done: 1, doneBytes: 7 });
    // Once more it is not what was seen, and nothing is counted.
    const again = await movable(fixture, legacy);
    expect(await store.commitFileMove(run.id, token, again)).toBe(false);
    expect(await store.findRun(run.id)).toEqual(counted);
  });

  test("a file without bytes gets no key, and its old object is held", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    const { run, token } = await claim(fixture);
    const empty = object(project.id, { sizeBytes: 0 });
    await store.recordAdoption(run.id, token, step([empty]));
    const [legacy] = await store.listLegacyFiles({ projects: [project.id], limit: 9 });
    if (!legacy) throw new Error("it was adopted");
    const by = await claimRelayout(fixture);
    const { copyKey: _, ...move } = await movable(fixture, legacy, { uploadId: null });
    expect(await store.commitFileMove(by.run.id, by.token, move)).toBe(true);
    expect(await store.findFile(project.uid, empty.path)).toMatchObject({ key: null });
    const undoing = await ending(fixture, "undo", by.run.id);
    expect(await store.undoFileMove(undoing, empty.key)).toEqual({ copyKey: null });
    expect(await store.findFile(project.uid, empty.path)).toMatchObject({ key: empty.key });
  });

  test("a relayout that holds objects is not forgotten", async () => {
    const { store } = fixture;
    const { relayout, key } = await movedFile(fixture);
    await fixture.advance(PAST_SHORT_MS);
    await store.forgetRuns(SHORT_MS);
    expect(await store.findRun(relayout)).not.toBeNull();
    const by = await ending(fixture, "finish", relayout);
    expect(await store.releaseHeld(by, key)).toBe(true);
    await store.forgetRuns(SHORT_MS);
    expect(await store.findRun(relayout)).toBeNull();
  });
}

function refused(fixture: Fixture): void {
  test("nothing is moved where project, upload, claim or file are not what they should be", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    const files = await adoptedFiles(fixture, project.id, 2);
    const [legacy, other] = files;
    if (!legacy || !other) throw new Error("files should have been adopted");
    const { run, token } = await claimRelayout(fixture);
    const move = await movable(fixture, legacy);
    const before = await observe(fixture, project.uid);
    const attempt = (values: Partial<typeof move>, by = token) =>
      store.commitFileMove(run.id, by, { ...move, ...values });
    await expectStale(attempt({}, token - 1));
    await expectCode(attempt({ uploadId: newUid() }), "upload-not-open");
    expect(await attempt({ fileUid: newUid() })).toBe(false);
    expect(await attempt({ key: other.file.key })).toBe(false);
    await store.placeHold(project.uid, "a case");
    await expectCode(attempt({}), "project-held");
    await store.releaseHold(project.uid, LONG_MS);
    await trash(fixture, project.uid, LONG_MS);
    await expectCode(attempt({}), "project-not-active");
    await store.restoreProject(project.uid);
    expect(await observe(fixture, project.uid)).toEqual(before);
    expect(await attempt({})).toBe(true);
  });
}

function released(fixture: Fixture): void {
  test("a held removal that is let go is due, and is let go once", async () => {
    const { store } = fixture;
    const { key, relayout, project } = await movedFile(fixture);
    const by = await ending(fixture, "finish", relayout);
    await expectStale(store.releaseHeld({ ...by, token: by.token - 1 }, key));
    await store.placeHold(project.uid, "a case");
    await expectCode(store.releaseHeld(by, key), "project-held");
    await store.releaseHold(project.uid, LONG_MS);
    await trash(fixture, project.uid, LONG_MS);
    await expectCode(store.releaseHeld(by, key), "project-not-active");
    await store.restoreProject(project.uid);
    expect(await store.releaseHeld({ ...by, relayout: "none" }, key)).toBe(false);
    expect(await store.releaseHeld(by, key)).toBe(true);
    expect(await store.releaseHeld(by, key)).toBe(false);
    expect((await store.dueRemovals(99)).map((one) => one.key)).toContain(key);
    expect(await store.countHeld(relayout)).toEqual({ objects: 0, bytes: 0 });
    const run = await store.findRun(by.run);
    expect(run?.progress.counts).toMatchObject({ objects: 1, done: 1, doneBytes: 7 });
  });

  test("with its file goes what a relayout holds of it: deleted or overwritten", async () => {
    const { store } = fixture;
    const [deleted, replaced, kept] = [
      await movedFile(fixture),
      await movedFile(fixture),
      await movedFile(fixture),
    ];
    await store.removeFile(deleted.project.uid, deleted.path);
    await addFile(fixture, replaced.project.uid, replaced.path);
    await store.moveFile(kept.project.uid, kept.path, "elsewhere");
    const due = (await store.dueRemovals(99)).map(({ key }) => key);
    expect(due).toEqual(expect.arrayContaining([deleted.key, replaced.key]));
    expect(due).not.toContain(kept.key);
    const by = await ending(fixture, "undo", deleted.relayout);
    expect(await store.undoFileMove(by, deleted.key)).toBeNull();
    const found = await store.findRemovals([deleted.move.copyKey], deleted.move.newFileUid);
    expect(found.map(({ key }) => key).toSorted()).toEqual(
      [deleted.key, deleted.move.copyKey].toSorted(),
    );
  });
}

function undone(fixture: Fixture): void {
  test("a move that is undone gives the file its old key, wherever it was moved, and the copy goes", async () => {
    const { store } = fixture;
    const { key, relayout, project, path, move } = await movedFile(fixture);
    await store.moveFile(project.uid, path, "elsewhere");
    const by = await ending(fixture, "undo", relayout);
    await expectStale(store.undoFileMove({ ...by, token: by.token - 1 }, key));
    await store.placeHold(project.uid, "a case");
    await expectCode(store.undoFileMove(by, key), "project-held");
    await store.releaseHold(project.uid, LONG_MS);
    expect(await store.undoFileMove(by, key)).toEqual({ copyKey: move.copyKey });
    expect(await store.undoFileMove(by, key)).toBeNull();
    expect(await store.findFile(project.uid, "elsewhere")).toMatchObject({
      uid: move.newFileUid,
      key,
    });
    expect((await store.findRemovals([key, move.copyKey])).map((one) => one.key)).toEqual([
      move.copyKey,
    ]);
    expect((await store.dueRemovals(99)).map((one) => one.key)).toContain(move.copyKey);
    const run = await store.findRun(by.run);
    expect(run?.progress.counts).toMatchObject({ objects: 1, done: 1, doneBytes: 7 });
  });
}

function inDeletions(fixture: Fixture): void {
  test("a deletion knows the copy and the held object, and erases what is held of them", async () => {
    const { store } = fixture;
    const { key, project, move, relayout } = await movedFile(fixture);
    const held = await sealable(fixture, project.uid);
    expect(await store.listHeld(relayout, { limit: 9 })).toEqual([]);
    await complete(fixture, held);
    expect(await store.findRemovals([key, move.copyKey])).toEqual([]);
  });

  test("the tracked keys of a project are those of its files and of what is held", async () => {
    const { store } = fixture;
    const { key, project, move } = await movedFile(fixture);
    const tracked = (await store.trackedKeys(project.uid, 9)).map((one) => one.key);
    expect(tracked.toSorted()).toEqual([key, move.copyKey].toSorted());
    expect(await store.whichNamed([key, move.copyKey])).toEqual(new Set([key, move.copyKey]));
    // What is held is no work that waits.
    expect((await store.backlog()).removals).toBe(0);
  });
}
