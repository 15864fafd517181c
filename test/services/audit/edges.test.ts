import { afterEach, describe, expect, it } from "vitest";
import { DatabaseError } from "../../../src/core/database-errors.ts";
import { canonicalKey } from "../../../src/core/keys.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { runAudit } from "../../../src/services/audit/run.ts";
import { stretchesOf } from "../../../src/services/audit/stretches.ts";
import { commit, completing, newUid } from "../../contract/metadata/fixture.ts";
import { ADMIN, makeService, putText, type TestService } from "../../support/context.ts";
import { withMethods } from "../../support/methods.ts";
import { AS_THEY_ARE, world } from "./planted.ts";

const BYTES = new Uint8Array(4);

const services: TestService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

/** A service with one project of one file; its jobs are run by the test itself. */
async function service(
  change: (store: ObjectStore) => Partial<ObjectStore> = () => ({}),
): Promise<TestService & { readonly uid: string }> {
  const wrap = (store: ObjectStore): ObjectStore => withMethods(store, change(store));
  const made = await makeService({ work: false, pauseMaxMs: 1, wrap });
  services.push(made);
  const { uid } = await made.services.projects.create(ADMIN, { id: "p1" });
  await putText(made, "p1", "a", "a");
  return { ...made, uid };
}

async function started(one: TestService, readPercent = 0, minAgeMs = 0): Promise<string> {
  return (await one.services.audits.start(ADMIN, { minAgeMs, readPercent })).id;
}

async function countsOf(one: TestService, id: string): Promise<unknown> {
  await runAudit(one.context, id, new AbortController().signal);
  return (await one.services.audits.get(ADMIN, id)).progress.counts;
}

describe("a range of keys", () => {
  it("begins behind its first key and ends with its last, for objects and for rows", async () => {
    const one = await world({ pageMax: 2 });
    for (const key of ["a", "b", "c", "d"]) {
      await one.objects.put(key, BYTES);
      const { uid } = one.projects.active;
      await commit(one, await completing(one, uid, { key, path: key, sizeBytes: 4 }));
    }
    const stores = { store: one.objects, metadata: one.store };
    const from = { objectKey: "a", row: { key: "a", fileUid: null } };
    const keys: unknown[] = [];
    for await (const { pairs } of stretchesOf(stores, AS_THEY_ARE, { from, until: "c" })) {
      keys.push(...pairs.map(({ object, row }) => [object?.key, row?.key]));
    }
    expect(keys).toEqual([
      ["b", "b"],
      ["c", "c"],
    ]);
  });
});

describe("an audit that meets what it cannot know", () => {
  const defect = (): Promise<never> => Promise.reject(new Error("a defect"));
  const calls = [
    { call: "list", plant: () => Promise.resolve() },
    {
      call: "head",
      plant: async (one: TestService) => {
        const [row] = await one.metadata.listStoredFiles({ limit: 1 });
        await one.objects.remove([row?.key ?? ""]);
      },
    },
    {
      call: "listParts",
      plant: async (one: TestService) => void (await one.objects.createUpload("x", "text/plain")),
    },
    { call: "get", plant: () => Promise.resolve() },
  ] as const;

  it.each(calls)("lets a defect in $call through, and can be gone on with", async (row) => {
    let isBroken = false;
    const one = await service((store) => ({
      [row.call]: (...args: never[]): unknown =>
        isBroken ? defect() : (store[row.call] as (...all: never[]) => unknown)(...args),
    }));
    await row.plant(one);
    isBroken = true;
    const id = await started(one, 100);
    await expect(runAudit(one.context, id, new AbortController().signal)).rejects.toThrow("defect");
    isBroken = false;
    expect(await countsOf(one, id)).toMatchObject({ rows: 1 });
  });

  it("keeps its claim where the database failed, for what took effect is not known", async () => {
    const one = await service();
    const id = await started(one);
    const lost = new DatabaseError("connection-lost", "gone");
    const metadata = withMethods(one.metadata, { recordAudit: () => Promise.reject(lost) });
    const run = runAudit({ ...one.context, metadata }, id, new AbortController().signal);
    await expect(run).rejects.toThrow("gone");
    expect(await one.metadata.dueAudits(1)).toEqual([]);
  });

  it("stops where its process stops, and lets go of the audit", async () => {
    const one = await service();
    const id = await started(one);
    const stopping = AbortSignal.abort(new Error("this process stops"));
    await expect(runAudit(one.context, id, stopping)).rejects.toThrow("stops");
    expect(await one.metadata.dueAudits(1)).toEqual([id]);
  });
});

describe("uploads at the second look", () => {
  it("are no finding where they ended meanwhile", async () => {
    const one = await service((store) => ({
      listParts: async (key, uploadId) => {
        await store.abortUpload(key, uploadId);
        return await store.listParts(key, uploadId);
      },
    }));
    await one.objects.createUpload("x", "text/plain");
    expect(await countsOf(one, await started(one))).toMatchObject({ staleUploads: 0, unknown: 0 });
  });

  it("are left to the deletion of their project, and not judged where they are young", async () => {
    const one = await service();
    await one.objects.createUpload(canonicalKey(one.uid, newUid()), "text/plain");
    const young = await countsOf(one, await started(one, 0, 60_000));
    expect(young).toMatchObject({ staleUploads: 0, young: 1 });
    const { id } = await one.services.deletions.request(ADMIN, "p1", {});
    const claim = await one.metadata.claimDeletion(id, 60_000);
    await one.metadata.advance(id, claim?.token ?? 0, "purge-began");
    expect(await countsOf(one, await started(one))).toMatchObject({ staleUploads: 0 });
  });
});

describe("objects at the second look", () => {
  it("are no finding where size and row agree by now", async () => {
    const one = await service();
    const [row] = await one.metadata.listStoredFiles({ limit: 1 });
    const { key = "" } = row ?? {};
    await one.objects.put(key, new Uint8Array(9));
    const metadata = withMethods(one.metadata, {
      findStoredFiles: async (keys: readonly string[]) => {
        await one.objects.put(key, new Uint8Array(1));
        return await one.metadata.findStoredFiles(keys);
      },
    });
    const id = await started(one);
    expect(await countsOf({ ...one, context: { ...one.context, metadata } }, id)).toMatchObject({
      mismatched: 0,
    });
  });

  it("are not read where they are young, of another size, or their row has no checksum", async () => {
    const one = await service();
    expect(await countsOf(one, await started(one, 100, 60_000))).toMatchObject({ read: 0 });
    const upload = await completing({ store: one.metadata, advance: async () => {} }, one.uid);
    await commit({ store: one.metadata, advance: async () => {} }, upload);
    await one.objects.put(upload.key, new Uint8Array(10));
    expect(await countsOf(one, await started(one, 100))).toMatchObject({ read: 1, mismatched: 0 });
    const rows = await one.metadata.listStoredFiles({ limit: 9 });
    for (const { key } of rows) await one.objects.put(key, new Uint8Array(77));
    expect(await countsOf(one, await started(one, 100))).toMatchObject({ read: 0, mismatched: 2 });
  });
});
