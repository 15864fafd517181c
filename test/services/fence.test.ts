import { describe, expect, it } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import { ADMIN, putText } from "../support/context.ts";
import { deletionFixture } from "../support/deletion-fixture.ts";

const fixture = deletionFixture();
const INPUT = { sizeBytes: 5, contentType: "x/y", metadata: {} };

describe("the fence of a deletion", () => {
  it("names each upload that the store does not let end, ends the others, and stands once it does", async () => {
    const { services, objects, metadata } = await fixture.start();
    const uid = await fixture.project("p1");
    await putText(fixture.service, "p1", "a.txt", "text");
    const keys: string[] = [];
    for (const path of ["a", "b", "c"]) {
      keys.push((await services.uploads.open(ADMIN, "p1", { ...INPUT, path })).key);
    }
    const [first = "", second = ""] = keys;
    const stuck = new Set([first, second]);
    const abort = objects.abortUpload.bind(objects);
    objects.abortUpload = async (key, uploadId) => {
      if (stuck.has(key)) throw new StoreError("access-denied", "blocked", "no right to abort");
      await abort(key, uploadId);
    };
    const blocked = await fixture.deleteAndWait("p1");
    expect(blocked).toMatchObject({ state: "deleting", fencedAt: null, residueTotal: 2 });
    expect(blocked.blocked).toMatchObject({ code: "access-denied" });
    const residue = await services.deletions.residue(ADMIN, blocked.id, 10);
    const named = residue.map(
      ({ surface, key, outcome, code }) => `${surface} ${key} ${outcome} ${code}`,
    );
    expect(named.sort()).toEqual(
      [first, second].sort().map((key) => `multipart ${key} blocked access-denied`),
    );
    expect([...objects.snapshot().uploads.values()].map(({ key }) => key).sort()).toEqual(
      [first, second].sort(),
    );
    expect(await metadata.findReceipt(uid)).toBeNull();
    stuck.clear();
    await services.deletions.retry(ADMIN, blocked.id);
    const done = await fixture.deleteAndWait("p1");
    expect(done).toMatchObject({ state: "completed", residueTotal: 0 });
    expect(objects.snapshot().uploads.size).toBe(0);
  });
});
