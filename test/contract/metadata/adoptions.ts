import { describe, expect, test } from "vitest";
import type { AdoptableFile, AdoptionCounts } from "../../../src/core/adoption.ts";
import type { RunClaim } from "../../../src/ports/metadata/index.ts";
import { claim, object, step } from "./adoption-steps.ts";
import {
  type Fixture,
  addFile,
  complete,
  expectAbout,
  keyOf,
  LONG_MS,
  makeProject,
  newUid,
  openUpload,
  purging,
  sealable,
  trash,
} from "./fixture.ts";

export function adoptionsContract(fixture: Fixture): void {
  describe("adoptions", () => {
    adopted(fixture);
    refused(fixture);
    planned(fixture);
  });
}

/** What came of the objects. */
async function adopt(
  { store }: Fixture,
  files: readonly AdoptableFile[],
  { run, token }: RunClaim,
): Promise<AdoptionCounts> {
  return (await store.recordAdoption(run.id, token, step(files))).progress.counts;
}

function adopted(fixture: Fixture): void {
  test("objects get rows, in projects that are there and in those that are made for them", async () => {
    const { store } = fixture;
    const held = await claim(fixture);
    const there = await makeProject(fixture, { quotaBytes: 1, owner: "owner-1" });
    const files = [object(there.id), object("made-1"), object("made-1", { sizeBytes: 3 })];
    expect(await adopt(fixture, files, held)).toMatchObject({
      adopted: 3,
      adoptedBytes: 17,
      projects: 2,
      newProjects: 1,
      known: 0,
      refused: 0,
    });
    const made = await store.findProject("made-1");
    expect(made).toMatchObject({
      owner: "owner-2",
      name: "made-1",
      state: "active",
      fileCount: 2,
      sizeBytes: 10,
      quotaBytes: null,
      metadata: {},
    });
    expect(await store.findProject(there.id)).toMatchObject({
      owner: "owner-1",
      fileCount: 1,
      sizeBytes: 7,
    });
    const [first] = files;
    expect(await store.findFile(there.uid, first?.path ?? "")).toEqual({
      uid: first?.fileUid,
      projectUid: there.uid,
      path: first?.path,
      key: first?.key,
      sizeBytes: 7,
      contentType: "text/x-odd",
      etag: first?.etag,
      sha256: null,
      createdAt: 1_700_000_000_000,
      updatedAt: 1_700_000_000_000,
      metadata: {},
    });
    expect(await store.listAdoptedProjects(held.run.id, { limit: 1 })).toEqual([
      { projectId: "made-1", isNew: true, objects: 2, bytes: 10 },
    ]);
    expect(await store.listAdoptedProjects(held.run.id, { limit: 9, after: "made-1" })).toEqual([
      { projectId: there.id, isNew: false, objects: 1, bytes: 7 },
    ]);
  });

  test("a project counts once however many steps its objects come in", async () => {
    const held = await claim(fixture);
    await adopt(fixture, [object("often")], held);
    const counts = await adopt(fixture, [object("often")], held);
    expect(counts).toMatchObject({ adopted: 1, projects: 0, newProjects: 0 });
    expect(await fixture.store.listAdoptedProjects(held.run.id, { limit: 9 })).toEqual([
      { projectId: "often", isNew: true, objects: 2, bytes: 14 },
    ]);
  });

  test("no file is of a later time than the database's own", async () => {
    const { store } = fixture;
    const file = object("early", { modifiedAt: (await store.now()) + LONG_MS });
    await adopt(fixture, [file], await claim(fixture));
    const uid = (await store.findProject("early"))?.uid ?? "";
    expectAbout((await store.findFile(uid, file.path))?.createdAt, await store.now());
  });
}

function refused(fixture: Fixture): void {
  test("an object that any row names gets no second one, however often it is adopted", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    const upload = await openUpload(fixture, uid);
    const removed = keyOf(await addFile(fixture, uid, "removed"));
    await store.removeFile(uid, "removed");
    const file = object(id);
    const keys = [upload.key, removed];
    const files = [file, ...keys.map((key) => object(id, { key })), { ...file, fileUid: newUid() }];
    const held = await claim(fixture);
    expect(await adopt(fixture, files, held)).toMatchObject({ adopted: 1, known: 3, refused: 0 });
    expect(await adopt(fixture, files, held)).toMatchObject({ adopted: 0, known: 4, refused: 0 });
    expect(await store.findProject(id)).toMatchObject({ fileCount: 1, sizeBytes: 7 });
  });

  test("a path that is taken is left to the file that has it", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    const first = await addFile(fixture, uid, "taken");
    const held = await claim(fixture);
    const files = [
      object(id, { path: "taken" }),
      ...["both", "both"].map((path) => object(id, { path })),
    ];
    expect(await adopt(fixture, files, held)).toMatchObject({ adopted: 1, refused: 2 });
    expect(await store.findFile(uid, "taken")).toEqual(first);
    const [one, , three] = files;
    expect(await store.listNotes(held.run.id, { limit: 9 })).toMatchObject([
      { key: one?.key, code: "path-taken", projectId: id },
      { key: three?.key, code: "path-taken", projectId: id },
    ]);
  });

  test("a project that is not active gets no row, and one that is deleted is not made again", async () => {
    const { store } = fixture;
    const [trashed, deleting, deleted] = await Promise.all(
      [1, 2, 3].map(async () => await makeProject(fixture)),
    );
    await trash(fixture, trashed?.uid ?? "");
    await purging(fixture, deleting?.uid ?? "");
    await complete(fixture, await sealable(fixture, deleted?.uid ?? ""));
    const held = await claim(fixture);
    const files = [trashed, deleting, deleted].map((one) => object(one?.id ?? ""));
    expect(await adopt(fixture, files, held)).toMatchObject({
      adopted: 0,
      refused: 3,
      projects: 0,
    });
    const notes = await store.listNotes(held.run.id, { limit: 9 });
    expect(notes.map(({ code }) => code)).toEqual([
      "project-not-active",
      "project-not-active",
      "project-deleted",
    ]);
    expect(await store.findProject(deleted?.id ?? "")).toMatchObject({ state: "deleted" });
  });

  test("a hold keeps no object from getting its row, for nothing is taken away", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    await store.placeHold(uid, "a dispute");
    expect(await adopt(fixture, [object(id)], await claim(fixture))).toMatchObject({ adopted: 1 });
  });

  test("two adoptions at once give each object one row", async () => {
    const { store } = fixture;
    const files = ["race-1", "race-2"].flatMap((id) => [object(id), object(id)]);
    const claims = [await claim(fixture), await claim(fixture)];
    const counts = await Promise.all(
      claims.map(async (held, i) => {
        const own = files.map((file) => ({ ...file, fileUid: newUid() }));
        return await adopt(fixture, i === 0 ? own : own.toReversed(), held);
      }),
    );
    const sum = (field: "adopted" | "known" | "newProjects"): number =>
      counts.reduce((total, one) => total + one[field], 0);
    expect([sum("adopted"), sum("known"), sum("newProjects")]).toEqual([4, 4, 2]);
    for (const id of ["race-1", "race-2"]) {
      expect(await store.findProject(id)).toMatchObject({ fileCount: 2, sizeBytes: 14 });
    }
  });
}

function planned(fixture: Fixture): void {
  test("a dry run decides as an adoption does, and makes nothing", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    await addFile(fixture, uid, "taken");
    const held = await claim(fixture, { dryRun: true });
    const files = [object(id, { path: "taken" }), object(id), object("would-be")];
    expect(await adopt(fixture, files, held)).toMatchObject({
      adopted: 2,
      refused: 1,
      projects: 2,
      newProjects: 1,
    });
    expect(await store.findProject("would-be")).toBeNull();
    expect(await store.findProject(id)).toMatchObject({ fileCount: 1 });
    expect(await store.listAdoptedProjects(held.run.id, { limit: 9 })).toEqual([
      { projectId: id, isNew: false, objects: 1, bytes: 7 },
      { projectId: "would-be", isNew: true, objects: 1, bytes: 7 },
    ]);
  });
}
