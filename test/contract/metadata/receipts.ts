import { describe, expect, test } from "vitest";
import type { StoredReceipt } from "../../../src/ports/metadata/index.ts";
import type { PublicKey } from "../../../src/ports/signer.ts";
import { complete, expectAbout, type Fixture, hashOf, makeProject, sealable } from "./fixture.ts";

export function receiptsContract(fixture: Fixture): void {
  describe("the chain of receipts", () => chain(fixture));
  describe("copies of receipts", () => copies(fixture));
  describe("public keys", () => keys(fixture));
}

async function issue(fixture: Fixture): Promise<StoredReceipt> {
  const { uid } = await makeProject(fixture);
  await complete(fixture, await sealable(fixture, uid));
  const receipt = await fixture.store.findReceipt(uid);
  if (!receipt) throw new Error("there should be a receipt");
  return receipt;
}

function chain(fixture: Fixture): void {
  test("a receipt is kept with its project, deletion, owner and time", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture, { owner: "owner-9" });
    const held = await sealable(fixture, uid);
    expect(await store.findReceipt(uid)).toBeNull();
    const { completedAt } = await complete(fixture, held);
    const receipt = await store.findReceipt(uid);
    expect(receipt).toEqual({
      projectUid: uid,
      deletionId: held.id,
      owner: "owner-9",
      sequence: 1,
      jws: `receipt 1 of ${held.id}`,
      hash: hashOf(`receipt 1 of ${held.id}`),
      issuedAt: completedAt,
    });
    expectAbout(receipt?.issuedAt, await store.now());
    expect(await store.findReceipt("none")).toBeNull();
  });

  test("three receipts one after the other each name the one before", async () => {
    const { store } = fixture;
    let previous: string | null = null;
    for (const sequence of [1, 2, 3]) {
      const { id, token, projectUid } = await sealable(fixture, (await makeProject(fixture)).uid);
      await store.completeDeletion(id, token, async (facts) => {
        expect(facts).toMatchObject({ sequence, previousHash: previous });
        const jws = `jws-${facts.sequence}`;
        return { jws, hash: hashOf(jws) };
      });
      const receipt = await store.findReceipt(projectUid);
      expect(receipt).toMatchObject({ sequence, hash: hashOf(`jws-${sequence}`) });
      previous = receipt?.hash ?? null;
    }
  });

  test("receipts at the same time take their places one after the other, without a fork", async () => {
    const { store } = fixture;
    const links = new Map<string, { sequence: number; previous: string | null }>();
    const completions = [];
    for (let i = 0; i < 5; i++) {
      const held = await sealable(fixture, (await makeProject(fixture)).uid);
      completions.push(() =>
        store.completeDeletion(held.id, held.token, async ({ sequence, previousHash }) => {
          const jws = `${held.id} ${sequence} ${previousHash}`;
          links.set(hashOf(jws), { sequence, previous: previousHash });
          return { jws, hash: hashOf(jws) };
        }),
      );
    }
    await Promise.all(completions.map((call) => call()));
    const receipts = await store.uncopiedReceipts(10);
    expect(receipts.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    let previous: string | null = null;
    for (const { sequence, hash } of receipts) {
      expect(links.get(hash)).toEqual({ sequence, previous });
      previous = hash;
    }
  });
}

function copies(fixture: Fixture): void {
  test("receipts wait for their copy in the order of the chain until it is marked", async () => {
    const { store } = fixture;
    const receipts = [await issue(fixture), await issue(fixture), await issue(fixture)];
    expect(await store.uncopiedReceipts(10)).toEqual(receipts);
    expect(await store.uncopiedReceipts(2)).toEqual(receipts.slice(0, 2));
    for (let times = 0; times < 2; times++) {
      await store.markReceiptCopied(receipts[1]?.projectUid ?? "");
      expect(await store.uncopiedReceipts(10)).toEqual([receipts[0], receipts[2]]);
    }
    await store.markReceiptCopied("none");
    expect(await store.findReceipt(receipts[1]?.projectUid ?? "")).toEqual(receipts[1]);
  });
}

function keys(fixture: Fixture): void {
  const key = (kid: string): PublicKey => ({
    kty: "OKP",
    crv: "Ed25519",
    x: Buffer.from(kid.padEnd(32)).toString("base64url"),
    kid,
    use: "sig",
    alg: "EdDSA",
  });

  test("every public key is kept, once, also when several processes bring it", async () => {
    const { store } = fixture;
    expect(await store.listPublicKeys()).toEqual([]);
    await store.keepPublicKey(key("old"));
    await Promise.all(Array.from({ length: 4 }, () => store.keepPublicKey(key("new"))));
    await store.keepPublicKey(key("old"));
    const kept = await store.listPublicKeys();
    expect(kept).toHaveLength(2);
    expect(new Set(kept)).toEqual(new Set([key("old"), key("new")]));
  });

  test("the store is bound once, also by several processes at once, until it is replaced", async () => {
    const { store } = fixture;
    expect(await store.boundStore()).toBeNull();
    const ids = await Promise.all(
      ["a", "b", "c"].map((name) => store.bindStore(name.repeat(26), false)),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await store.boundStore()).toBe(ids[0]);
    expect(await store.bindStore("d".repeat(26), true)).toBe("d".repeat(26));
    expect(await store.bindStore("e".repeat(26), false)).toBe("d".repeat(26));
    expect(await store.boundStore()).toBe("d".repeat(26));
  });
}
