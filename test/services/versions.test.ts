import { describe, expect, it } from "vitest";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import { makePlan } from "../../src/services/plan.ts";
import { sweepPrefix } from "../../src/services/sweep.ts";
import { removeObjects } from "../../src/services/versions.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";

const fixture = deletionFixture();
const LAYOUTS = [{ name: "old", template: "old/{project}/**" }];

async function startVersioned(versioning: "enabled" | "suspended" = "enabled") {
  return await fixture.start({ layouts: LAYOUTS, store: { versioning: "enabled" } }).then((one) => {
    if (versioning === "suspended") one.objects.setVersioning("suspended");
    return one;
  });
}

/** Versions and markers of everything but what expunge keeps for itself. */
function versions(): readonly string[] {
  return fixture.service.objects
    .snapshot()
    .versions.filter(({ key }) => !key.startsWith(".expunge/"))
    .map(({ key, isDeleteMarker }) => `${key}${isDeleteMarker ? " marker" : ""}`);
}

describe("a store that keeps versions", () => {
  it("is emptied version by version, markers included, with exact counts and no marker added", async () => {
    const { objects, services } = await startVersioned();
    const uid = await fixture.project("p1");
    const siblingUid = await fixture.project("p10");
    const key = await putText(fixture.service, "p1", "a.txt", "tracked");
    await putText(fixture.service, "p10", "a.txt", "sibling");
    for (let i = 0; i < 3; i++) await objects.put(`${canonicalPrefix(uid)}stray`, BYTES);
    for (let i = 0; i < 2; i++) await objects.put("old/p1/x", BYTES);
    await objects.remove(["old/p1/x"]);
    await objects.put("old/p10/x", BYTES);
    const plan = await makePlan(fixture.service.context, { id: "p1", uid });
    expect(plan.surfaces.map(({ surface, objects }) => [surface, objects])).toEqual([
      ["tracked", 1],
      ["canonical", 1],
      ["legacy:old", 1],
      ["multipart", 0],
      ["versions", 4],
    ]);
    const deletion = await fixture.deleteAndWait("p1");
    expect(deletion.state).toBe("completed");
    expect(versions()).toEqual([
      "old/p10/x",
      expect.stringMatching(`^projects/${siblingUid}/[^ ]+$`),
    ]);
    expect(fixture.counts(deletion, "tracked")).toMatchObject({ found: 1, deleted: 1, absent: 0 });
    expect(fixture.counts(deletion, "canonical")).toMatchObject({ found: 1, deleted: 1 });
    expect(fixture.counts(deletion, "legacy:old")).toMatchObject({ found: 1, deleted: 1 });
    expect(fixture.counts(deletion, "versions")).toMatchObject({
      found: 4,
      deleted: 4,
      bytes: 3 * BYTES.length,
    });
    const { payload } = await services.receipts.get(ADMIN, uid);
    expect(payload.totals.deleted).toBe(7);
    expect(payload.merkle.leaves).toBe(7);
    expect(payload.surfaces.find(({ surface }) => surface === "versions")?.guarantee).toBe(
      "emptied",
    );
    expect(payload.sweeps.filter(({ surface }) => surface === "versions").length).toBeGreaterThan(
      1,
    );
    expect(payload.capabilities["versioning"]).toBe("enabled");
    expect(key).not.toBe("");
  });

  it("holds versions still where versioning was suspended, and they go too", async () => {
    const { objects } = await startVersioned("suspended");
    const uid = await fixture.project("p1");
    objects.setVersioning("enabled");
    await objects.put(`${canonicalPrefix(uid)}x`, BYTES);
    objects.setVersioning("suspended");
    await objects.put(`${canonicalPrefix(uid)}x`, BYTES);
    await objects.remove([`${canonicalPrefix(uid)}x`]);
    expect(versions()).toHaveLength(2);
    expect((await fixture.deleteAndWait("p1")).state).toBe("completed");
    expect(versions()).toEqual([]);
  });

  it("blocks a deletion whose versions may not be listed, and is emptied once they may", async () => {
    const { objects, services } = await startVersioned();
    await fixture.project("p1");
    await putText(fixture.service, "p1", "a.txt", "text");
    const denied = new StoreError("access-denied", "blocked", "not allowed");
    objects.failures.fail = (call) => (call === "listVersions" ? denied : null);
    const blocked = await fixture.deleteAndWait("p1");
    expect(blocked.blocked).toMatchObject({ code: "access-denied" });
    const residue = await services.deletions.residue(ADMIN, blocked.id, 10);
    expect(residue.every(({ outcome }) => outcome === "unknown")).toBe(true);
    expect(versions()).toHaveLength(1);
    objects.failures.fail = null;
    await services.deletions.retry(ADMIN, blocked.id);
    const done = await fixture.deleteAndWait("p1");
    expect(done.state).toBe("completed");
    expect(fixture.counts(done, "tracked")).toMatchObject({ found: 1, deleted: 1 });
  });

  it("names a version that is locked, and completes after its release", async () => {
    const { objects, services } = await startVersioned();
    const uid = await fixture.project("p1");
    const locked = `${canonicalPrefix(uid)}locked`;
    for (let i = 0; i < 2; i++) await objects.put(locked, BYTES);
    await putText(fixture.service, "p1", "free.txt", "free");
    objects.failures.refuse = (key) =>
      key === locked
        ? { result: "blocked", retryable: false, code: "object-locked", message: "legal hold" }
        : null;
    const blocked = await fixture.deleteAndWait("p1");
    expect(blocked).toMatchObject({ state: "deleting", residueTotal: 2 });
    const residue = await services.deletions.residue(ADMIN, blocked.id, 10);
    expect(residue.map(({ key, code }) => [key, code])).toEqual([
      [locked, "object-locked"],
      [locked, "object-locked"],
    ]);
    expect(residue[0]?.message).toMatch(/legal hold \(version v\d+\)/);
    objects.failures.refuse = null;
    await services.deletions.retry(ADMIN, blocked.id);
    expect((await fixture.deleteAndWait("p1")).state).toBe("completed");
    expect(versions()).toEqual([]);
  });

  it("is found out when versioning is turned on in the midst of a deletion", async () => {
    const { objects } = await fixture.start();
    const uid = await fixture.project("p1");
    for (let i = 0; i < 5; i++) await objects.put(`${canonicalPrefix(uid)}${i}`, BYTES);
    objects.failures.fail = (call) => {
      if (call === "remove") objects.setVersioning("enabled");
      return null;
    };
    const deletion = await fixture.deleteAndWait("p1");
    expect(deletion.state).toBe("completed");
    expect(versions()).toEqual([]);
    // What was hidden first and removed then was one object, and lost once.
    expect(fixture.counts(deletion, "canonical")).toMatchObject({
      found: 5,
      deleted: 5,
      bytes: 5 * BYTES.length,
    });
    expect(fixture.counts(deletion, "versions")).toMatchObject({ found: 5, deleted: 5, bytes: 0 });
  });

  it("loses every version of a single file that is deleted or overwritten (R12)", async () => {
    const { services } = await startVersioned();
    await fixture.project("p1");
    await putText(fixture.service, "p1", "a.txt", "first");
    const second = await putText(fixture.service, "p1", "a.txt", "second");
    await expect.poll(versions).toEqual([second]);
    const answer = await services.files.delete(ADMIN, "p1", "a.txt");
    expect(answer.outcome).toBe("deleted");
    expect(versions()).toEqual([]);
  });

  it("is swept by prefix to its last version and marker, and verified", async () => {
    const { objects, context } = await startVersioned();
    for (let i = 0; i < 3; i++) await objects.put("p/a", BYTES);
    await objects.remove(["p/a", "p/none"]);
    await objects.put("q/a", BYTES);
    const options = { prefix: "p/", includeExpunge: false, dryRun: false };
    const report = await sweepPrefix(context, options);
    expect(report).toMatchObject({ found: 5, deleted: 5, verified: true, residue: [] });
    expect(versions()).toEqual(["q/a"]);
  });

  it("counts a version once whose marker went before it, and that was held until then (I7)", async () => {
    const { objects, services } = await startVersioned();
    const uid = await fixture.project("p1");
    const key = `${canonicalPrefix(uid)}held`;
    await objects.put(key, BYTES);
    await objects.remove([key]);
    let isHeld = true;
    objects.failures.refuse = (_key, versionId) =>
      isHeld && versionId === "v1"
        ? { result: "blocked", retryable: false, code: "object-locked", message: "legal hold" }
        : null;
    const blocked = await fixture.deleteAndWait("p1");
    expect(blocked.residueTotal).toBe(1);
    expect(versions()).toEqual([key]);
    isHeld = false;
    await services.deletions.retry(ADMIN, blocked.id);
    await fixture.deleteAndWait("p1");
    const { payload } = await services.receipts.get(ADMIN, uid);
    expect(payload.totals).toEqual({ deleted: 2, absent: 0, bytes: BYTES.length });
  });

  it("takes a tracked file that a marker hides for one that a listing showed", async () => {
    const { objects } = await startVersioned();
    await fixture.project("p1");
    const key = await putText(fixture.service, "p1", "a.txt", "hidden");
    await objects.remove([key]);
    const deletion = await fixture.deleteAndWait("p1");
    expect(fixture.counts(deletion, "tracked")).toMatchObject({ found: 1, deleted: 1, absent: 0 });
    expect(fixture.counts(deletion, "versions")).toMatchObject({ found: 1, deleted: 1 });
  });

  it("is asked anew before a file's object is called gone: versions may be kept since a moment ago", async () => {
    const { objects, services } = await fixture.start();
    await fixture.project("p1");
    await putText(fixture.service, "p1", "a.txt", "text");
    objects.setVersioning("enabled");
    expect((await services.files.delete(ADMIN, "p1", "a.txt")).outcome).toBe("deleted");
    expect(versions()).toEqual([]);
  });

  it("goes on with other keys where the versions of one cannot be listed", async () => {
    const { context, objects } = await startVersioned();
    for (const key of ["r/1", "r/2", "r/3"]) await objects.put(key, BYTES);
    const denied = new StoreError("access-denied", "blocked", "not allowed");
    objects.failures.fail = (call, key) =>
      call === "listVersions" && key === "r/2" ? denied : null;
    const refused = await removeObjects(context, ["r/1", "r/2", "r/3"], true);
    expect(refused).toMatchObject([{ key: "r/2", outcome: "blocked", code: "access-denied" }]);
    expect(versions()).toEqual(["r/2"]);
  });
});

describe("an upload that nobody recorded", () => {
  it("counts as the object that it becomes, when its owner completes it before the abort", async () => {
    const { objects, services } = await fixture.start({ layouts: LAYOUTS });
    const uid = await fixture.project("p1");
    const uploadId = await objects.createUpload("old/p1/x", "x/y");
    const body = bodyOf(BYTES);
    const part = await objects.uploadPart("old/p1/x", uploadId, 1, {
      body,
      sizeBytes: BYTES.length,
    });
    const abort = objects.abortUpload.bind(objects);
    objects.abortUpload = async (key, id) => {
      if (id === uploadId) await objects.completeUpload(key, id, [part]);
      await abort(key, id);
    };
    expect((await fixture.deleteAndWait("p1")).state).toBe("completed");
    const { payload } = await services.receipts.get(ADMIN, uid);
    expect(payload.totals).toEqual({ deleted: 1, absent: 0, bytes: BYTES.length });
  });
});
