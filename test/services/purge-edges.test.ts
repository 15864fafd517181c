import { describe, expect, it } from "vitest";
import { DatabaseError } from "../../src/core/database-errors.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Context } from "../../src/services/context.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import { runPurge } from "../../src/services/purge/purge.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";
import { withLimit } from "../support/limits.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys, counts } = fixture;
const never = new AbortController().signal;

/** Requests a deletion that no worker takes up, and answers its id. */
async function requested(id: string): Promise<string> {
  return (await fixture.service.services.deletions.request(ADMIN, id, {})).id;
}

function withMetadata(methods: Partial<MetadataStore>): Context {
  const { context } = fixture.service;
  return { ...context, metadata: withMethods<MetadataStore>(context.metadata, methods) };
}

describe("who waits for a deletion", () => {
  it("is told the state that was seen last, should its row be gone with an older database", async () => {
    await start({ work: false });
    await project("p1");
    const { metadata, services } = fixture.service;
    const backup = metadata.snapshot();
    const deletion = await services.deletions.request(ADMIN, "p1", {});
    metadata.restore(backup);
    expect(await services.deletions.wait(deletion, 1)).toMatchObject({
      id: deletion.id,
      state: "trashed",
    });
  });

  it("reads the whole residue, page by page", async () => {
    await start({ work: false });
    await project("p1");
    const files = ["a", "b", "c"];
    for (const name of files) await putText(fixture.service, "p1", name, "x");
    const { context, objects, services } = fixture.service;
    const locked = { result: "blocked", retryable: false, code: "object-locked" } as const;
    objects.failures.refuse = () => ({ ...locked, message: "locked" });
    const id = await requested("p1");
    expect(await runPurge(context, id, never)).toBe("blocked");
    await withLimit("pageItemsMax", 2, async () => {
      const found: string[] = [];
      for await (const { key } of services.deletions.allResidue(ADMIN, id)) found.push(key);
      expect(found).toEqual(keys());
    });
  });
});

describe("a purge", () => {
  it("ends the upload of an empty file, which the store does not know", async () => {
    await start();
    await project("p1");
    const { uploads } = fixture.service.services;
    const input = { path: "a", sizeBytes: 0, contentType: "text/plain", metadata: {} };
    const { key } = await uploads.open(ADMIN, "p1", input);
    await uploads.open(ADMIN, "p1", input);
    // By whatever means an object of its key came there, the sweep takes it.
    await fixture.service.objects.put(key, BYTES);
    const deletion = await deleteAndWait("p1");
    expect(counts(deletion, "multipart")).toMatchObject({ found: 0 });
    expect([deletion.state, keys()]).toEqual(["completed", []]);
  });

  it("does not begin where a hold was placed after the claim", async () => {
    await start({ work: false });
    await project("p1");
    await putText(fixture.service, "p1", "a", "x");
    const id = await requested("p1");
    const { metadata, services } = fixture.service;
    const context = withMetadata({
      advance: async (...args) => {
        await services.projects.placeHold(ADMIN, "p1", "court");
        return await metadata.advance(...args);
      },
    });
    expect(await runPurge(context, id, never)).toBe("not-claimable");
    expect(keys()).toHaveLength(1);
    await services.projects.releaseHold(ADMIN, "p1");
    expect(await metadata.findDeletion(id)).toMatchObject({ state: "trashed", blocked: null });
  });

  it("that is told to stop lets go of its claim, and another one goes on", async () => {
    await start({ work: false });
    await project("p1");
    const id = await requested("p1");
    const stop = new AbortController();
    const context = withMetadata({
      recordTombstone: async () => {
        stop.abort();
        stop.signal.throwIfAborted();
      },
    });
    expect(await runPurge(context, id, stop.signal)).toBe("stopped");
    expect(await runPurge(fixture.service.context, id, never)).toBe("completed");
  });

  it.each([
    ["beginning", "advance"],
    ["recording the fence", "recordFence"],
  ] as const)(
    "is blocked with its code where the database stops %s, and goes on by hand",
    async (_what, call) => {
      await start({ work: false });
      await project("p1");
      const id = await requested("p1");
      const full = new DatabaseError("out-of-resources", "The disk is full.");
      const context = withMetadata({ [call]: () => Promise.reject(full) });
      expect(await runPurge(context, id, never)).toBe("blocked");
      expect(await fixture.service.metadata.findDeletion(id)).toMatchObject({
        blocked: { code: "database-unavailable", reason: full.message },
      });
      await fixture.service.services.deletions.retry(ADMIN, id);
      expect(await runPurge(fixture.service.context, id, never)).toBe("completed");
    },
  );

  it("knows its claim for lost where it may not even be blocked any more", async () => {
    await start({ work: false });
    await project("p1");
    const id = await requested("p1");
    const { metadata } = fixture.service;
    const context = withMetadata({
      recordFence: async () => {
        // Another worker took over, and ended it.
        await metadata.releaseClaim(id, 1);
        expect(await runPurge(fixture.service.context, id, never)).toBe("completed");
        throw new Error("something else");
      },
    });
    expect(await runPurge(context, id, never)).toBe("claim-lost");
    expect(fixture.service.log.text()).toContain("claim lost; another worker goes on");
    expect(await metadata.findDeletion(id)).toMatchObject({ state: "completed", blocked: null });
  });

  it.each([
    ["once", 1, "completed"],
    ["every time", Number.POSITIVE_INFINITY, "blocked"],
  ] as const)(
    "removes nothing before its tombstone reads back as written (other bytes %s)",
    async (_what, times, end) => {
      let wrong = 0;
      await start({
        work: false,
        wrap: (store) =>
          withMethods<ObjectStore>(store, {
            get: async (key, ...rest) => {
              const found = await store.get(key, ...rest);
              if (!key.includes("/tombstones/") || ++wrong > times) return found;
              return { ...found, body: bodyOf(BYTES) };
            },
          }),
      });
      await project("p1");
      await putText(fixture.service, "p1", "a", "x");
      const id = await requested("p1");
      expect(await runPurge(fixture.service.context, id, never)).toBe(end);
      expect(keys()).toHaveLength(end === "completed" ? 0 : 1);
    },
  );

  it("sweeps nothing while it is not known whether the store keeps versions", async () => {
    await start({ work: false });
    await project("p1");
    await putText(fixture.service, "p1", "a", "x");
    const { context, metadata, objects } = fixture.service;
    const id = await requested("p1");
    const refusal = new StoreError("access-denied", "blocked", "not allowed");
    objects.failures.fail = (call) => (call === "capabilities" ? refusal : null);
    expect(await runPurge(context, id, never)).toBe("blocked");
    expect(await metadata.listResidue(id, 10)).toMatchObject([
      { surface: "versions", outcome: "unknown", code: "access-denied" },
    ]);
    expect(keys()).toHaveLength(1);
  });

  it("names no more of what is still listed than a page holds", async () => {
    await start({
      work: false,
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          remove: async (asked) => asked.map((key) => ({ key, result: "gone" as const })),
        }),
    });
    await project("p1");
    for (const name of ["a", "b", "c"]) await putText(fixture.service, "p1", name, "x");
    const id = await requested("p1");
    await withLimit("listPageKeys", 2, async () => {
      expect(await runPurge(fixture.service.context, id, never)).toBe("blocked");
    });
    const residue = await fixture.service.metadata.listResidue(id, 10);
    expect(residue.map(({ code }) => code)).toEqual(["reappeared", "reappeared"]);
  });
});
