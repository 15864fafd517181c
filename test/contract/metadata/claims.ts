import { describe, expect, test } from "vitest";
import {
  claim,
  complete,
  expectAbout,
  expectCode,
  expectStale,
  type Fixture,
  goodEvidence,
  type Held,
  LONG_MS,
  makeProject,
  PAST_SHORT_MS,
  purging,
  seal,
  sealable,
  SHORT_MS,
  trash,
  verifying,
} from "./fixture.ts";

export function claimsContract(fixture: Fixture): void {
  describe("claiming a deletion", () => claiming(fixture));
  describe("due deletions", () => due(fixture));
  describe("leases", () => leases(fixture));
  describe("fencing tokens", () => tokens(fixture));
  describe("blocked deletions", () => blocked(fixture));
}

function claiming(fixture: Fixture): void {
  test("a claim hands out deletion, salt and a token that rises, and counts the attempt", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const salt = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
    const { deletion } = await store.requestDeletion({
      id: "DELETE-000000000abc",
      projectUid: uid,
      requestedBy: "tester",
      graceMs: 0,
      salt,
    });
    const first = await claim(fixture, deletion.id);
    expect(first.deletion).toEqual({ ...deletion, attempts: 1 });
    expect(Buffer.from(first.salt).equals(salt)).toBe(true);
    await store.releaseClaim(deletion.id, first.token);
    const second = await claim(fixture, deletion.id);
    expect(second.token).toBeGreaterThan(first.token);
    expect(second.deletion.attempts).toBe(2);
    expect(Buffer.from(second.salt).equals(salt)).toBe(true);
  });

  test("of several claims at the same time exactly one gets the token", async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await trash(fixture, (await makeProject(fixture)).uid);
      const claims = await Promise.all(
        Array.from({ length: 5 }, () => fixture.store.claimDeletion(id, LONG_MS)),
      );
      expect(claims.filter((one) => one !== null)).toHaveLength(1);
      expect((await fixture.store.findDeletion(id))?.attempts).toBe(1);
    }
  });

  test("what is in its grace, held, ended or unknown is not claimed", async () => {
    const { store } = fixture;
    const inGrace = await trash(fixture, (await makeProject(fixture)).uid, LONG_MS);
    const { uid } = await makeProject(fixture);
    const held = await trash(fixture, uid);
    await store.placeHold(uid, "x");
    const ended = await sealable(fixture, (await makeProject(fixture)).uid);
    await complete(fixture, ended);
    for (const id of [inGrace.id, held.id, ended.id, "none"]) {
      expect(await store.claimDeletion(id, LONG_MS)).toBeNull();
    }
    expect(await store.findDeletion(held.id)).toEqual(held);
    expect(await store.dueDeletions(10)).toEqual([]);
  });

  test("the grace is measured by the database's clock", async () => {
    const { id } = await trash(fixture, (await makeProject(fixture)).uid, SHORT_MS);
    await fixture.advance(PAST_SHORT_MS);
    expect(await fixture.store.dueDeletions(10)).toEqual([id]);
    expect(await fixture.store.claimDeletion(id, LONG_MS)).not.toBeNull();
  });
}

function due(fixture: Fixture): void {
  test("deletions under way whose lease is not held are due, whatever their stage", async () => {
    const { store } = fixture;
    const trashed = await trash(fixture, (await makeProject(fixture)).uid);
    const deleting = await purging(fixture, (await makeProject(fixture)).uid);
    const listing = await verifying(fixture, (await makeProject(fixture)).uid);
    expect(await store.dueDeletions(10)).toEqual([trashed.id]);
    await store.releaseClaim(deleting.id, deleting.token);
    await store.releaseClaim(listing.id, listing.token);
    const ids = await store.dueDeletions(10);
    expect(new Set(ids)).toEqual(new Set([trashed.id, deleting.id, listing.id]));
    expect(ids).toHaveLength(3);
    expect(await store.dueDeletions(2)).toHaveLength(2);
    for (const id of ids) expect(await store.claimDeletion(id, LONG_MS)).not.toBeNull();
    expect(await store.dueDeletions(10)).toEqual([]);
  });

  test("undone and completed deletions are never due", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await trash(fixture, uid);
    await store.restoreProject(uid);
    await complete(fixture, await sealable(fixture, (await makeProject(fixture)).uid));
    expect(await store.dueDeletions(10)).toEqual([]);
  });
}

function leases(fixture: Fixture): void {
  test("a lease that has run out lets another worker claim, and the first is stale", async () => {
    const { store } = fixture;
    const { id } = await trash(fixture, (await makeProject(fixture)).uid);
    const first = await claim(fixture, id, SHORT_MS);
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.dueDeletions(10)).toEqual([id]);
    const second = await claim(fixture, id);
    expect(await store.extendClaim(id, first.token, LONG_MS)).toBe(false);
    await expectStale(store.advance(id, first.token, "purge-began"));
    await store.releaseClaim(id, first.token);
    expect(await store.claimDeletion(id, LONG_MS)).toBeNull();
    expect((await store.advance(id, second.token, "purge-began")).state).toBe("deleting");
  });

  test("an extended lease stands from then on", async () => {
    const { store } = fixture;
    const { id } = await trash(fixture, (await makeProject(fixture)).uid);
    const { token } = await claim(fixture, id, SHORT_MS);
    expect(await store.extendClaim(id, token, LONG_MS)).toBe(true);
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.claimDeletion(id, LONG_MS)).toBeNull();
    expect(await store.extendClaim(id, token + 1, LONG_MS)).toBe(false);
    expect(await store.extendClaim("none", token, LONG_MS)).toBe(false);
  });

  test("all leases end at once for the process that has the database for itself", async () => {
    const { store } = fixture;
    const ids: string[] = [];
    for (let i = 0; i < 3; i++)
      ids.push((await purging(fixture, (await makeProject(fixture)).uid)).id);
    await store.releaseAllClaims();
    expect(new Set(await store.dueDeletions(10))).toEqual(new Set(ids));
  });

  test("a purge that began goes on although a hold would now be refused", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id, token } = await purging(fixture, uid);
    await expectCode(store.placeHold(uid, "x"), "not-holdable");
    await store.releaseClaim(id, token);
    expect(await store.claimDeletion(id, LONG_MS)).not.toBeNull();
  });
}

/** Every call that names the token; each must be refused with a token that is not the newest. */
function callsOf(
  { store }: Fixture,
  { id }: Held,
  token: number,
): Readonly<Record<string, () => Promise<unknown>>> {
  return {
    advance: () => store.advance(id, token, "swept"),
    recordTombstone: () => store.recordTombstone(id, token, "stale"),
    unsettledUploads: () => store.unsettledUploads(id, token, 10),
    settleForFence: () => store.settleForFence(id, token, []),
    recordFence: () => store.recordFence(id, token),
    recordPage: () => store.recordPage(id, token, "canonical", []),
    retractEntry: () => store.retractEntry(id, token, new Uint8Array(32)),
    recordAbsent: () => store.recordAbsent(id, token, "tracked", []),
    recordProgress: () => store.recordProgress(id, token, "canonical", 1),
    replaceResidue: () => store.replaceResidue(id, token, []),
    setBlocked: () => store.setBlocked(id, token, null),
    recordEvidence: () => store.recordEvidence(id, token, []),
    eraseRows: () => store.eraseRows(id, token, 10),
    completeDeletion: () => store.completeDeletion(id, token, seal),
  };
}

function tokens(fixture: Fixture): void {
  test("every write of a worker whose claim was taken over is refused and changes nothing", async () => {
    const { store } = fixture;
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    await store.releaseClaim(held.id, held.token);
    const { token } = await claim(fixture, held.id);
    const before = await store.findDeletion(held.id);
    for (const stale of [held.token, token + 1, 0]) {
      for (const call of Object.values(callsOf(fixture, held, stale))) await expectStale(call());
    }
    expect(await store.findDeletion(held.id)).toEqual(before);
    expect(await store.findReceipt(held.projectUid)).toBeNull();
  });

  test("a deletion that has ended or never was has no claim, whatever the token", async () => {
    const { store } = fixture;
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    const completed = await complete(fixture, held);
    for (const token of [held.token, held.token - 1, held.token + 1]) {
      for (const call of Object.values(callsOf(fixture, held, token))) await expectStale(call());
      expect(await store.extendClaim(held.id, token, LONG_MS)).toBe(false);
    }
    expect(await store.findDeletion(held.id)).toEqual(completed);
    await store.releaseClaim(held.id, held.token);
    const unknown = { ...held, id: "DELETE-unknown" };
    for (const call of Object.values(callsOf(fixture, unknown, 1))) await expectStale(call());
  });
}

function blocked(fixture: Fixture): void {
  const cause = { reason: "no permission", code: "access-denied" as const };

  test("a blocked deletion says why and since when, and is due again after the delay", async () => {
    const { store } = fixture;
    const { id, token } = await purging(fixture, (await makeProject(fixture)).uid);
    const deletion = await store.setBlocked(id, token, { ...cause, retryInMs: SHORT_MS });
    expect(deletion.state).toBe("deleting");
    expect(deletion.blocked).toMatchObject(cause);
    expectAbout(deletion.blocked?.since, await store.now());
    expect(await store.findDeletion(id)).toEqual(deletion);
    await store.releaseClaim(id, token);
    expect(await store.claimDeletion(id, LONG_MS)).toBeNull();
    expect(await store.dueDeletions(10)).toEqual([]);
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.dueDeletions(10)).toEqual([id]);
    expect((await claim(fixture, id)).deletion.blocked).toEqual(deletion.blocked);
  });

  test("blocked again it keeps since when, and cleared it is blocked no more", async () => {
    const { store } = fixture;
    const { id, token } = await purging(fixture, (await makeProject(fixture)).uid);
    const first = await store.setBlocked(id, token, { ...cause, retryInMs: LONG_MS });
    await fixture.advance(20);
    const other = { reason: "bucket locked", code: "object-locked" as const };
    const second = await store.setBlocked(id, token, { ...other, retryInMs: 2 * LONG_MS });
    expect(second.blocked).toMatchObject({ ...other, since: first.blocked?.since });
    expectAbout(second.blocked?.nextRetryAt, (await store.now()) + 2 * LONG_MS);
    expect((await store.setBlocked(id, token, null)).blocked).toBeNull();
    await store.releaseClaim(id, token);
    expect(await store.dueDeletions(10)).toEqual([id]);
  });

  test("a retry makes a blocked deletion due now", async () => {
    const { store } = fixture;
    const { id, token } = await purging(fixture, (await makeProject(fixture)).uid);
    const before = await store.setBlocked(id, token, { ...cause, retryInMs: LONG_MS });
    const after = await store.retryDeletion(id);
    expect(after).toEqual({ ...before, blocked: null });
    // The lease of the worker that is at it still stands.
    expect(await store.claimDeletion(id, LONG_MS)).toBeNull();
    await store.releaseClaim(id, token);
    expect(await store.dueDeletions(10)).toEqual([id]);
    expect(await store.claimDeletion(id, LONG_MS)).not.toBeNull();
  });

  test("a retry of a deletion that is not blocked changes nothing, of an unknown one is refused", async () => {
    const { store } = fixture;
    const inGrace = await trash(fixture, (await makeProject(fixture)).uid, LONG_MS);
    expect(await store.retryDeletion(inGrace.id)).toEqual(inGrace);
    expect(await store.claimDeletion(inGrace.id, LONG_MS)).toBeNull();
    await expectCode(store.retryDeletion("none"), "deletion-not-found");
  });

  test("completion clears what blocked before", async () => {
    const held = await verifying(fixture, (await makeProject(fixture)).uid);
    const { id, token } = held;
    await fixture.store.setBlocked(id, token, { ...cause, retryInMs: 0 });
    await fixture.store.recordEvidence(id, token, [await goodEvidence(fixture)]);
    expect((await complete(fixture, held)).blocked).toBeNull();
  });
}
