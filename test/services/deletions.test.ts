import { describe, expect, it } from "vitest";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture, WAIT_MS } from "../support/deletion-fixture.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys, counts } = fixture;

describe("deleting a project", () => {
  it("empties every surface, leaves siblings alone, and states exact counts in a receipt", async () => {
    await start({ layouts: [{ name: "old", template: "old/{project}/**" }] });
    const uid = await project("p1");
    const sibling = await project("p10");
    await putText(fixture.service, "p1", "a.txt", "12345");
    await putText(fixture.service, "p1", "b/c.txt", "123");
    await putText(fixture.service, "p10", "a.txt", "sibling");
    await fixture.service.objects.put(`${canonicalPrefix(uid)}stray`, BYTES);
    await fixture.service.objects.put("old/p1/x", BYTES);
    await fixture.service.objects.put("old/p10/x", BYTES);
    const open = await fixture.service.objects.createUpload(`${canonicalPrefix(uid)}open`, "x/y");
    await fixture.service.objects.uploadPart(`${canonicalPrefix(uid)}open`, open, 1, {
      body: bodyOf(BYTES),
      sizeBytes: BYTES.length,
    });
    const deletion = await deleteAndWait("p1");
    expect(deletion.state).toBe("completed");
    expect(counts(deletion, "tracked")).toMatchObject({ found: 2, deleted: 2, bytes: 8 });
    expect(counts(deletion, "canonical")).toMatchObject({ found: 1, deleted: 1, bytes: 7 });
    expect(counts(deletion, "legacy:old")).toMatchObject({ found: 1, deleted: 1, bytes: 7 });
    expect(counts(deletion, "multipart")).toMatchObject({ found: 1, deleted: 1, bytes: 7 });
    expect(keys()).toHaveLength(2);
    expect(keys()).toContain("old/p10/x");
    expect(keys().some((key) => key.startsWith(canonicalPrefix(sibling)))).toBe(true);
    expect(fixture.service.objects.snapshot().uploads.size).toBe(0);
    const { payload } = await fixture.service.services.receipts.get(ADMIN, uid);
    expect(payload.totals).toEqual({ deleted: 5, absent: 0, bytes: 29 });
    expect(payload.surfaces.map(({ surface, guarantee }) => [surface, guarantee])).toEqual([
      ["tracked", "emptied"],
      ["canonical", "fenced"],
      ["legacy:old", "emptied"],
      ["multipart", "emptied"],
    ]);
    expect(payload.merkle.leaves).toBe(5);
  });

  it("counts a tracked key whose object is missing as absent, not as deleted", async () => {
    await start();
    await project("p1");
    const key = await putText(fixture.service, "p1", "a.txt", "12345");
    await putText(fixture.service, "p1", "b.txt", "12345");
    await fixture.service.objects.remove([key]);
    const deletion = await deleteAndWait("p1");
    expect(counts(deletion, "tracked")).toMatchObject({ found: 1, deleted: 1, absent: 1 });
  });

  it("writes a tombstone before and a receipt's copy after, and reads neither as residue", async () => {
    await start();
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    await deleteAndWait("p1");
    await expect
      .poll(() => [...fixture.service.objects.snapshot().objects.keys()].sort())
      .toEqual([
        `.expunge/receipts/${uid}.jws`,
        expect.stringMatching(new RegExp(`^\\.expunge/tombstones/.*-${uid}\\.json$`)) as string,
      ]);
  });

  it("takes a plan without changing anything", async () => {
    await start();
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    await fixture.service.objects.put(`${canonicalPrefix(uid)}stray`, BYTES);
    const before = keys();
    const plan = await fixture.service.services.deletions.plan(ADMIN, "p1");
    expect(plan).toMatchObject({ projectId: "p1", objects: 2, bytes: 12 });
    expect(plan.surfaces.map(({ surface, objects }) => [surface, objects])).toEqual([
      ["tracked", 1],
      ["canonical", 1],
      ["multipart", 0],
    ]);
    expect(keys()).toEqual(before);
    expect((await fixture.service.services.projects.get(ADMIN, "p1")).state).toBe("active");
  });

  it("refuses a deletion that is larger than allowed, and changes nothing", async () => {
    await start();
    await project("p1");
    for (const name of ["a", "b", "c"]) await putText(fixture.service, "p1", name, "x");
    const refused = fixture.service.services.deletions.request(ADMIN, "p1", { maxObjects: 2 });
    await expect(refused).rejects.toMatchObject({ code: "too-many-objects" });
    expect((await fixture.service.services.projects.get(ADMIN, "p1")).state).toBe("active");
    const allowed = await fixture.service.services.deletions.request(ADMIN, "p1", {
      maxObjects: 3,
    });
    expect((await fixture.service.services.deletions.wait(allowed, WAIT_MS)).state).toBe(
      "completed",
    );
  });

  it("joins repeated requests to one deletion with one receipt", async () => {
    await start();
    await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    const requests = Array.from({ length: 20 }, () => deleteAndWait("p1"));
    const ids = new Set((await Promise.all(requests)).map(({ id, state }) => `${id} ${state}`));
    expect(ids.size).toBe(1);
    expect((await deleteAndWait("p1")).state).toBe("completed");
  });

  it("keeps everything within the grace, refuses writes, and can be undone", async () => {
    await start();
    await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    const { deletions, files, projects } = fixture.service.services;
    const trashed = await deletions.request(ADMIN, "p1", { graceMs: 60_000 });
    expect(trashed.state).toBe("trashed");
    await expect(putText(fixture.service, "p1", "b.txt", "x")).rejects.toMatchObject({
      code: "project-not-active",
    });
    expect((await files.head(ADMIN, "p1", "a.txt")).sizeBytes).toBe(5);
    expect((await deletions.restore(ADMIN, "p1")).state).toBe("restored");
    expect((await projects.get(ADMIN, "p1")).state).toBe("active");
    await putText(fixture.service, "p1", "b.txt", "x");
    expect(keys()).toHaveLength(2);
  });

  it("brings the purge forward when it is asked for again with a smaller grace", async () => {
    await start();
    await project("p1");
    const first = await fixture.service.services.deletions.request(ADMIN, "p1", {
      graceMs: 60_000,
    });
    const later = await fixture.service.services.deletions.request(ADMIN, "p1", {
      graceMs: 120_000,
    });
    expect(later.purgeAfter).toBe(first.purgeAfter);
    const now = await fixture.service.services.deletions.request(ADMIN, "p1", { graceMs: 0 });
    expect(now.id).toBe(first.id);
    expect((await fixture.service.services.deletions.wait(now, WAIT_MS)).state).toBe("completed");
  });

  it("is refused while a hold stands", async () => {
    await start();
    await project("p1");
    await fixture.service.services.projects.placeHold(ADMIN, "p1", "case 7");
    await expect(deleteAndWait("p1")).rejects.toMatchObject({ code: "project-held" });
    await fixture.service.services.projects.releaseHold(ADMIN, "p1");
    expect((await deleteAndWait("p1")).state).toBe("completed");
  });

  it("ends an upload that is still sending, which leaves nothing behind", async () => {
    await start();
    await project("p1");
    const sending = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield BYTES;
      sending.resolve();
      await goOn.promise;
      yield BYTES;
    }
    const put = fixture.service.services.files.put(ADMIN, "p1", {
      path: "slow.bin",
      body: slowly(),
      sizeBytes: 2 * BYTES.length,
      contentType: "text/plain",
      metadata: {},
      checksums: {},
    });
    const refused = expect(put).rejects.toThrow(Error);
    await sending.promise;
    const deletion = await deleteAndWait("p1");
    goOn.resolve();
    await refused;
    expect(deletion.state).toBe("completed");
    expect(keys()).toEqual([]);
    expect(fixture.service.objects.snapshot().uploads.size).toBe(0);
  });

  it("starts every log line of a deletion with its id", async () => {
    await start();
    const uid = await project("p1");
    await putText(fixture.service, "p1", "secret-name.txt", "12345");
    const { id } = await deleteAndWait("p1");
    const lines = fixture.service.log.events().filter(({ deletion }) => deletion === id);
    expect(lines.length).toBeGreaterThan(5);
    for (const { msg } of lines) expect(msg).toMatch(new RegExp(`^\\[${id}\\] `));
    expect(fixture.service.log.lines.join("")).not.toContain("secret-name");
    expect(uid).toHaveLength(26);
  });
});

describe("a deletion that cannot go on", () => {
  it("names the blocked key, gives no receipt, and completes by retry once the cause is gone", async () => {
    let locked = true;
    await start();
    fixture.service.objects.failures.refuse = (key) =>
      locked && key.endsWith("stray")
        ? { result: "blocked", retryable: false, code: "object-locked", message: "under lock" }
        : null;
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    await fixture.service.objects.put(`${canonicalPrefix(uid)}stray`, BYTES);
    const blocked = await deleteAndWait("p1");
    expect(blocked.state).toBe("deleting");
    expect(blocked.blocked).toMatchObject({ code: "object-locked" });
    expect(counts(blocked, "canonical")).toMatchObject({ found: 1, deleted: 0, blocked: 1 });
    expect(counts(blocked, "tracked")).toMatchObject({ found: 1, deleted: 1 });
    expect(await fixture.service.services.deletions.residue(ADMIN, blocked.id, 10)).toEqual([
      {
        surface: "canonical",
        key: `${canonicalPrefix(uid)}stray`,
        outcome: "blocked",
        code: "object-locked",
        message: "under lock",
      },
    ]);
    await expect(fixture.service.services.receipts.get(ADMIN, uid)).rejects.toMatchObject({
      code: "receipt-not-found",
    });
    locked = false;
    const retried = await fixture.service.services.deletions.retry(ADMIN, blocked.id);
    const completed = await fixture.service.services.deletions.wait(retried, WAIT_MS);
    expect(completed).toMatchObject({
      id: blocked.id,
      state: "completed",
      blocked: null,
      residueTotal: 0,
    });
    const { payload } = await fixture.service.services.receipts.get(ADMIN, uid);
    expect(payload.totals).toEqual({ deleted: 2, absent: 0, bytes: 12 });
  });

  it("is not completed by a store that says gone and keeps the object", async () => {
    await start({
      wrap: (store) =>
        withMethods(store, {
          remove: (asked) =>
            Promise.resolve(asked.map((key) => ({ key, result: "gone" as const }))),
        }),
    });
    await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    const deletion = await deleteAndWait("p1");
    expect(deletion.blocked).toMatchObject({ code: "reappeared" });
    expect(deletion.residueTotal).toBe(1);
  });
});
