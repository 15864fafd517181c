import { describe, expect, it } from "vitest";
import { ExpungeError } from "../../src/core/errors.ts";
import { parseIdFormat } from "../../src/core/ids.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { verifyReceipt } from "../../src/services/receipts.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture, WAIT_MS } from "../support/deletion-fixture.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys, counts } = fixture;

describe("defects of the original", () => {
  const permanent = (): Promise<never> =>
    Promise.reject(new StoreError("bad-request", "permanent", "refused whole"));

  it("1: a batch call that throws is no success with nothing deleted", async () => {
    await start({ wrap: (store) => withMethods(store, { remove: permanent }) });
    await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    const deletion = await deleteAndWait("p1");
    expect(deletion.state).toBe("deleting");
    expect(counts(deletion, "tracked")).toMatchObject({ found: 1, deleted: 0, failed: 1 });
    expect(keys()).toHaveLength(1);
  });

  it("1: a batch that is refused whole is split until only the culprit is left", async () => {
    await start({
      wrap: (store) =>
        withMethods(store, {
          remove: (asked) =>
            asked.length > 1 && asked.some((key) => key.endsWith("stray"))
              ? permanent()
              : store.remove(asked),
        }),
    });
    const uid = await project("p1");
    for (const name of ["a", "b", "c"]) await putText(fixture.service, "p1", name, "x");
    await fixture.service.objects.put(`${canonicalPrefix(uid)}stray`, BYTES);
    expect((await deleteAndWait("p1")).state).toBe("completed");
  });

  it("2: a 403 while checking is unknown, never success", async () => {
    let forbidden = false;
    await start({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          list: (prefix, options) =>
            forbidden
              ? Promise.reject(new StoreError("access-denied", "blocked", "403"))
              : store.list(prefix, options),
        }),
    });
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    forbidden = true;
    const deletion = await deleteAndWait("p1");
    expect(deletion.blocked).toMatchObject({ code: "access-denied" });
    expect(counts(deletion, "canonical")).toMatchObject({ unknown: 1, deleted: 0 });
    await expect(fixture.service.services.receipts.get(ADMIN, uid)).rejects.toThrow(ExpungeError);
    forbidden = false;
    const retried = await fixture.service.services.deletions.retry(ADMIN, deletion.id);
    expect((await fixture.service.services.deletions.wait(retried, WAIT_MS)).state).toBe(
      "completed",
    );
  });

  it("3: cleanup of proj_abc1 takes nothing of proj_abc12 and nothing that only mentions the id", async () => {
    await start({
      idFormat: parseIdFormat("proj_[a-z0-9]{4}"),
      layouts: [{ name: "flat", template: "{project}_*" }],
    });
    await project("proj_abc1");
    for (const key of ["proj_abc1_scene.mp4", "proj_abc12_scene.mp4", "proj_zzzz_proj_abc1.mp4"]) {
      await fixture.service.objects.put(key, BYTES);
    }
    const deletion = await deleteAndWait("proj_abc1");
    expect(counts(deletion, "legacy:flat")).toMatchObject({ found: 1, deleted: 1 });
    expect(keys()).toEqual(["proj_abc12_scene.mp4", "proj_zzzz_proj_abc1.mp4"]);
  });

  it("4: two files of one scene do not overwrite each other", async () => {
    await start();
    await project("p1");
    const one = await putText(fixture.service, "p1", "scene1/media.mp4", "one");
    const two = await putText(fixture.service, "p1", "scene1/media2.mp4", "two");
    expect(one).not.toBe(two);
    expect(keys()).toHaveLength(2);
  });

  it("5: untracked leftovers go although tracked rows exist", async () => {
    await start({ layouts: [{ name: "old", template: "old/{project}/**" }] });
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    await fixture.service.objects.put(`${canonicalPrefix(uid)}left/over`, BYTES);
    await fixture.service.objects.put("old/p1/left", BYTES);
    expect((await deleteAndWait("p1")).state).toBe("completed");
    expect(keys()).toEqual([]);
  });

  it("6 and 13: thousands of keys are all removed, by requests of at most 1,000", async () => {
    const batches: number[] = [];
    await start({
      wrap: (store) =>
        withMethods(store, {
          remove: (asked) => {
            batches.push(asked.length);
            return store.remove(asked);
          },
        }),
    });
    const uid = await project("p1");
    for (let i = 0; i < 2500; i++)
      await fixture.service.objects.put(`${canonicalPrefix(uid)}${i}`, BYTES);
    const deletion = await deleteAndWait("p1");
    expect(counts(deletion, "canonical")).toMatchObject({ found: 2500, deleted: 2500 });
    expect(Math.max(...batches)).toBe(1000);
    expect(keys()).toEqual([]);
  });

  it("7: rows stay while a key failed, so that a retry is possible", async () => {
    await start({ wrap: (store) => withMethods(store, { remove: permanent }) });
    const uid = await project("p1");
    const key = await putText(fixture.service, "p1", "a.txt", "12345");
    await deleteAndWait("p1");
    expect(await fixture.service.metadata.trackedKeys(uid, 10)).toEqual([{ key, sizeBytes: 5 }]);
  });

  it("8: a reply that leaves out a key is no success for it", async () => {
    let silent = true;
    await start({
      wrap: (store) =>
        withMethods(store, {
          remove: async (asked) => {
            const [first, ...rest] = asked;
            const results = await store.remove(silent ? rest : asked);
            return silent ? results.filter(({ key }) => key !== first) : results;
          },
        }),
    });
    await project("p1");
    for (const name of ["a", "b"]) await putText(fixture.service, "p1", name, "x");
    const deletion = await deleteAndWait("p1");
    expect(deletion.state).toBe("deleting");
    expect(counts(deletion, "tracked")).toMatchObject({ found: 2, deleted: 1, unknown: 1 });
    silent = false;
    const retried = await fixture.service.services.deletions.retry(ADMIN, deletion.id);
    expect((await fixture.service.services.deletions.wait(retried, WAIT_MS)).state).toBe(
      "completed",
    );
  });

  it("9: an error while reading tracked keys is no empty list", async () => {
    await start();
    await project("p1");
    await putText(fixture.service, "p1", "a.txt", "x");
    const whichTracked = fixture.service.metadata.whichTracked.bind(fixture.service.metadata);
    fixture.service.metadata.whichTracked = () => Promise.reject(new Error("connection lost"));
    const deletion = await deleteAndWait("p1");
    expect(deletion.blocked).toMatchObject({ code: "internal", reason: "connection lost" });
    expect(keys()).toHaveLength(1);
    fixture.service.metadata.whichTracked = whichTracked;
    const retried = await fixture.service.services.deletions.retry(ADMIN, deletion.id);
    expect((await fixture.service.services.deletions.wait(retried, WAIT_MS)).state).toBe(
      "completed",
    );
  });

  it("9: an upload whose row cannot be written fails and leaves no object", async () => {
    await start();
    await project("p1");
    fixture.service.metadata.openUpload = () => Promise.reject(new Error("connection lost"));
    await expect(putText(fixture.service, "p1", "a.txt", "x")).rejects.toThrow("connection lost");
    expect(keys()).toEqual([]);
  });

  it("10: an upload does not fall back to another place when the store refuses", async () => {
    await start({
      wrap: (store) =>
        withMethods(store, {
          createUpload: () =>
            Promise.reject(new StoreError("access-denied", "blocked", "wrong secret")),
        }),
    });
    await project("p1");
    await expect(putText(fixture.service, "p1", "a.txt", "x")).rejects.toMatchObject({
      code: "access-denied",
    });
    await expect(fixture.service.services.files.head(ADMIN, "p1", "a.txt")).rejects.toMatchObject({
      code: "file-not-found",
    });
  });

  it("11: the project counts as deleted only with its receipt, in one transaction", async () => {
    await start();
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a.txt", "x");
    const seal = fixture.service.context.signer.sign.bind(fixture.service.context.signer);
    fixture.service.context.signer.sign = () => Promise.reject(new Error("key is locked"));
    const deletion = await deleteAndWait("p1");
    expect(deletion.state).toBe("verifying");
    expect((await fixture.service.services.projects.find(ADMIN, "p1")).state).toBe("deleting");
    fixture.service.context.signer.sign = seal;
    const retried = await fixture.service.services.deletions.retry(ADMIN, deletion.id);
    const completed = await fixture.service.services.deletions.wait(retried, WAIT_MS);
    expect(completed.state).toBe("completed");
    expect((await fixture.service.services.projects.find(ADMIN, "p1")).state).toBe("deleted");
    const receipt = await fixture.service.metadata.findReceipt(uid);
    const keysKnown = await fixture.service.metadata.listPublicKeys();
    const payload = await verifyReceipt(
      fixture.service.context.signer,
      receipt?.jws ?? "",
      keysKnown,
    );
    expect(payload.totals.deleted).toBe(1);
  });

  it("12: deleting an id that is not there is an error, not a success", async () => {
    await start();
    await expect(deleteAndWait("p1")).rejects.toMatchObject({ code: "project-not-found" });
  });

  it("16: a plan deletes no rows", async () => {
    await start();
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a.txt", "x");
    await fixture.service.services.debug.cleanupPlan(ADMIN, "p1");
    expect(await fixture.service.metadata.trackedKeys(uid, 10)).toHaveLength(1);
  });

  it("19: what uploads write is what cleanup lists", async () => {
    await start();
    const uid = await project("p1");
    const key = await putText(fixture.service, "p1", "any/where/x.txt", "x");
    const [surface] = fixture.service.context.layouts.surfacesFor({ id: "p1", uid });
    expect(surface?.owns(key)).toBe(true);
  });
});
