import { describe, expect, it } from "vitest";
import { canonicalPrefix, tombstoneKey } from "../../src/core/keys.ts";
import type { MetadataSnapshot } from "../../src/adapters/memory/metadata/state.ts";
import { runPurge } from "../../src/services/purge/purge.ts";
import { copyReceipts } from "../../src/services/receipts.ts";
import { guardRestore } from "../../src/services/restore-guard.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture, WAIT_MS } from "../support/deletion-fixture.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys } = fixture;
const LAYOUTS = [{ name: "old", template: "old/{project}/**" }];

/** A backup is taken, then the project is deleted; the copy of its receipt is waited for. */
async function deletedAfterBackup(id = "p1"): Promise<{ backup: MetadataSnapshot; uid: string }> {
  const uid = await project(id);
  await putText(fixture.service, id, "a.txt", "12345");
  const backup = fixture.service.metadata.snapshot();
  await deleteAndWait(id);
  await receiptIsCopied(uid);
  return { backup, uid };
}

async function receiptIsCopied(uid: string): Promise<void> {
  await expect
    .poll(() => fixture.service.objects.snapshot().objects.has(`.expunge/receipts/${uid}.jws`))
    .toBe(true);
}

async function settled(id: string): Promise<void> {
  const { deletions } = fixture.service.services;
  const deletion = await deletions.get(ADMIN, id);
  expect(await deletions.wait(deletion, WAIT_MS)).toMatchObject({ state: "completed" });
}

describe("a database that was restored from a backup", () => {
  it("does not revive a project that was deleted since: it is deleted again (I11)", async () => {
    await start({ layouts: LAYOUTS });
    const { backup, uid } = await deletedAfterBackup();
    const { jws } = await fixture.service.services.receipts.get(ADMIN, uid);
    fixture.service.metadata.restore(backup);
    expect((await fixture.service.services.projects.get(ADMIN, "p1")).state).toBe("active");
    const { tombstones, buried } = await guardRestore(fixture.service.context);
    expect([tombstones, buried.length]).toEqual([1, 1]);
    await settled(buried[0] ?? "");
    await expect(fixture.service.services.projects.get(ADMIN, "p1")).rejects.toMatchObject({
      code: "project-deleted",
    });
    const receipt = await fixture.service.services.receipts.get(ADMIN, uid);
    expect(receipt).toMatchObject({ jws, amendments: [] });
    expect(fixture.service.log.text()).toContain("the database is older than this deletion");
  });

  it("amends the receipt by what was put back together with it", async () => {
    await start({ layouts: LAYOUTS });
    const { backup, uid } = await deletedAfterBackup();
    const { jws } = await fixture.service.services.receipts.get(ADMIN, uid);
    fixture.service.metadata.restore(backup);
    await fixture.service.objects.put(`${canonicalPrefix(uid)}back`, BYTES);
    await fixture.service.objects.put("old/p1/back", BYTES);
    const { buried } = await guardRestore(fixture.service.context);
    await settled(buried[0] ?? "");
    expect(keys()).toEqual([]);
    const receipt = await fixture.service.services.receipts.get(ADMIN, uid);
    expect(receipt.jws).toBe(jws);
    expect(receipt.amendments).toHaveLength(1);
  });

  it("deletes a project again whose row is lost, and its id stays taken", async () => {
    await start();
    const backup = fixture.service.metadata.snapshot();
    const { uid } = await deletedAfterBackup();
    fixture.service.metadata.restore(backup);
    const { buried } = await guardRestore(fixture.service.context);
    await settled(buried[0] ?? "");
    await expect(
      fixture.service.services.projects.create(ADMIN, { id: "p1" }),
    ).rejects.toMatchObject({ code: "project-exists" });
    expect((await fixture.service.services.receipts.get(ADMIN, uid)).projectUid).toBe(uid);
  });

  it("leaves the legacy objects of a new project alone that has the id by now (I4)", async () => {
    await start({ layouts: LAYOUTS });
    const backup = fixture.service.metadata.snapshot();
    await deletedAfterBackup();
    fixture.service.metadata.restore(backup);
    await project("p1");
    await fixture.service.objects.put("old/p1/new", BYTES);
    const { buried } = await guardRestore(fixture.service.context);
    await settled(buried[0] ?? "");
    expect(keys()).toEqual(["old/p1/new"]);
    expect((await fixture.service.services.projects.get(ADMIN, "p1")).state).toBe("active");
  });

  it.for([
    ["in the midst of its sweep", true],
    ["before its tombstone was recorded", false],
  ] as const)(
    "keeps the one receipt of a deletion that the backup holds %s (I7)",
    async ([, isRecorded]) => {
      await start({ work: false });
      const uid = await project("p1");
      await putText(fixture.service, "p1", "a.txt", "12345");
      const { deletions } = fixture.service.services;
      const { id } = await deletions.request(ADMIN, "p1", {});
      const { metadata, context } = fixture.service;
      const { token } = (await metadata.claimDeletion(id, 1000)) ?? { token: 0 };
      await metadata.advance(id, token, "purge-began");
      if (isRecorded) await metadata.recordTombstone(id, token, tombstoneKey(Date.now(), uid));
      await metadata.releaseClaim(id, token);
      const backup = metadata.snapshot();
      await runPurge(context, id, new AbortController().signal);
      await copyReceipts(context, new AbortController().signal);
      const { jws } = await fixture.service.services.receipts.get(ADMIN, uid);
      metadata.restore(backup);
      expect((await guardRestore(context)).buried).toEqual([]);
      expect(await runPurge(context, id, new AbortController().signal)).toBe("completed");
      expect((await fixture.service.services.receipts.get(ADMIN, uid)).jws).toBe(jws);
    },
  );

  it("goes on with the chain of receipts where it was", async () => {
    await start();
    const { backup } = await deletedAfterBackup();
    const { uid: second } = await deletedAfterBackup("p2");
    const before = await fixture.service.services.receipts.get(ADMIN, second);
    fixture.service.metadata.restore(backup);
    const { buried } = await guardRestore(fixture.service.context);
    expect(buried).toHaveLength(2);
    for (const id of buried) await settled(id);
    const third = await project("p3");
    await deleteAndWait("p3");
    const { payload } = await fixture.service.services.receipts.get(ADMIN, third);
    expect(payload.sequence).toBe(before.payload.sequence + 1);
  });

  it("issues a new receipt where the copy was lost or is forged", async () => {
    await start();
    const { backup, uid } = await deletedAfterBackup();
    fixture.service.metadata.restore(backup);
    await fixture.service.objects.put(`.expunge/receipts/${uid}.jws`, BYTES);
    const { buried } = await guardRestore(fixture.service.context);
    await settled(buried[0] ?? "");
    const { payload } = await fixture.service.services.receipts.get(ADMIN, uid);
    expect(payload.totals).toMatchObject({ deleted: 0, absent: 1 });
    expect(fixture.service.log.text()).toContain("the copy of the receipt is not believed");
  });
});

describe("the guard", () => {
  it("changes nothing where nothing was restored", async () => {
    await start();
    const { uid } = await deletedAfterBackup();
    const before = fixture.service.metadata.snapshot();
    expect(await guardRestore(fixture.service.context)).toEqual({ tombstones: 1, buried: [] });
    expect(fixture.service.metadata.snapshot()).toEqual(before);
    expect((await fixture.service.services.receipts.get(ADMIN, uid)).projectUid).toBe(uid);
  });

  it("reads the tombstones only from an hour before the newest that the database knows", async () => {
    await start();
    await deletedAfterBackup();
    const old = tombstoneKey(Date.now() - 7_200_000, "0".repeat(26));
    await fixture.service.objects.put(old, BYTES);
    expect((await guardRestore(fixture.service.context)).tombstones).toBe(1);
  });

  it("refuses a tombstone that says nothing, and passes over what is none", async () => {
    await start();
    await fixture.service.objects.put(".expunge/tombstones/readme.txt", BYTES);
    expect(await guardRestore(fixture.service.context)).toEqual({ tombstones: 0, buried: [] });
    expect(fixture.service.log.text()).toContain("this is no tombstone");
    const uid = await project("p1");
    for (const text of ["{", "{}", '{"version":1,"project":{"id":"p1"}}']) {
      await fixture.service.objects.put(
        tombstoneKey(Date.now(), uid),
        new TextEncoder().encode(text),
      );
      await expect(guardRestore(fixture.service.context)).rejects.toMatchObject({
        code: "store-unusable",
      });
    }
    expect((await fixture.service.services.projects.get(ADMIN, "p1")).state).toBe("active");
  });
});
