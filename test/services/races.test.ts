import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import type { Upload } from "../../src/core/model.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { objectPages } from "../../src/services/listing.ts";
import { runPurge } from "../../src/services/purge/purge.ts";
import { endStaleUploads } from "../../src/services/uploads/ending.ts";
import { scanOnce } from "../../src/services/worker.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, counts } = fixture;
const never = new AbortController().signal;

/** A direct upload whose one part has arrived. */
async function uploaded(projectId: string, path: string): Promise<Upload> {
  const { services, context } = fixture.service;
  const upload = await services.uploads.open(ADMIN, projectId, {
    path,
    sizeBytes: BYTES.length,
    contentType: "text/plain",
    metadata: {},
  });
  const part = { body: bodyOf(BYTES), sizeBytes: BYTES.length };
  await context.store.uploadPart(upload.key, upload.storeUploadId ?? "", 1, part);
  return upload;
}

async function withLimit(
  name: "uploadStaleMs" | "uploadExpiryMs",
  value: number,
  work: () => Promise<void>,
): Promise<void> {
  const replaced = vi.spyOn(LIMITS, name, "get");
  replaced.mockReturnValue(value);
  try {
    await work();
  } finally {
    replaced.mockRestore();
  }
}

describe("races that a receipt must survive", () => {
  it("counts an upload once that becomes an object while the fence ends it", async () => {
    let race = true;
    await start({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          abortUpload: async (key, id) => {
            if (race) await store.completeUpload(key, id, await store.listParts(key, id));
            race = false;
            await store.abortUpload(key, id);
          },
        }),
    });
    const uid = await project("p1");
    const upload = await uploaded("p1", "a.bin");
    await fixture.service.metadata.beginCompleting(upload.id);
    const deletion = await deleteAndWait("p1");
    expect(counts(deletion, "multipart")).toMatchObject({ found: 0, bytes: 0 });
    const { payload } = await fixture.service.services.receipts.get(ADMIN, uid);
    expect(payload.totals).toEqual({ deleted: 1, absent: 0, bytes: BYTES.length });
  });

  it("accounts for a file whose removal lands while its project is being deleted", async () => {
    const asked = Promise.withResolvers<void>();
    const fencing = Promise.withResolvers<void>();
    const removed = Promise.withResolvers<void>();
    let first = true;
    await start({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          remove: async (keys, signal) => {
            if (!first) return await store.remove(keys, signal);
            first = false;
            asked.resolve();
            await fencing.promise;
            const results = await store.remove(keys, signal);
            removed.resolve();
            return results;
          },
          put: async (key, bytes) => {
            fencing.resolve();
            await removed.promise;
            await store.put(key, bytes);
          },
        }),
    });
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a.txt", "hello");
    const deleting = fixture.service.services.files.delete(ADMIN, "p1", "a.txt");
    await asked.promise;
    const deletion = await deleteAndWait("p1");
    await deleting;
    expect(deletion.state).toBe("completed");
    const { payload } = await fixture.service.services.receipts.get(ADMIN, uid);
    expect(payload.totals).toMatchObject({ deleted: 0, absent: 1 });
  });

  it("heeds maxObjects also when a trashed project's purge is brought forward", async () => {
    await start();
    await project("p1");
    for (const name of ["a", "b", "c"]) await putText(fixture.service, "p1", name, "x");
    const { deletions } = fixture.service.services;
    const { id } = await deletions.request(ADMIN, "p1", { graceMs: 3_600_000 });
    const brought = deletions.request(ADMIN, "p1", { graceMs: 0, maxObjects: 1 });
    await expect(brought).rejects.toMatchObject({ code: "too-many-objects" });
    expect((await deletions.get(ADMIN, id)).state).toBe("trashed");
  });
});

describe("uploads that take long or cannot be ended", () => {
  it("are not taken for left behind while their Complete runs", async () => {
    const running = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    await start({
      work: false,
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          completeUpload: async (key, id, parts) => {
            running.resolve();
            await gate.promise;
            return await store.completeUpload(key, id, parts);
          },
        }),
    });
    await project("p1");
    const upload = await uploaded("p1", "big.bin");
    await withLimit("uploadStaleMs", 600, async () => {
      const completing = fixture.service.services.uploads.complete(ADMIN, "p1", upload.id);
      await running.promise;
      const renewed = vi.spyOn(fixture.service.metadata, "beginCompleting");
      await expect.poll(() => renewed.mock.calls.length).toBeGreaterThan(3);
      await endStaleUploads(fixture.service.context, never);
      gate.resolve();
      expect((await completing).file.path).toBe("big.bin");
    });
  });

  it("keep no other one waiting", async () => {
    await start({ work: false });
    const uid = await project("p1");
    const stuck = new Set<string>();
    let last = "";
    await withLimit("uploadExpiryMs", 0, async () => {
      for (let i = 0; i < LIMITS.scanItems; i++) stuck.add((await uploaded("p1", `f${i}`)).key);
      last = (await uploaded("p1", "last")).id;
    });
    fixture.service.objects.failures.fail = (call, key) =>
      call === "abortUpload" && stuck.has(key)
        ? new StoreError("access-denied", "blocked", "not allowed")
        : null;
    await endStaleUploads(fixture.service.context, never);
    expect(await fixture.service.metadata.findUpload(uid, last)).toBeNull();
  });

  it("are forgotten by the scan once committed and expired", async () => {
    await start({ work: false });
    const uid = await project("p1");
    let id = "";
    await withLimit("uploadExpiryMs", 0, async () => {
      ({ id } = await uploaded("p1", "a.bin"));
      await fixture.service.services.uploads.complete(ADMIN, "p1", id);
    });
    await scanOnce(fixture.service.context);
    expect(await fixture.service.metadata.findUpload(uid, id)).toBeNull();
  });
});

describe("errors around a deletion", () => {
  it("are in the log also when the database cannot take them", async () => {
    const service = await start({ work: false });
    await project("p1");
    await putText(service, "p1", "a.txt", "x");
    const { id } = await service.services.deletions.request(ADMIN, "p1", {});
    const metadata = withMethods(service.metadata, {
      setBlocked: () => Promise.reject(new Error("database gone")),
    });
    service.objects.failures.fail = (call) =>
      call === "put" ? new StoreError("access-denied", "blocked", "the true cause") : null;
    const run = runPurge({ ...service.context, metadata }, id, never);
    await expect(run).rejects.toThrow("database gone");
    expect(service.log.lines.join("")).toContain("the true cause");
  });

  it("do not make a completed one look failed when the receipt's copy cannot be queued", async () => {
    const service = await start({ work: false });
    await project("p1");
    const { id } = await service.services.deletions.request(ADMIN, "p1", {});
    const jobs = withMethods(service.context.jobs, {
      enqueue: () => Promise.reject(new Error("queue is full")),
    });
    expect(await runPurge({ ...service.context, jobs }, id, never)).toBe("completed");
    expect(service.log.lines.join("")).toContain("queue is full");
  });

  it.each([1, 2, 3, 5, 8])("end a listing that goes in a circle of %i pages", async (length) => {
    let page = 0;
    const service = await start({
      work: false,
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          list: () =>
            Promise.resolve({
              entries: [{ key: "p/a", sizeBytes: 1, modifiedAt: 0 }],
              next: `page ${++page % length}`,
            }),
        }),
    });
    const listed = async (): Promise<void> => {
      for await (const entries of objectPages(service.context, "p/")) {
        if (entries.length === 0 || page > 100) throw new Error("it went on");
      }
    };
    await expect(listed()).rejects.toMatchObject({ code: "listing-broken" });
  });

  it("end a listing that shows nothing and always goes on, and none that does so for long", async () => {
    let page = 0;
    let last = Number.POSITIVE_INFINITY;
    const service = await start({
      work: false,
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          list: () => Promise.resolve({ entries: [], next: ++page < last ? `page ${page}` : null }),
        }),
    });
    const listed = async (): Promise<number> => {
      page = 0;
      for await (const _entries of objectPages(service.context, "p/"));
      return page;
    };
    await expect(listed()).rejects.toMatchObject({ code: "listing-broken" });
    last = LIMITS.listEmptyPagesMax;
    expect(await listed()).toBe(last);
  });

  it("take a page that names its own cursor for no listing: its keys would count twice (I7)", async () => {
    const pages = ["second", "third", "third", null];
    let page = 0;
    const service = await start({
      work: false,
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          list: () =>
            Promise.resolve({
              entries: [{ key: "p/a", sizeBytes: 1, modifiedAt: 0 }],
              next: pages[page++] ?? null,
            }),
        }),
    });
    const listed = async (): Promise<void> => {
      for await (const entries of objectPages(service.context, "p/"))
        expect(entries).toHaveLength(1);
    };
    await expect(listed()).rejects.toMatchObject({ code: "listing-broken" });
    expect(page).toBe(3);
  });
});
