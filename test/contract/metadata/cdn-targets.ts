import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { SurfaceCounts } from "../../../src/core/model.ts";
import type { CdnTarget, SealFacts } from "../../../src/ports/metadata/index.ts";
import { claim, complete, expectCode, expectStale, type Fixture, makeProject } from "./fixture.ts";
import { type Held, seal, sealable, verifying } from "./steps.ts";

function targetOf(target: string): CdnTarget {
  return { hash: Uint8Array.from(createHash("sha256").update(target).digest()), target };
}

const byHash = (targets: readonly CdnTarget[]): readonly CdnTarget[] =>
  targets.toSorted((a, b) => Buffer.compare(a.hash, b.hash));

const A = targetOf("https://cdn.example.org/a%20b");
const B = targetOf("cdn.example.org/projects/x");
const C = targetOf("https://cdn.example.org/c");
const NONE = { absent: 0, failed: 0, blocked: 0, unknown: 0, bytes: 0 };

export function cdnTargetsContract(fixture: Fixture): void {
  describe("what a CDN is to purge for a deletion", () => pending(fixture));
  describe("a deletion with purges at its end", () => ending(fixture));
  describe("purges after the completion", () => settling(fixture));
}

async function countsOf({ store }: Fixture, id: string): Promise<SurfaceCounts | undefined> {
  const deletion = await store.findDeletion(id);
  return deletion?.surfaces.find(({ surface }) => surface === "cdn");
}

async function held(fixture: Fixture): Promise<Held> {
  return await verifying(fixture, (await makeProject(fixture)).uid);
}

function pending(fixture: Fixture): void {
  test("targets are pending until they are accepted, each once, page by page", async () => {
    const { store } = fixture;
    const { id, token } = await held(fixture);
    await store.recordCdnTargets(id, token, [A, B]);
    await store.recordCdnTargets(id, token, [B, C]);
    const all = byHash([A, B, C]);
    expect(await store.pendingCdnTargets(id, token, 10)).toEqual(all);
    const [first] = await store.pendingCdnTargets(id, token, 1);
    expect(first).toEqual(all[0]);
    expect(await store.pendingCdnTargets(id, token, 10, first?.hash)).toEqual(all.slice(1));
    expect(await countsOf(fixture, id)).toEqual({ ...NONE, surface: "cdn", found: 3, deleted: 0 });
  });

  test("an accepted target counts once and is pending no more, whatever is repeated", async () => {
    const { store } = fixture;
    const { id, token } = await held(fixture);
    await store.recordCdnTargets(id, token, [A, B]);
    await store.acceptCdnTargets(id, token, [A.hash, C.hash]);
    await store.acceptCdnTargets(id, token, [A.hash]);
    expect(await store.pendingCdnTargets(id, token, 10)).toEqual([B]);
    expect(await countsOf(fixture, id)).toEqual({ ...NONE, surface: "cdn", found: 2, deleted: 1 });
  });

  test("an accepted target that is recorded again is pending again, and found no second time", async () => {
    const { store } = fixture;
    const { id, token } = await held(fixture);
    await store.recordCdnTargets(id, token, [A]);
    await store.acceptCdnTargets(id, token, [A.hash]);
    await store.recordCdnTargets(id, token, [A]);
    expect(await store.pendingCdnTargets(id, token, 10)).toEqual([A]);
    expect(await countsOf(fixture, id)).toEqual({ ...NONE, surface: "cdn", found: 1, deleted: 0 });
  });

  test("dropped targets leave nothing behind, and those of another deletion alone", async () => {
    const { store } = fixture;
    const { id, token } = await held(fixture);
    const other = await held(fixture);
    await store.recordCdnTargets(id, token, [A, B]);
    await store.recordCdnTargets(other.id, other.token, [A]);
    await store.dropCdnTargets(id, token);
    expect(await store.pendingCdnTargets(id, token, 10)).toEqual([]);
    expect(await countsOf(fixture, id)).toBeUndefined();
    expect(await store.pendingCdnTargets(other.id, other.token, 10)).toEqual([A]);
  });

  test("an older claim neither reads nor writes targets", async () => {
    const { store } = fixture;
    const { id, token } = await held(fixture);
    await store.recordCdnTargets(id, token, [A]);
    await store.releaseClaim(id, token);
    const newer = await claim(fixture, id);
    await expectStale(store.recordCdnTargets(id, token, [B]));
    await expectStale(store.pendingCdnTargets(id, token, 10));
    await expectStale(store.acceptCdnTargets(id, token, [A.hash]));
    await expectStale(store.dropCdnTargets(id, token));
    expect(await store.pendingCdnTargets(id, newer.token, 10)).toEqual([A]);
  });
}

function ending(fixture: Fixture): void {
  test("a deletion is not completed while a purge is pending", async () => {
    const { store } = fixture;
    const deletion = await sealable(fixture, (await makeProject(fixture)).uid);
    const { id, token } = deletion;
    await store.recordCdnTargets(id, token, [A, B]);
    await store.acceptCdnTargets(id, token, [A.hash]);
    await expectCode(complete(fixture, deletion), "internal");
    await store.acceptCdnTargets(id, token, [B.hash]);
    expect((await complete(fixture, deletion)).state).toBe("completed");
  });

  test("the seal learns of the purges and when the last was accepted; leaves are only of objects", async () => {
    const { store } = fixture;
    const { id, token } = await sealable(fixture, (await makeProject(fixture)).uid);
    await store.recordCdnTargets(id, token, [A, B]);
    const before = await store.now();
    await store.acceptCdnTargets(id, token, [A.hash, B.hash]);
    let given: SealFacts | undefined;
    const completed = await store.completeDeletion(id, token, async (facts) => {
      given = facts;
      return await seal(facts);
    });
    const counts = { ...NONE, surface: "cdn", found: 2, deleted: 2 };
    expect(given?.surfaces).toEqual([counts]);
    expect(given?.leaves).toBe(0);
    expect(given?.cdnAcceptedAt).toBeGreaterThanOrEqual(before);
    expect(completed.surfaces).toEqual([counts]);
    expect(await countsOf(fixture, id)).toEqual(counts);
  });

  test("without purges the seal is told of none", async () => {
    const { id, token } = await sealable(fixture, (await makeProject(fixture)).uid);
    let at: number | null | undefined;
    await fixture.store.completeDeletion(id, token, async (facts) => {
      at = facts.cdnAcceptedAt;
      return await seal(facts);
    });
    expect(at).toBeNull();
  });
}

function settling(fixture: Fixture): void {
  test("a settle purges too, and the counts of the completed deletion stay", async () => {
    const { store } = fixture;
    const deletion = await sealable(fixture, (await makeProject(fixture)).uid);
    const { id } = deletion;
    await store.recordCdnTargets(id, deletion.token, [A]);
    await store.acceptCdnTargets(id, deletion.token, [A.hash]);
    await store.completeDeletion(id, deletion.token, seal, [0]);
    const counts = await countsOf(fixture, id);
    const settle = await store.claimSettle(id, 60_000);
    await expectStale(store.recordCdnTargets(id, deletion.token, [B]));
    const token = settle?.token ?? 0;
    await store.recordCdnTargets(id, token, [A, B]);
    expect(await store.pendingCdnTargets(id, token, 10)).toEqual(byHash([A, B]));
    await store.acceptCdnTargets(id, token, [A.hash]);
    expect(await store.pendingCdnTargets(id, token, 10)).toEqual([B]);
    expect(await countsOf(fixture, id)).toEqual(counts);
    await store.dropCdnTargets(id, token);
    expect(await store.pendingCdnTargets(id, token, 10)).toEqual([]);
    expect(await countsOf(fixture, id)).toEqual(counts);
  });
}
