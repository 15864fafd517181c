import { describe, expect, test } from "vitest";
import type { Evidence } from "../../../src/core/model.ts";
import type { SealFacts } from "../../../src/ports/metadata/index.ts";
import { merkleTreeHash } from "../../core/rfc9162.ts";
import {
  addFile,
  claim,
  complete,
  entryOf,
  expectAbout,
  expectStale,
  failureOf,
  type Fixture,
  goodEvidence,
  type Held,
  makeProject,
  observe,
  seal,
  sealable,
} from "./fixture.ts";

export function completionContract(fixture: Fixture): void {
  describe("completing a deletion", () => success(fixture));
  describe("the facts to be sealed", () => sealing(fixture));
  describe("a seal that fails or loses its claim", () => failing(fixture));
}

function success(fixture: Fixture): void {
  test("completion ends the deletion and blanks the project but for id, uid, owner and times", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture, { name: "secret", metadata: { secret: 1 } });
    await addFile(fixture, project.uid, "a", 5);
    const held = await sealable(fixture, project.uid);
    const before = await store.findDeletion(held.id);
    const completed = await complete(fixture, held);
    const { completedAt } = completed;
    expect(completed).toEqual({ ...before, state: "completed", completedAt });
    expectAbout(completedAt, await store.now());
    expect(await store.findDeletion(held.id)).toEqual(completed);
    expect(await store.findDeletionOf(project.uid)).toEqual(completed);
    expect(await store.findProject(project.id)).toEqual({
      ...project,
      state: "deleted",
      name: "",
      metadata: {},
      fileCount: 0,
      sizeBytes: 0,
    });
  });

  test("counts are exact after completion, whatever progress said", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id, token, projectUid } = await sealable(fixture, uid);
    await store.recordPage(id, token, "canonical", [entryOf("a", 3), entryOf("b", 4)]);
    await store.recordProgress(id, token, "canonical", 1);
    await store.recordAbsent(id, token, "tracked", [entryOf("c", 5)]);
    const { surfaces } = await complete(fixture, { id, token, projectUid });
    const none = { failed: 0, blocked: 0, unknown: 0 };
    expect(surfaces).toContainEqual({
      ...none,
      surface: "canonical",
      found: 2,
      deleted: 2,
      absent: 0,
      bytes: 7,
    });
    expect(surfaces).toContainEqual({
      ...none,
      surface: "tracked",
      found: 0,
      deleted: 0,
      absent: 1,
      bytes: 0,
    });
    expect((await store.findDeletion(id))?.surfaces).toEqual(surfaces);
  });
}

function sealing(fixture: Fixture): void {
  const factsOf = async (held: Held): Promise<SealFacts> => {
    let given: SealFacts | undefined;
    await fixture.store.completeDeletion(held.id, held.token, async (facts) => {
      given = facts;
      return await seal(facts);
    });
    if (!given) throw new Error("seal was not called");
    return given;
  };

  test("the seal is given the deletion, its evidence, its times and its place in the chain", async () => {
    const { store } = fixture;
    const { id, token, projectUid } = await sealable(fixture, (await makeProject(fixture)).uid);
    const evidence: Evidence[] = [
      await goodEvidence(fixture, { pages: 12_345 }),
      await goodEvidence(fixture, { surface: "legacy:audio", prefix: "audio/proj_ü%/" }),
      await goodEvidence(fixture, { surface: "multipart" }),
    ];
    await store.recordEvidence(id, token, evidence);
    const deletion = await store.findDeletion(id);
    const facts = await factsOf({ id, token, projectUid });
    expect(facts.deletion).toEqual(deletion);
    expect(facts.deletion.verifiedAt).toBeGreaterThanOrEqual(evidence[0]?.at ?? Infinity);
    expect(new Set(facts.evidence)).toEqual(new Set(evidence));
    expect(facts.evidence).toHaveLength(3);
    expect(facts).toMatchObject({ sequence: 1, previousHash: null, leaves: 0 });
    expect(facts.now).toBeGreaterThanOrEqual(deletion?.verifiedAt ?? Infinity);
    expect((await store.findDeletion(id))?.completedAt).toBe(facts.now);
  });

  test("without an entry the root is that of the empty tree", async () => {
    const facts = await factsOf(await sealable(fixture, (await makeProject(fixture)).uid));
    expect(Buffer.from(facts.merkleRoot).equals(merkleTreeHash([]))).toBe(true);
  });

  test("the root is that of the seen leaves in the order of their bytes, and absent ones are none", async () => {
    const { store } = fixture;
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    const entries = Array.from({ length: 5000 }, (_, i) => entryOf(`key-${i}`, i));
    const { id, token } = held;
    await store.recordAbsent(id, token, "tracked", [entryOf("key-7"), entryOf("none")]);
    await store.recordPage(id, token, "legacy:x", entries.slice(0, 3));
    await store.recordPage(id, token, "canonical", entries);
    const facts = await factsOf(held);
    const leaves = entries
      .map(({ leaf }) => Buffer.from(leaf))
      .sort((a, b) => Buffer.compare(a, b));
    expect(facts.leaves).toBe(5000);
    expect(Buffer.from(facts.merkleRoot).toString("hex")).toBe(
      merkleTreeHash(leaves).toString("hex"),
    );
    const found = new Map(facts.surfaces.map((one) => [one.surface, one]));
    expect(found.get("canonical")).toMatchObject({ found: 4997, deleted: 4997 });
    expect(found.get("legacy:x")).toMatchObject({ found: 3, deleted: 3, bytes: 3 });
    expect(found.get("tracked")).toMatchObject({ found: 0, absent: 1 });
  });

  test("one, two, three and seven leaves give the roots of RFC 9162", async () => {
    for (const count of [1, 2, 3, 7]) {
      const held = await sealable(fixture, (await makeProject(fixture)).uid);
      const entries = Array.from({ length: count }, (_, i) => entryOf(`${count} ${i}`));
      await fixture.store.recordPage(held.id, held.token, "canonical", entries);
      const { merkleRoot } = await factsOf(held);
      const leaves = entries
        .map(({ leaf }) => Buffer.from(leaf))
        .sort((a, b) => Buffer.compare(a, b));
      expect(Buffer.from(merkleRoot).equals(merkleTreeHash(leaves))).toBe(true);
    }
  });
}

function failing(fixture: Fixture): void {
  test("a seal that throws is passed on and leaves everything as it was", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const held = await sealable(fixture, uid);
    await store.recordPage(held.id, held.token, "canonical", [entryOf("a", 3)]);
    const before = await observe(fixture, uid);
    const broken = new Error("the key is not readable");
    const failure = await failureOf(
      store.completeDeletion(held.id, held.token, async () => {
        throw broken;
      }),
    );
    expect(failure).toBe(broken);
    expect(await observe(fixture, uid)).toEqual(before);
    expect(await store.uncopiedReceipts(10)).toEqual([]);
    expect(await store.extendClaim(held.id, held.token, 1000)).toBe(true);
    expect((await complete(fixture, held)).state).toBe("completed");
    expect(await store.findReceipt(uid)).toMatchObject({ sequence: 1 });
  });

  test("a completion that is repeated makes no second receipt (I7)", async () => {
    const { store } = fixture;
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    const results = await Promise.allSettled([complete(fixture, held), complete(fixture, held)]);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const receipt = await store.findReceipt(held.projectUid);
    await expectStale(complete(fixture, held));
    expect(await store.findReceipt(held.projectUid)).toEqual(receipt);
    expect(await store.uncopiedReceipts(10)).toEqual([receipt]);
  });

  test("a worker whose claim was taken over does not complete, its successor does", async () => {
    const { store } = fixture;
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    await store.releaseClaim(held.id, held.token);
    const { token } = await claim(fixture, held.id);
    await expectStale(complete(fixture, held));
    expect((await complete(fixture, { ...held, token })).state).toBe("completed");
  });
}
