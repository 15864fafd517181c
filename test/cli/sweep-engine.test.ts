import { expect, test } from "vitest";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { Clock, Random } from "../../src/ports/clock.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { countingStore } from "../../src/services/counting-store.ts";
import { type SweepOptions, sweepPrefix, type SweepReport } from "../../src/services/sweep.ts";
import type { SweepLine, SweepRecord, SweepStand } from "../../src/services/sweep-stand.ts";

/** Sleeps take no time, so that retries do not slow the tests down. */
const CLOCK: Clock = { now: () => 0, sleep: async () => {} };
const RANDOM: Random = { bytes: (length) => new Uint8Array(length) };
const BYTES = new Uint8Array(3);

async function memoryStore(keys: readonly string[]): Promise<MemoryObjectStore> {
  const store = new MemoryObjectStore(CLOCK, { random: RANDOM });
  for (const key of keys) await store.put(key, BYTES);
  return store;
}

function sweep(store: ObjectStore, options: Partial<SweepOptions> = {}): Promise<SweepReport> {
  const all = { prefix: "p/", includeExpunge: false, dryRun: false, ...options };
  return sweepPrefix({ store, clock: CLOCK, random: RANDOM }, all);
}

/** The store with one method replaced. */
function replacing(store: ObjectStore, methods: Partial<ObjectStore>): ObjectStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name in methods) return Reflect.get(methods, name) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

test("a sweep takes objects of many pages and aborts incomplete uploads", async () => {
  const keys = Array.from({ length: LIMITS.listPageKeys * 2 + 1 }, (_, i) => `p/${i}`);
  const store = await memoryStore([...keys, "q/1"]);
  await store.createUpload("p/open", "text/plain");
  const report = await sweep(store);
  const found = keys.length + 1;
  expect(report).toMatchObject({ found, deleted: found, verified: true, bytes: keys.length * 3 });
  expect(report.requests).toEqual({ list: 6, delete: 3, other: 3 });
  const { objects, uploads } = store.snapshot();
  expect([...objects.keys()]).toEqual(["q/1"]);
  expect(uploads.size).toBe(0);
});

test("a key that cannot be removed is residue, and the sweep is not called verified", async () => {
  const store = await memoryStore(["p/1", "p/2", "p/3"]);
  store.failures.refuse = (key) =>
    key === "p/2"
      ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
      : null;
  expect(await sweep(store)).toMatchObject({
    found: 3,
    deleted: 2,
    blocked: 1,
    failed: 0,
    verified: false,
    residue: [{ key: "p/2", outcome: "blocked", code: "object-locked" }],
  });
});

test("a store that calls keys gone and keeps them is found out by the next listing", async () => {
  const inner = await memoryStore(["p/1"]);
  const store = replacing(inner, {
    remove: async (keys) => keys.map((key) => ({ key, result: "gone" as const })),
  });
  const report = await sweep(store);
  expect(report).toMatchObject({ failed: 1, verified: false });
  expect(report.residue).toMatchObject([{ key: "p/1", code: "reappeared" }]);
});

test("a listing that fails after the removal leaves everything unknown", async () => {
  const store = await memoryStore(["p/1", "p/2"]);
  let isRemoved = false;
  const failing = replacing(store, {
    remove: async (keys) => {
      isRemoved = true;
      return await store.remove(keys);
    },
    list: async (prefix, options) => {
      if (isRemoved) throw new StoreError("access-denied", "blocked", "no right to list");
      return await store.list(prefix, options);
    },
  });
  expect(await sweep(failing)).toMatchObject({
    found: 2,
    deleted: 0,
    unknown: 2,
    verified: false,
    residue: [{ outcome: "unknown", code: "access-denied" }],
  });
});

test("a listing that fails before anything was found is an error and no report", async () => {
  const store = await memoryStore(["p/1"]);
  store.failures.fail = (call) =>
    call === "list" ? new StoreError("access-denied", "blocked", "no right to list") : null;
  await expect(sweep(store)).rejects.toThrow("no right to list");
});

test("a sweep goes on behind the key of an earlier process, and then looks at everything", async () => {
  const store = await memoryStore(["p/0", "p/4", "p/5"]);
  const begins: (string | undefined)[] = [];
  const watched = replacing(store, {
    list: async (prefix, options) => {
      begins.push(options?.startAfter);
      return await store.list(prefix, options);
    },
  });
  const stands: SweepStand[] = [];
  const lines: SweepLine[] = [];
  const unit = (key: string): SweepStand["inHand"][number] => ({
    id: key,
    key,
    sizeBytes: 3,
    at: 0,
  });
  const record: SweepRecord = {
    from: { removed: 2, bytes: 6, behind: "p/2", inHand: [unit("p/3"), unit("p/4")] },
    save: async (stand) => void stands.push(stand),
    report: async (some) => void lines.push(...some),
  };
  const report = await sweep(watched, { record });
  expect(begins).toEqual(["p/2", undefined, undefined]);
  expect(report).toMatchObject({ found: 6, deleted: 6, bytes: 18, verified: true });
  expect(lines.map(({ key, outcome }) => [key, outcome])).toEqual([
    ["p/4", "deleted"],
    ["p/5", "deleted"],
    ["p/3", "deleted"],
    ["p/0", "deleted"],
  ]);
  expect(stands.at(0)?.inHand.map(({ key }) => key)).toEqual(["p/3", "p/4", "p/5"]);
  expect(stands.at(-1)).toEqual({ removed: 6, bytes: 18, behind: null, inHand: [] });
});

test("a sweep that another process left with nothing more is verified by a whole listing alone", async () => {
  const store = await memoryStore(["p/0"]);
  const from = { removed: 1, bytes: 3, behind: "p/9", inHand: [] };
  const record: SweepRecord = { from, save: async () => {}, report: async () => {} };
  expect(await sweep(store, { record })).toMatchObject({ found: 2, verified: true });
  expect(store.snapshot().objects.size).toBe(0);
});

test("a dry run of the sweep engine asks for listings only", async () => {
  const store = await memoryStore(["p/1"]);
  await store.createUpload("p/open", "text/plain");
  const report = await sweep(store, { dryRun: true });
  expect(report).toMatchObject({ found: 2, deleted: 0, verified: false });
  expect(report.requests).toEqual({ list: 2, delete: 0, other: 1 });
  expect(store.snapshot().objects.size).toBe(1);
});

test("the counting store passes every call on and counts it by its kind", async () => {
  const counted = countingStore(await memoryStore(["p/1"]));
  const { store } = counted;
  await store.capabilities();
  await store.put("p/2", BYTES);
  await store.get("p/1");
  await store.head("p/1");
  const uploadId = await store.createUpload("p/3", "text/plain");
  const body = (async function* () {
    yield BYTES;
  })();
  const part = await store.uploadPart("p/3", uploadId, 1, { body, sizeBytes: BYTES.length });
  expect(await store.listParts("p/3", uploadId)).toEqual([part]);
  expect(await store.presignPart("p/3", uploadId, 1, 3, 1000)).toBeNull();
  expect(await store.presignGet("p/1", 1000, "one")).toBeNull();
  await store.completeUpload("p/3", uploadId, [part]);
  await store.abortUpload("p/4", await store.createUpload("p/4", "text/plain"));
  expect((await store.list("p/")).entries.map(({ key }) => key)).toEqual(["p/1", "p/2", "p/3"]);
  expect((await store.listUploads("p/")).entries).toEqual([]);
  await store.remove(["p/1", "p/2"]);
  expect(counted.requests).toEqual({ list: 2, delete: 1, other: 10 });
});
