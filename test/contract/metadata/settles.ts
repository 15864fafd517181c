import { describe, expect, test } from "vitest";
import type { Surface } from "../../../src/core/model.ts";
import type { AmendmentFacts, Sealed, SettleEnd } from "../../../src/ports/metadata/index.ts";
import { merkleTreeHash } from "../../core/rfc9162.ts";
import {
  complete,
  entryOf,
  expectAbout,
  expectStale,
  failureOf,
  type Fixture,
  hashOf,
  type Held,
  LONG_MS,
  makeProject,
  PAST_SHORT_MS,
  seal,
  sealable,
  SHORT_MS,
} from "./fixture.ts";

export function settlesContract(fixture: Fixture): void {
  describe("when a completed deletion is looked at again", () => schedule(fixture));
  describe("what came back", () => returned(fixture));
  describe("what came back and stays", () => staying(fixture));
}

/** A completed deletion, to be looked at after these times. */
async function completed(fixture: Fixture, settleAfterMs: readonly number[]): Promise<Held> {
  const held = await sealable(fixture, (await makeProject(fixture)).uid);
  await fixture.store.completeDeletion(held.id, held.token, seal, settleAfterMs);
  return held;
}

async function look({ store }: Fixture, held: Held): Promise<Held> {
  const claim = await store.claimSettle(held.id, LONG_MS);
  if (!claim) throw new Error(`a look at ${held.id} should have been due`);
  expect(claim.token).toBeGreaterThan(held.token);
  return { ...held, token: claim.token };
}

function endOf(
  verifiedAt: number,
  left: readonly (readonly [Surface, number])[] | null,
): SettleEnd {
  return { left: left && new Map(left), verifiedAt, retryInMs: 0 };
}

async function amend({ sequence, receiptHash }: AmendmentFacts): Promise<Sealed> {
  const jws = `amendment ${sequence} of ${receiptHash}`;
  return { jws, hash: hashOf(jws) };
}

const noSeal = (): Promise<Sealed> => Promise.reject(new Error("nothing was to be sealed"));

function schedule(fixture: Fixture): void {
  test("it is due at each time that was asked for, and then never again", async () => {
    const { store } = fixture;
    const held = await completed(fixture, [LONG_MS, 0]);
    expect(await store.dueSettles(10)).toEqual([held.id]);
    const first = await look(fixture, held);
    expect(await store.dueSettles(10)).toEqual([]);
    expect(await store.claimSettle(held.id, LONG_MS)).toBeNull();
    const end = endOf(await store.now(), []);
    const result = await store.finishSettle(held.id, first.token, end, noSeal);
    expect(result).toMatchObject({ result: "clean", found: 0 });
    expectAbout(result.at, await store.now());
    expect(await store.listSettles(held.id)).toEqual([result]);
    // The second time is to come still.
    expect(await store.dueSettles(10)).toEqual([]);
  });

  test("a time that passed before the look ended is left out", async () => {
    const { store } = fixture;
    const held = await completed(fixture, [0, SHORT_MS]);
    const { token } = await look(fixture, held);
    await fixture.advance(PAST_SHORT_MS);
    await store.finishSettle(held.id, token, endOf(await store.now(), []), noSeal);
    expect(await store.dueSettles(10)).toEqual([]);
    expect(await store.extendClaim(held.id, token, LONG_MS)).toBe(false);
  });

  test("it is never due where nothing was asked for, nor while the deletion is under way", async () => {
    const { store } = fixture;
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    expect(await store.claimSettle(held.id, LONG_MS)).toBeNull();
    await complete(fixture, held);
    expect(await store.dueSettles(10)).toEqual([]);
    expect(await store.claimSettle(held.id, LONG_MS)).toBeNull();
    expect(await store.claimSettle("none", LONG_MS)).toBeNull();
    expect(await store.listSettles("none")).toEqual([]);
  });

  test("a claim that ran out goes to another, and the old one is stale", async () => {
    const { store } = fixture;
    const held = await completed(fixture, [0]);
    const old = await store.claimSettle(held.id, SHORT_MS);
    expect(await store.extendClaim(held.id, old?.token ?? 0, SHORT_MS)).toBe(true);
    await fixture.advance(PAST_SHORT_MS);
    const now = await look(fixture, held);
    const end = endOf(await store.now(), []);
    await expectStale(store.recordReturned(held.id, old?.token ?? 0, "canonical", []));
    await expectStale(store.retractReturned(held.id, old?.token ?? 0, entryOf("a").keyHash));
    await expectStale(store.finishSettle(held.id, old?.token ?? 0, end, noSeal));
    expect(await store.finishSettle(held.id, now.token, end, noSeal)).toMatchObject({
      result: "clean",
    });
    await expectStale(store.finishSettle(held.id, now.token, end, noSeal));
  });
}

function returned(fixture: Fixture): void {
  test("is stated in an amendment of the same chain, and the receipt stays as it is", async () => {
    const { store } = fixture;
    const held = await completed(fixture, [0]);
    const receipt = await store.findReceipt(held.projectUid);
    const { id, token } = await look(fixture, held);
    const entries = [entryOf("a", 5), entryOf("b", 7), entryOf("a", 5)];
    await store.recordReturned(id, token, "canonical", entries);
    await store.recordReturned(id, token, "canonical", [entryOf("b", 7)]);
    await store.recordReturned(id, token, "multipart", [entryOf("u", 1), entryOf("won", 1)]);
    await store.retractReturned(id, token, entryOf("won", 1).keyHash);
    let facts: AmendmentFacts | null = null;
    const verifiedAt = await store.now();
    const result = await store.finishSettle(id, token, endOf(verifiedAt, []), async (given) => {
      facts = given;
      return await amend(given);
    });
    expect(result).toMatchObject({ result: "amended", found: 3 });
    const leaves = [entryOf("a", 5), entryOf("b", 7), entryOf("u", 1)].map(({ leaf }) => leaf);
    expect(facts).toMatchObject({
      receiptHash: receipt?.hash,
      sequence: 2,
      previousHash: receipt?.hash,
      verifiedAt,
      leaves: 3,
      merkleRoot: Uint8Array.from(merkleTreeHash(leaves.toSorted((a, b) => Buffer.compare(a, b)))),
      surfaces: [
        { surface: "canonical", found: 2, deleted: 2, residue: 0, bytes: 12 },
        { surface: "multipart", found: 1, deleted: 1, residue: 0, bytes: 1 },
      ],
    });
    const [amendment] = await store.listAmendments(held.projectUid);
    const jws = `amendment 2 of ${receipt?.hash}`;
    expect(amendment).toMatchObject({
      projectUid: held.projectUid,
      deletionId: id,
      owner: receipt?.owner,
      sequence: 2,
      jws,
      hash: hashOf(jws),
    });
    expect(await store.findReceipt(held.projectUid)).toEqual(receipt);
    expect(await store.findDeletion(id)).toMatchObject({ state: "completed" });
    const next = await completed(fixture, []);
    expect(await store.findReceipt(next.projectUid)).toMatchObject({ sequence: 3 });
  });

  test("waits for its copy in the store until that is marked", async () => {
    const { store } = fixture;
    const held = await completed(fixture, [0]);
    const { id, token } = await look(fixture, held);
    await store.recordReturned(id, token, "canonical", [entryOf("a")]);
    await store.finishSettle(id, token, endOf(await store.now(), []), amend);
    const amendments = await store.listAmendments(held.projectUid);
    expect(amendments).toHaveLength(1);
    expect(await store.uncopiedAmendments(10)).toEqual(amendments);
    await store.markAmendmentCopied(amendments[0]?.sequence ?? 0);
    expect(await store.uncopiedAmendments(10)).toEqual([]);
    expect(await store.listAmendments("none")).toEqual([]);
  });

  test("counts still when the look could not be finished and is repeated", async () => {
    const { store } = fixture;
    const held = await completed(fixture, [0]);
    const first = await look(fixture, held);
    await store.recordReturned(held.id, first.token, "canonical", [entryOf("a")]);
    const unknown = await store.finishSettle(held.id, first.token, endOf(0, null), noSeal);
    expect(unknown).toMatchObject({ result: "unknown", found: 1 });
    const claim = await store.claimSettle(held.id, LONG_MS);
    expect(claim?.tries).toBe(1);
    const end = endOf(await store.now(), []);
    const result = await store.finishSettle(held.id, claim?.token ?? 0, end, amend);
    expect(result).toMatchObject({ result: "amended", found: 1 });
    expect((await store.listSettles(held.id)).map((one) => one.result)).toEqual([
      "unknown",
      "amended",
    ]);
  });

  test("is not written when sealing it fails, and the look can be ended again", async () => {
    const { store } = fixture;
    const held = await completed(fixture, [0]);
    const { id, token } = await look(fixture, held);
    await store.recordReturned(id, token, "canonical", [entryOf("a")]);
    const end = endOf(await store.now(), []);
    const failure = new Error("no key");
    expect(await failureOf(store.finishSettle(id, token, end, () => Promise.reject(failure)))).toBe(
      failure,
    );
    expect(await store.listAmendments(held.projectUid)).toEqual([]);
    expect(await store.listSettles(id)).toEqual([]);
    expect(await store.finishSettle(id, token, end, amend)).toMatchObject({ found: 1 });
  });
}

function staying(fixture: Fixture): void {
  test("is stated once as residue, looked at again, and stated again when it is gone", async () => {
    const { store } = fixture;
    const held = await completed(fixture, [0]);
    const finish = async (keys: readonly string[], left: number) => {
      const { id, token } = await look(fixture, held);
      await store.recordReturned(
        id,
        token,
        "canonical",
        keys.map((key) => entryOf(key)),
      );
      const end = endOf(await store.now(), left > 0 ? [["canonical", left]] : []);
      return await store.finishSettle(id, token, end, amend);
    };
    expect(await finish(["a", "b"], 1)).toMatchObject({ result: "amended", found: 2 });
    expect(await finish(["b"], 1)).toMatchObject({ result: "unknown", found: 1 });
    expect(await store.listAmendments(held.projectUid)).toHaveLength(1);
    expect(await finish(["b", "c"], 1)).toMatchObject({ result: "amended", found: 2 });
    expect(await finish(["b"], 0)).toMatchObject({ result: "amended", found: 1 });
    expect(await store.listAmendments(held.projectUid)).toHaveLength(3);
    expect(await store.dueSettles(10)).toEqual([]);
  });
}
