import { describe, expect, test } from "vitest";
import type { Deletion } from "../../../src/core/model.ts";
import type { DeletionQuery } from "../../../src/ports/metadata/index.ts";
import {
  addFile,
  claim,
  complete,
  expectAbout,
  expectCode,
  expectRefused,
  expectStale,
  type Fixture,
  inTurn,
  LONG_MS,
  makeProject,
  openUpload,
  purging,
  sealable,
  trash,
} from "./fixture.ts";

export function deletionsContract(fixture: Fixture): void {
  describe("requesting a deletion", () => requesting(fixture));
  describe("joining a deletion", () => joining(fixture));
  describe("undoing a deletion", () => undoing(fixture));
  describe("finding deletions", () => finding(fixture));
}

function requesting(fixture: Fixture): void {
  test("a request closes the project and makes a deletion in its grace", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture, { metadata: { a: 1 } });
    const { deletion, joined } = await store.requestDeletion({
      id: "DELETE-0fc2a5000000",
      projectUid: project.uid,
      requestedBy: "somebody",
      graceMs: LONG_MS,
      salt: new Uint8Array(32).fill(1),
    });
    expect(joined).toBe(false);
    expect(deletion).toEqual({
      id: "DELETE-0fc2a5000000",
      projectId: project.id,
      projectUid: project.uid,
      owner: project.owner,
      state: "trashed",
      blocked: null,
      requestedAt: deletion.requestedAt,
      requestedBy: "somebody",
      purgeAfter: deletion.purgeAfter,
      purgeStartedAt: null,
      tombstoneKey: null,
      fencedAt: null,
      verifiedAt: null,
      completedAt: null,
      attempts: 0,
      surfaces: [],
      residueTotal: 0,
    });
    expectAbout(deletion.requestedAt, await store.now());
    expectAbout(deletion.purgeAfter, deletion.requestedAt + LONG_MS);
    expect(await store.findProject(project.id)).toEqual({ ...project, state: "trashed" });
  });

  test("a request touches neither files nor uploads (I6, I8)", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const file = await addFile(fixture, uid, "a");
    const upload = await openUpload(fixture, uid);
    await trash(fixture, uid);
    expect(await store.listFiles(uid, { limit: 10 })).toEqual([file]);
    expect(await store.findUpload(uid, upload.id)).toEqual(upload);
  });

  test("a request is refused for an unknown project and under a hold", async () => {
    const { store } = fixture;
    await expectCode(trash(fixture, "none"), "project-not-found");
    const { uid } = await makeProject(fixture);
    await store.placeHold(uid, "x");
    await expectRefused(fixture, uid, "project-held", () => trash(fixture, uid));
    await store.releaseHold(uid, 0);
    const { purgeAfter } = await trash(fixture, uid, LONG_MS);
    await store.placeHold(uid, "x");
    await expectRefused(fixture, uid, "project-held", () => trash(fixture, uid, 0));
    expect((await store.findDeletionOf(uid))?.purgeAfter).toBe(purgeAfter);
  });

  test("of a hold and a request at the same time the second sees the first", async () => {
    for (let round = 0; round < 6; round++) {
      const { uid } = await makeProject(fixture);
      const calls = [
        (): Promise<unknown> => fixture.store.placeHold(uid, "x"),
        (): Promise<unknown> => trash(fixture, uid),
      ];
      const results = await Promise.allSettled(inTurn(calls, round).map((call) => call()));
      const project = await fixture.store.findProjectByUid(uid);
      const deletion = await fixture.store.findDeletionOf(uid);
      expect(project?.hold).not.toBeNull();
      expect(project?.state).toBe(deletion ? "trashed" : "active");
      expect(results.every(({ status }) => status === "fulfilled")).toBe(deletion !== null);
    }
  });
}

function joining(fixture: Fixture): void {
  const again = async (
    projectUid: string,
    graceMs: number,
  ): Promise<{ deletion: Deletion; joined: boolean }> =>
    await fixture.store.requestDeletion({
      id: "DELETE-zzzzzzzzzzzz",
      projectUid,
      requestedBy: "another",
      graceMs,
      salt: new Uint8Array(32).fill(2),
    });

  test("a second request joins the first, and keeps who asked and when", async () => {
    const { uid } = await makeProject(fixture);
    const first = await trash(fixture, uid, LONG_MS);
    expect(await again(uid, 2 * LONG_MS)).toEqual({ deletion: first, joined: true });
    expect(await fixture.store.findDeletion("DELETE-zzzzzzzzzzzz")).toBeNull();
  });

  test("a smaller grace brings the purge forward, a larger one never back", async () => {
    const { uid } = await makeProject(fixture);
    const { requestedAt } = await trash(fixture, uid, 2 * LONG_MS);
    const { deletion } = await again(uid, LONG_MS);
    expectAbout(deletion.purgeAfter, requestedAt + LONG_MS);
    expect((await again(uid, 3 * LONG_MS)).deletion.purgeAfter).toBe(deletion.purgeAfter);
    expect(await fixture.store.dueDeletions(10)).toEqual([]);
    await again(uid, 0);
    expect(await fixture.store.dueDeletions(10)).toEqual([deletion.id]);
  });

  test("a deletion that has begun or is completed is joined as it is", async () => {
    const { uid } = await makeProject(fixture);
    const held = await sealable(fixture, uid);
    const running = await fixture.store.findDeletion(held.id);
    expect(await again(uid, 0)).toEqual({ deletion: running, joined: true });
    const completed = await complete(fixture, held);
    expect(await again(uid, 0)).toEqual({ deletion: completed, joined: true });
  });

  test("several requests at the same time make one deletion", async () => {
    const { uid } = await makeProject(fixture);
    const ids = await Promise.all(
      Array.from({ length: 5 }, async () => (await trash(fixture, uid, LONG_MS)).id),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await fixture.store.listDeletions({ limit: 10 })).toHaveLength(1);
  });

  test("an undone deletion is not joined: a new request makes another", async () => {
    const { uid } = await makeProject(fixture);
    const first = await trash(fixture, uid, LONG_MS);
    await fixture.store.restoreProject(uid);
    const { deletion, joined } = await again(uid, LONG_MS);
    expect(joined).toBe(false);
    expect(deletion.id).not.toBe(first.id);
    expect((await fixture.store.findDeletionOf(uid))?.id).toBe(deletion.id);
    expect((await fixture.store.findDeletion(first.id))?.state).toBe("restored");
  });
}

function undoing(fixture: Fixture): void {
  test("an undo makes the project active again with every file", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const file = await addFile(fixture, uid, "a");
    const project = await store.findProjectByUid(uid);
    const deletion = await trash(fixture, uid);
    expect(await store.restoreProject(uid)).toEqual({ ...deletion, state: "restored" });
    expect(await store.findProjectByUid(uid)).toEqual(project);
    expect(await store.findFile(uid, "a")).toEqual(file);
    expect(await store.findDeletionOf(uid)).toBeNull();
    expect(await store.dueDeletions(10)).toEqual([]);
    expect(await store.claimDeletion(deletion.id, LONG_MS)).toBeNull();
  });

  test("only a trashed project is restored", async () => {
    const { store } = fixture;
    await expectCode(store.restoreProject("none"), "project-not-found");
    const active = await makeProject(fixture);
    await expectRefused(fixture, active.uid, "not-restorable", () =>
      store.restoreProject(active.uid),
    );
    const { uid } = await makeProject(fixture);
    const held = await sealable(fixture, uid);
    await expectRefused(fixture, uid, "not-restorable", () => store.restoreProject(uid));
    await complete(fixture, held);
    await expectRefused(fixture, uid, "not-restorable", () => store.restoreProject(uid));
  });

  test("a held project can be restored, and keeps its hold", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await trash(fixture, uid, LONG_MS);
    const hold = await store.placeHold(uid, "x");
    await store.restoreProject(uid);
    expect(await store.findProjectByUid(uid)).toMatchObject({ state: "active", hold });
  });

  test("of an undo and the beginning of the purge at the same time exactly one wins", async () => {
    for (let round = 0; round < 10; round++) {
      const { uid } = await makeProject(fixture);
      const { id } = await trash(fixture, uid);
      const { token } = await claim(fixture, id);
      const calls = [
        () => fixture.store.restoreProject(uid),
        () => fixture.store.advance(id, token, "purge-began"),
      ];
      const results = await Promise.allSettled(inTurn(calls, round).map((call) => call()));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const project = await fixture.store.findProjectByUid(uid);
      const deletion = await fixture.store.findDeletion(id);
      expect(["active restored", "deleting deleting"]).toContain(
        `${project?.state} ${deletion?.state}`,
      );
    }
  });

  test("a worker that lost to an undo has no claim any more", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await trash(fixture, uid);
    const { token } = await claim(fixture, id);
    await store.restoreProject(uid);
    await expectStale(store.advance(id, token, "purge-began"));
    await expectStale(store.recordTombstone(id, token, "t"));
    expect(await store.extendClaim(id, token, LONG_MS)).toBe(false);
    expect((await store.findProjectByUid(uid))?.state).toBe("active");
  });
}

function finding(fixture: Fixture): void {
  const list = async (query: Partial<DeletionQuery> = {}): Promise<string[]> =>
    (await fixture.store.listDeletions({ limit: 10, ...query })).map(({ id }) => id);

  test("deletions are found by id and by project, and nothing for others", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const deletion = await trash(fixture, uid, LONG_MS);
    expect(await store.findDeletion(deletion.id)).toEqual(deletion);
    expect(await store.findDeletionOf(uid)).toEqual(deletion);
    expect(await store.findDeletion("none")).toBeNull();
    expect(await store.findDeletionOf("none")).toBeNull();
    expect(await store.listResidue("none", 10)).toEqual([]);
  });

  test("deletions are listed newest first, page by page, without a gap or a double", async () => {
    const made: Deletion[] = [];
    for (let i = 0; i < 12; i++) {
      made.push(await trash(fixture, (await makeProject(fixture)).uid, LONG_MS));
      // Some of one instant, where the clock can stand still.
      if (i % 3 === 0) await fixture.advance(20);
    }
    const ids = made
      .toSorted((a, b) => b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : -1))
      .map(({ id }) => id);
    expect(await list({ limit: 20 })).toEqual(ids);
    const seen: string[] = [];
    for (;;) {
      const after = seen.at(-1);
      const page = await list({ limit: 2, ...(after === undefined ? {} : { after }) });
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(2);
      seen.push(...page);
    }
    expect(seen).toEqual(ids);
  });

  test("deletions are told apart by owner, state and project", async () => {
    const [one, two, three] = [
      await makeProject(fixture),
      await makeProject(fixture, { owner: "owner-2" }),
      await makeProject(fixture),
    ];
    const trashed = await trash(fixture, one.uid, LONG_MS);
    const { id } = await purging(fixture, two.uid);
    const undone = await trash(fixture, three.uid, LONG_MS);
    await fixture.store.restoreProject(three.uid);
    const again = await trash(fixture, three.uid, LONG_MS);
    expect(await list({ owner: "owner-2" })).toEqual([id]);
    expect(await list({ state: "deleting" })).toEqual([id]);
    expect(await list({ state: "restored" })).toEqual([undone.id]);
    expect(new Set(await list({ projectId: three.id }))).toEqual(new Set([undone.id, again.id]));
    expect(await list({ projectId: three.uid })).toEqual([]);
    expect(await list({ owner: "owner-1", state: "trashed", projectId: one.id })).toEqual([
      trashed.id,
    ]);
    expect(await list({ owner: "owner-2", projectId: one.id })).toEqual([]);
    // A place of another owner's would tell of it (I10).
    const [newest = ""] = await list();
    const other = newest === id ? "owner-1" : "owner-2";
    expect(await list({ owner: other, after: newest })).toEqual([]);
    expect(await list({ after: newest })).toHaveLength(3);
  });
}
