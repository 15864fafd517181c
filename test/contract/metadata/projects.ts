import { describe, expect, test } from "vitest";
import type { NewProject } from "../../../src/ports/metadata/index.ts";
import {
  claim,
  complete,
  expectAbout,
  expectCode,
  expectRefused,
  type Fixture,
  inTurn,
  LONG_MS,
  makeProject,
  newProject,
  PAST_SHORT_MS,
  sealable,
  SHORT_MS,
  trash,
} from "./fixture.ts";

const METADATA = { nested: { list: [1, null, "zwei"], "ü%_": true }, text: 'it\'s "quoted"' };

export function projectsContract(fixture: Fixture): void {
  describe("making and finding projects", () => making(fixture));
  describe("listing projects", () => listing(fixture));
  describe("changing projects", () => changing(fixture));
  describe("holds", () => holds(fixture));
  describe("releasing holds", () => releasing(fixture));
}

function making(fixture: Fixture): void {
  test("a new project is active, empty and found by id and by uid", async () => {
    const { store } = fixture;
    const input = newProject({ name: "Näme", metadata: METADATA, quotaBytes: 5 * 2 ** 40 });
    const project = await store.createProject(input);
    expect(project).toMatchObject({
      id: input.id,
      uid: input.uid,
      name: "Näme",
      owner: "owner-1",
      state: "active",
      fileCount: 0,
      sizeBytes: 0,
      quotaBytes: 5 * 2 ** 40,
      expiresAt: null,
      hold: null,
      metadata: METADATA,
    });
    expectAbout(project.createdAt, await store.now());
    expect(await store.findProject(input.id)).toEqual(project);
    expect(await store.findProjectByUid(input.uid)).toEqual(project);
    expect(await store.findProject(input.uid)).toBeNull();
    expect(await store.findProjectByUid(input.id)).toBeNull();
  });

  test("a time to live counts from the database's now, and a given expiry wins over it", async () => {
    const byTtl = await makeProject(fixture, { ttlMs: LONG_MS });
    expectAbout(byTtl.expiresAt, byTtl.createdAt + LONG_MS);
    const expiresAt = 4_102_444_800_123;
    expect((await makeProject(fixture, { ttlMs: LONG_MS, expiresAt })).expiresAt).toBe(expiresAt);
    expect((await makeProject(fixture, { expiresAt })).expiresAt).toBe(expiresAt);
  });

  test("an id that is taken is refused, and the project that has it stays as it is", async () => {
    const project = await makeProject(fixture, { name: "first" });
    const again = newProject({ id: project.id, name: "second", owner: "owner-2" });
    await expectRefused(fixture, project.uid, "project-exists", () =>
      fixture.store.createProject(again),
    );
    expect(await fixture.store.findProjectByUid(again.uid)).toBeNull();
  });

  test("the id of a trashed and of a deleted project is not used again", async () => {
    const project = await makeProject(fixture);
    const held = await sealable(fixture, project.uid);
    await expectCode(fixture.store.createProject(newProject({ id: project.id })), "project-exists");
    await complete(fixture, held);
    await expectCode(fixture.store.createProject(newProject({ id: project.id })), "project-exists");
  });

  test("of several requests for one id at the same time exactly one makes the project", async () => {
    const inputs = Array.from({ length: 5 }, () => newProject({ id: "wanted" }));
    const results = await Promise.allSettled(inputs.map((one) => fixture.store.createProject(one)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results) {
      if (result.status === "rejected")
        expect(result.reason).toHaveProperty("code", "project-exists");
    }
  });
}

function listing(fixture: Fixture): void {
  const make = async (...inputs: Partial<NewProject>[]): Promise<string[]> => {
    const uids: string[] = [];
    for (const input of inputs) uids.push((await makeProject(fixture, input)).uid);
    return uids;
  };

  test("projects are listed by uid, page by page, without a gap or a double", async () => {
    const inputs = Array.from({ length: 7 }, () => newProject());
    for (const input of inputs.toReversed()) await fixture.store.createProject(input);
    const seen: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await fixture.store.listProjects({ limit: 3, ...(after ? { after } : {}) });
      expect(page.length).toBeLessThanOrEqual(3);
      if (page.length === 0) break;
      seen.push(...page.map(({ uid }) => uid));
      after = page.at(-1)?.uid;
    }
    expect(seen).toEqual(inputs.map(({ uid }) => uid));
  });

  test("projects are told apart by owner and by state, deleted ones only when asked for", async () => {
    const [active = "", other = "", trashed = "", deleted = ""] = await make(
      {},
      { owner: "owner-2" },
      {},
      {},
    );
    await complete(fixture, await sealable(fixture, deleted));
    await trash(fixture, trashed, LONG_MS);
    const list = async (query: object): Promise<string[]> =>
      (await fixture.store.listProjects({ limit: 10, ...query })).map(({ uid }) => uid);
    expect(await list({})).toEqual([active, other, trashed]);
    expect(await list({ owner: "owner-1" })).toEqual([active, trashed]);
    expect(await list({ owner: "nobody" })).toEqual([]);
    expect(await list({ state: "active" })).toEqual([active, other]);
    expect(await list({ state: "trashed", owner: "owner-1" })).toEqual([trashed]);
    expect(await list({ state: "deleted" })).toEqual([deleted]);
  });

  test("a name prefix is taken literally, signs of patterns and case included", async () => {
    const names = ["a%c", "abc", "A%c", "a_c", "a\\c", "b"];
    const uids = await make(...names.map((name) => ({ name })));
    const list = async (namePrefix: string): Promise<string[]> =>
      (await fixture.store.listProjects({ limit: 10, namePrefix })).map(({ name }) => name);
    expect(await list("a%")).toEqual(["a%c"]);
    expect(await list("a_")).toEqual(["a_c"]);
    expect(await list("a\\")).toEqual(["a\\c"]);
    expect(await list("a")).toEqual(["a%c", "abc", "a_c", "a\\c"]);
    expect(await list("")).toHaveLength(uids.length);
  });
}

function changing(fixture: Fixture): void {
  test("only the given fields of a project are changed", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture, { metadata: METADATA, quotaBytes: 7 });
    const renamed = await store.updateProject(project.uid, { name: "new" });
    expect(renamed).toEqual({ ...project, name: "new" });
    const changed = await store.updateProject(project.uid, {
      metadata: { a: [] },
      quotaBytes: null,
      expiresAt: 4_102_444_800_000,
    });
    expect(changed).toEqual({
      ...renamed,
      metadata: { a: [] },
      quotaBytes: null,
      expiresAt: 4_102_444_800_000,
    });
    expect(await store.findProject(project.id)).toEqual(changed);
    expect((await store.updateProject(project.uid, { expiresAt: null })).expiresAt).toBeNull();
  });

  test("a project that is not active or not there is not changed", async () => {
    const { store } = fixture;
    await expectCode(store.updateProject("none", { name: "x" }), "project-not-found");
    const project = await makeProject(fixture);
    await trash(fixture, project.uid, LONG_MS);
    await expectRefused(fixture, project.uid, "project-not-active", () =>
      store.updateProject(project.uid, { name: "x" }),
    );
  });
}

function holds(fixture: Fixture): void {
  test("a hold stands on an active project with its reason and the database's time", async () => {
    const project = await makeProject(fixture);
    const hold = await fixture.store.placeHold(project.uid, "court order");
    expect(hold.reason).toBe("court order");
    expectAbout(hold.placedAt, await fixture.store.now());
    expect(await fixture.store.findProject(project.id)).toEqual({ ...project, hold });
  });

  test("placing a hold again replaces the reason and keeps the time", async () => {
    const project = await makeProject(fixture);
    const first = await fixture.store.placeHold(project.uid, "one");
    await fixture.advance(20);
    const second = await fixture.store.placeHold(project.uid, "two");
    expect(second).toEqual({ reason: "two", placedAt: first.placedAt });
    expect((await fixture.store.findProject(project.id))?.hold).toEqual(second);
  });

  test("a hold can be placed while trashed, and not from deleting on", async () => {
    const { store } = fixture;
    await expectCode(store.placeHold("none", "x"), "project-not-found");
    const trashed = await makeProject(fixture);
    await trash(fixture, trashed.uid, LONG_MS);
    expect((await store.placeHold(trashed.uid, "x")).reason).toBe("x");
    const { uid } = await makeProject(fixture);
    const held = await sealable(fixture, uid);
    await expectRefused(fixture, uid, "not-holdable", () => store.placeHold(uid, "x"));
    await complete(fixture, held);
    await expectRefused(fixture, uid, "not-holdable", () => store.placeHold(uid, "x"));
  });

  test("of a hold and the beginning of a purge at the same time exactly one wins", async () => {
    for (let round = 0; round < 5; round++) {
      const { uid } = await makeProject(fixture);
      const { id } = await trash(fixture, uid);
      const { token } = await claim(fixture, id);
      const calls = [
        () => fixture.store.placeHold(uid, "now"),
        () => fixture.store.advance(id, token, "purge-began"),
      ];
      const results = await Promise.allSettled(inTurn(calls, round).map((call) => call()));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const project = await fixture.store.findProjectByUid(uid);
      expect(project?.state).toBe(project?.hold ? "trashed" : "deleting");
    }
  });
}

function releasing(fixture: Fixture): void {
  test("releasing a hold that does not stand changes nothing, due purge included", async () => {
    const { uid } = await makeProject(fixture);
    const { id, purgeAfter } = await trash(fixture, uid);
    await fixture.store.releaseHold(uid, LONG_MS);
    expect((await fixture.store.findDeletion(id))?.purgeAfter).toBe(purgeAfter);
    expect(await fixture.store.claimDeletion(id, LONG_MS)).not.toBeNull();
  });

  test("a purge that became due under the hold waits a fresh grace after the release", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await trash(fixture, uid, SHORT_MS);
    await store.placeHold(uid, "x");
    await fixture.advance(PAST_SHORT_MS);
    await store.releaseHold(uid, LONG_MS);
    expect((await store.findProjectByUid(uid))?.hold).toBeNull();
    expectAbout((await store.findDeletion(id))?.purgeAfter, (await store.now()) + LONG_MS);
    expect(await store.claimDeletion(id, LONG_MS)).toBeNull();
    expect(await store.dueDeletions(10)).toEqual([]);
  });

  test("an expiry that passed under the hold is put off, one that is to come is not", async () => {
    const { store } = fixture;
    const now = await store.now();
    const passed = await makeProject(fixture, { expiresAt: now - 1000 });
    const coming = await makeProject(fixture, { expiresAt: now + LONG_MS });
    const never = await makeProject(fixture);
    for (const { uid } of [passed, coming, never]) {
      await store.placeHold(uid, "x");
      await store.releaseHold(uid, 2 * LONG_MS);
    }
    expectAbout((await store.findProject(passed.id))?.expiresAt, now + 2 * LONG_MS);
    expect((await store.findProject(coming.id))?.expiresAt).toBe(now + LONG_MS);
    expect((await store.findProject(never.id))?.expiresAt).toBeNull();
  });

  test("a purge that is to come keeps its time when the hold is released", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id, purgeAfter } = await trash(fixture, uid, LONG_MS);
    await store.placeHold(uid, "x");
    await store.releaseHold(uid, 3 * LONG_MS);
    await store.releaseHold(uid, 3 * LONG_MS);
    expect((await store.findDeletion(id))?.purgeAfter).toBe(purgeAfter);
  });

  test("what a caller does to an answer does not reach the store", async () => {
    const { store } = fixture;
    const metadata = { list: ["a"] };
    const project = await makeProject(fixture, { metadata });
    metadata.list.push("b");
    Object.assign(project, { state: "deleted" });
    const found = await store.findProject(project.id);
    expect(found?.metadata).toEqual({ list: ["a"] });
    expect(found?.state).toBe("active");
  });
}
