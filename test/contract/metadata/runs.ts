import { describe, expect, test } from "vitest";
import { ADOPTION_BEGINS } from "../../../src/core/adoption.ts";
import { claim, object, request, step } from "./adoption-steps.ts";
import {
  type Fixture,
  expectAbout,
  expectStale,
  LONG_MS,
  makeProject,
  PAST_SHORT_MS,
  SHORT_MS,
  verifying,
} from "./fixture.ts";

export function runsContract(fixture: Fixture): void {
  describe("runs of operators", () => {
    claimed(fixture);
    forgotten(fixture);
  });
}

function claimed(fixture: Fixture): void {
  test("a run is due from its request on, the oldest first, and answered as it was asked for", async () => {
    const { store } = fixture;
    const input = request();
    const run = await store.createRun(input);
    expect(run).toMatchObject({ ...input, attempts: 0, completedAt: null });
    expectAbout(run.requestedAt, await store.now());
    await fixture.advance(5);
    const second = await store.createRun(request());
    expect(await store.findRun(run.id)).toEqual(run);
    expect(await store.findRun("none")).toBeNull();
    expect(await store.dueRuns(10)).toEqual([run.id, second.id]);
    expect(await store.dueRuns(1)).toEqual([run.id]);
  });

  test("one worker has a run, until its lease ends, it lets go, or the run ends", async () => {
    const { store } = fixture;
    const { run, token } = await claim(fixture, {}, SHORT_MS);
    await fixture.advance(PAST_SHORT_MS);
    const second = await store.claimRun(run.id, LONG_MS);
    expect([second?.run.attempts, (second?.token ?? 0) > token]).toEqual([2, true]);
    expect([await store.claimRun(run.id, LONG_MS), await store.dueRuns(9)]).toEqual([null, []]);
    expect(await store.extendRun(run.id, token, LONG_MS)).toBe(false);
    await store.releaseRun(run.id, token);
    expect(await store.dueRuns(9)).toEqual([]);
    await store.releaseRun(run.id, second?.token ?? 0);
    expect(await store.dueRuns(9)).toEqual([run.id]);
    const third = await store.claimRun(run.id, LONG_MS);
    const progress = { ...ADOPTION_BEGINS, isListed: true };
    const ended = await store.endRun(run.id, third?.token ?? 0, progress);
    expect(ended).toMatchObject({ progress, attempts: 3 });
    expectAbout(ended.completedAt, await store.now());
    expect(await store.claimRun(run.id, LONG_MS)).toBeNull();
  });

  test("a run that a dead process had is free for the one that has the database for itself", async () => {
    const { store } = fixture;
    const { run } = await claim(fixture, {}, LONG_MS);
    expect(await store.dueRuns(9)).toEqual([]);
    await store.releaseAllClaims();
    expect(await store.dueRuns(9)).toEqual([run.id]);
  });

  test("an older token writes nothing of a run, neither progress nor rows", async () => {
    const { store } = fixture;
    const { run, token } = await claim(fixture, {}, SHORT_MS);
    await fixture.advance(PAST_SHORT_MS);
    await store.claimRun(run.id, LONG_MS);
    await expectStale(store.recordAdoption(run.id, token, step([object("late")])));
    await expectStale(store.endRun(run.id, token, ADOPTION_BEGINS));
    expect(await store.findProject("late")).toBeNull();
  });
}

function forgotten(fixture: Fixture): void {
  test("a run is forgotten with its notes when it ended long enough ago", async () => {
    const { store } = fixture;
    const { run, token } = await claim(fixture);
    const open = await store.createRun(request());
    const notes = ["\0", "b", "c"].map((key) => ({ key, code: "changed", projectId: "p" }));
    await store.recordAdoption(run.id, token, step([object("forgotten")], notes));
    const listed = await store.listNotes(run.id, { limit: 2 });
    expect(listed).toMatchObject(notes.slice(0, 2));
    const after = listed.at(-1)?.ordinal ?? 0;
    expect(await store.listNotes(run.id, { limit: 9, after })).toMatchObject(notes.slice(2));
    await store.endRun(run.id, token, ADOPTION_BEGINS);
    expect(await store.forgetRuns(LONG_MS)).toBe(0);
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.forgetRuns(SHORT_MS)).toBe(1);
    expect(await store.findRun(run.id)).toBeNull();
    expect(await store.listNotes(run.id, { limit: 9 })).toEqual([]);
    expect(await store.listAdoptedProjects(run.id, { limit: 9 })).toEqual([]);
    expect(await store.findRun(open.id)).toEqual(open);
  });

  test("what a run says of a project is erased with the rows of the project, and nothing else", async () => {
    const { store } = fixture;
    const { run, token } = await claim(fixture);
    const { id: projectId, uid } = await makeProject(fixture);
    const note = { key: "k", code: "changed" };
    const notes = [projectId, `${projectId}0`, projectId].map((id) => ({ ...note, projectId: id }));
    await store.recordAdoption(run.id, token, step([], notes));
    const held = await verifying(fixture, uid);
    expect(await store.eraseRows(held.id, held.token, 1)).toBe(1);
    expect(await store.eraseRows(held.id, held.token, 10)).toBe(1);
    expect(await store.eraseRows(held.id, held.token, 10)).toBe(0);
    const left = await store.listNotes(run.id, { limit: 9 });
    expect(left.map((one) => one.projectId)).toEqual([`${projectId}0`]);
  });
}
