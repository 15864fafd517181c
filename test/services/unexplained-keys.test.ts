import { describe, expect, it } from "vitest";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import { makePlan } from "../../src/services/plan.ts";
import { putText } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";
import { withLimit } from "../support/limits.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys, counts } = fixture;
const LAYOUTS = [{ name: "old", template: "old/{project}.*" }];

/** A file whose object lies where no layout looks, as one that was taken over with its key. */
async function fileAt(key: string, uid: string): Promise<void> {
  const { context, metadata } = fixture.service;
  const { store } = context;
  const storeUploadId = await store.createUpload(key, "text/plain");
  const id = key.replaceAll(/\W/g, "-");
  await metadata.openUpload({
    id,
    projectUid: uid,
    path: key,
    key,
    fileUid: id,
    sizeBytes: BYTES.length,
    partSizeBytes: BYTES.length,
    contentType: "text/plain",
    metadata: {},
    direct: false,
    expiresInMs: 60_000,
    storeUploadId,
  });
  const body = { body: bodyOf(BYTES), sizeBytes: BYTES.length };
  const part = await store.uploadPart(key, storeUploadId, 1, body);
  await metadata.beginCompleting(id);
  await store.completeUpload(key, storeUploadId, [part]);
  await metadata.commitUpload(id, { sizeBytes: BYTES.length, sha256: null, etag: id });
}

describe("files whose keys no layout explains", () => {
  it.each(["none", "enabled"] as const)(
    "are counted and deleted by their rows, however many (versioning: %s)",
    async (versioning) => {
      await start({ store: { versioning }, layouts: LAYOUTS });
      const uid = await project("p1");
      const known = ["elsewhere/a", "elsewhere/b", "elsewhere/c"];
      for (const key of known) await fileAt(key, uid);
      await fileAt("elsewhere/gone", uid);
      await fixture.service.objects.remove(["elsewhere/gone"]);
      // Longer keys that begin like them, and a key below the layout's prefix, are of nobody.
      const foreign = ["elsewhere/aa", "old/p1.x/y"];
      for (const key of foreign) await fixture.service.objects.put(key, BYTES);
      await withLimit("removeBatchKeys", 2, async () => {
        const plan = await makePlan(fixture.service.context, { id: "p1", uid });
        const versions = versioning === "none" ? 0 : 2;
        expect([plan.objects, plan.surfaces[0]?.objects]).toEqual(
          versioning === "none" ? [3, 3] : [3 + versions, 4],
        );
        const deletion = await deleteAndWait("p1");
        expect(deletion.state).toBe("completed");
        expect(counts(deletion, "tracked")).toMatchObject(
          versioning === "none" ? { deleted: 3, absent: 1 } : { deleted: 4, absent: 0 },
        );
      });
      expect(keys()).toEqual(foreign);
    },
  );

  it("are found again by the verification, which then is none", async () => {
    let spared = true;
    await start({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          remove: async (asked, signal) => {
            if (!spared) return await store.remove(asked, signal);
            spared = false;
            return asked.map((key) => ({ key, result: "gone" as const }));
          },
        }),
    });
    const uid = await project("p1");
    await fileAt("elsewhere/a", uid);
    expect(await deleteAndWait("p1")).toMatchObject({ state: "completed" });
    expect(fixture.service.log.text()).toContain("verification found something");
    expect(keys()).toEqual([]);
  });
});

describe("a dry count", () => {
  it("shows a few keys of each surface, counts uploads, and stops where enough were seen", async () => {
    await start({ layouts: LAYOUTS });
    const uid = await project("p1");
    for (const name of ["a", "b", "c"]) await putText(fixture.service, "p1", name, "x");
    await fixture.service.objects.createUpload("old/p1.open", "text/plain");
    await fixture.service.objects.createUpload("old/p1.x/open", "text/plain");
    const { context } = fixture.service;
    await withLimit("sampleKeysShown", 2, async () => {
      const { objects, surfaces } = await makePlan(context, { id: "p1", uid });
      expect(objects).toBe(4);
      const shown = surfaces.map(({ surface, objects, sampleKeys }) => [
        surface,
        objects,
        sampleKeys.length,
      ]);
      expect(shown).toEqual([
        ["tracked", 3, 2],
        ["canonical", 0, 0],
        ["legacy:old", 0, 0],
        ["multipart", 1, 1],
      ]);
    });
    expect((await makePlan(context, { id: "p1", uid }, 1)).surfaces.at(-1)?.objects).toBe(0);
  });

  it("stops on a store that keeps versions, too", async () => {
    await start({ store: { versioning: "enabled" } });
    const uid = await project("p1");
    for (const name of ["a", "b", "c"]) await putText(fixture.service, "p1", name, "x");
    await withLimit("removeBatchKeys", 1, async () => {
      const { objects } = await makePlan(fixture.service.context, { id: "p1", uid }, 2);
      expect(objects).toBe(2);
    });
  });
});
