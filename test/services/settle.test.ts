import { describe, expect, it } from "vitest";
import { parseAmendment } from "../../src/core/amendment.ts";
import { canonicalKey, canonicalPrefix } from "../../src/core/keys.ts";
import { receiptHash } from "../../src/core/receipt.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import { runSettle } from "../../src/services/purge/settle.ts";
import { verifyAmendment } from "../../src/services/receipts.ts";
import { scanOnce } from "../../src/services/worker.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture, WAIT_MS } from "../support/deletion-fixture.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys } = fixture;
const NEVER = new AbortController().signal;
const LAYOUTS = [{ name: "old", template: "old/{project}/**" }];

/** Deletes a project whose first look is due at once. */
async function deleted(): Promise<{ id: string; uid: string }> {
  const uid = await project("p1");
  await putText(fixture.service, "p1", "a.txt", "12345");
  const { id } = await deleteAndWait("p1");
  return { id, uid };
}

async function amendmentsOf(uid: string) {
  const { signer } = fixture.service.context;
  const { jws, amendments } = await fixture.service.services.receipts.get(ADMIN, uid);
  const keys = [signer.publicKey];
  return await Promise.all(amendments.map((each) => verifyAmendment(signer, each, jws, keys)));
}

describe("the later look at a completed deletion", () => {
  it("finds it clean, says so, and touches nothing", async () => {
    await start({ settleMs: [0], layouts: LAYOUTS });
    const { id, uid } = await deleted();
    await project("p10");
    await putText(fixture.service, "p10", "a.txt", "sibling");
    await fixture.service.objects.put("old/p10/x", BYTES);
    const before = keys();
    expect(await runSettle(fixture.service.context, id, NEVER)).toMatchObject({
      result: "clean",
      found: 0,
    });
    expect(keys()).toEqual(before);
    expect(await fixture.service.services.deletions.settles(ADMIN, id)).toMatchObject([
      { result: "clean", found: 0 },
    ]);
    expect(await amendmentsOf(uid)).toEqual([]);
    expect(await runSettle(fixture.service.context, id, NEVER)).toBeNull();
  });

  it("removes what came back on any surface, and states it beside the receipt, which stays", async () => {
    await start({ settleMs: [0], layouts: LAYOUTS });
    const { id, uid } = await deleted();
    const before = await fixture.service.services.receipts.get(ADMIN, uid);
    const key = `${canonicalPrefix(uid)}late`;
    await fixture.service.objects.put("old/p1/back", BYTES);
    await fixture.service.objects.put("old/p1/again", BYTES);
    await fixture.service.objects.put(key, BYTES);
    const open = await fixture.service.objects.createUpload(key, "x/y");
    await fixture.service.objects.uploadPart(key, open, 1, {
      body: bodyOf(BYTES),
      sizeBytes: BYTES.length,
    });
    expect(await runSettle(fixture.service.context, id, NEVER)).toMatchObject({
      result: "amended",
      found: 4,
    });
    expect(keys()).toEqual([]);
    expect(fixture.service.objects.snapshot().uploads.size).toBe(0);
    const after = await fixture.service.services.receipts.get(ADMIN, uid);
    expect(after.jws).toBe(before.jws);
    const [amendment] = await amendmentsOf(uid);
    expect(amendment).toMatchObject({
      sequence: 2,
      previous: receiptHash(before.jws),
      receiptHash: receiptHash(before.jws),
      deletion: id,
      found: 4,
      deleted: 4,
      residue: 0,
    });
    expect(amendment?.surfaces.map(({ surface, found }) => [surface, found])).toEqual([
      ["canonical", 1],
      ["legacy:old", 2],
      ["multipart", 1],
    ]);
    expect((await fixture.service.services.deletions.get(ADMIN, id)).state).toBe("completed");
    expect(fixture.service.log.text()).toContain("something of a deleted project is there again");
  });

  it("says unknown while a surface cannot be listed, and looks again", async () => {
    let isBroken = false;
    await start({
      settleMs: [0],
      wrap: (store) =>
        withMethods(store, {
          listUploads: async (prefix, options) => {
            if (!isBroken) return await store.listUploads(prefix, options);
            throw new StoreError("access-denied", "blocked", "denied on purpose");
          },
        }),
    });
    const { id, uid } = await deleted();
    isBroken = true;
    expect(await runSettle(fixture.service.context, id, NEVER)).toMatchObject({
      result: "unknown",
    });
    expect(fixture.service.log.text()).toContain("could not settle");
    expect(await amendmentsOf(uid)).toEqual([]);
    // It is due again only after a while.
    expect(await runSettle(fixture.service.context, id, NEVER)).toBeNull();
  });

  it("states what came back and cannot be removed as residue", async () => {
    await start({ settleMs: [0] });
    const { id, uid } = await deleted();
    const key = `${canonicalPrefix(uid)}locked`;
    await fixture.service.objects.put(key, BYTES);
    fixture.service.objects.failures.refuse = (asked) =>
      asked === key
        ? {
            key,
            result: "blocked",
            retryable: false,
            code: "object-locked",
            message: "locked on purpose",
          }
        : null;
    expect(await runSettle(fixture.service.context, id, NEVER)).toMatchObject({
      result: "amended",
      found: 1,
    });
    expect(await amendmentsOf(uid)).toMatchObject([{ found: 1, deleted: 0, residue: 1 }]);
  });

  it("counts what was removed before a crash", async () => {
    await start({ settleMs: [0] });
    const { id, uid } = await deleted();
    await fixture.service.objects.put(`${canonicalPrefix(uid)}late`, BYTES);
    const { context } = fixture.service;
    const dying = {
      ...context,
      metadata: withMethods(context.metadata, {
        finishSettle: () => Promise.reject(new Error("killed on purpose")),
      }),
    };
    await expect(runSettle(dying, id, NEVER)).rejects.toThrow("killed on purpose");
    expect(keys()).toEqual([]);
    expect(await runSettle(context, id, NEVER)).toMatchObject({ result: "amended", found: 1 });
  });

  it("is found by the scan, and the copy of an amendment is put into the store", async () => {
    await start({ settleMs: [0] });
    const { id, uid } = await deleted();
    await fixture.service.objects.put(`${canonicalPrefix(uid)}late`, BYTES);
    await scanOnce(fixture.service.context);
    const { deletions } = fixture.service.services;
    await expect.poll(async () => (await deletions.settles(ADMIN, id)).length).toBe(1);
    await scanOnce(fixture.service.context);
    const copy = `.expunge/receipts/${uid}.2.jws`;
    await expect
      .poll(() => fixture.service.objects.snapshot().objects.has(copy), { timeout: WAIT_MS })
      .toBe(true);
    const [jws] = (await fixture.service.services.receipts.get(ADMIN, uid)).amendments;
    const bytes = fixture.service.objects.snapshot().objects.get(copy);
    expect(new TextDecoder().decode(bytes)).toBe(jws);
  });

  it("removes versions and markers that came back, version by version", async () => {
    await start({ settleMs: [0], store: { versioning: "enabled" } });
    const { id, uid } = await deleted();
    const key = canonicalKey(uid, uid);
    await fixture.service.objects.put(key, BYTES);
    await fixture.service.objects.put(key, BYTES);
    await fixture.service.objects.remove([key]);
    expect(await runSettle(fixture.service.context, id, NEVER)).toMatchObject({ found: 3 });
    const own = fixture.service.objects
      .snapshot()
      .versions.filter((version) => version.key.startsWith("projects/"));
    expect(own).toEqual([]);
  });
});

describe("an amendment", () => {
  it("is refused when it is one of another receipt, or has another form", async () => {
    await start({ settleMs: [0] });
    const { id, uid } = await deleted();
    await fixture.service.objects.put(`${canonicalPrefix(uid)}late`, BYTES);
    await runSettle(fixture.service.context, id, NEVER);
    const { signer } = fixture.service.context;
    const trusted = [signer.publicKey];
    const { jws, amendments } = await fixture.service.services.receipts.get(ADMIN, uid);
    const amendment = amendments[0] ?? "";
    await expect(verifyAmendment(signer, amendment, `${jws}x`, trusted)).rejects.toMatchObject({
      code: "invalid-receipt",
    });
    await expect(verifyAmendment(signer, jws, jws, trusted)).rejects.toMatchObject({
      code: "invalid-receipt",
    });
    expect(() => parseAmendment(new TextEncoder().encode("{"))).toThrow("not JSON");
    expect(() => parseAmendment(new TextEncoder().encode("null"))).toThrow("not an amendment");
    expect(() => parseAmendment(new TextEncoder().encode('{ "version": 1 }'))).toThrow(
      "not in canonical form",
    );
  });
});
