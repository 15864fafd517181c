import { describe, expect, it } from "vitest";
import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { receiptKey, STORE_MARKER_KEY } from "../../src/core/keys.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ObjectStore, VersionEntry } from "../../src/ports/object-store.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import { bodyOf, collect } from "../../src/services/bytes.ts";
import { listKey, objectPages } from "../../src/services/listing.ts";
import { removeKeys, removeVersions } from "../../src/services/removing.ts";
import { guardRestore } from "../../src/services/restore-guard.ts";
import { bindStore } from "../../src/services/store-binding.ts";
import { sweepPrefix, type SweepReport } from "../../src/services/sweep.ts";
import { removeObjects } from "../../src/services/versions.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";
import { withMethods } from "../support/methods.ts";

const random = new SystemRandom();
const clock: Clock = { now: () => 1_760_000_000_000, sleep: async () => {} };
const DENIED = new StoreError("access-denied", "blocked", "not allowed");
const DEFECT = new TypeError("a defect of the adapter");
const fixture = deletionFixture();
const { start, project, deleteAndWait } = fixture;

function memory(versioning: "none" | "enabled" = "none"): MemoryObjectStore {
  return new MemoryObjectStore(clock, { random, versioning });
}

function over(store: MemoryObjectStore, methods: Partial<ObjectStore>) {
  return { clock, random, store: withMethods<ObjectStore>(store, methods) };
}

async function sweep(store: ObjectStore): Promise<SweepReport> {
  const options = { prefix: "p/", includeExpunge: false, dryRun: false };
  return await sweepPrefix({ store, clock, random }, options);
}

describe("a small body", () => {
  it("is collected up to its bound, and no further", async () => {
    expect(await collect(bodyOf(BYTES), BYTES.length)).toHaveLength(BYTES.length);
    await expect(collect(bodyOf(BYTES), BYTES.length - 1)).rejects.toThrow(RangeError);
  });
});

describe("a listing", () => {
  it("that shows a key outside its prefix is not believed", async () => {
    const store = memory();
    await store.put("q/1", BYTES);
    const context = over(store, { list: (_prefix, options) => store.list("", options) });
    await expect(objectPages(context, "p/").next()).rejects.toMatchObject({
      code: "listing-broken",
    });
  });

  it("of one key is not deceived by longer ones", async () => {
    const store = memory();
    await store.put("a/b", BYTES);
    expect(await listKey({ store }, "a/")).toBeNull();
    expect(await listKey({ store }, "a/b")).toMatchObject({ key: "a/b" });
  });
});

describe("removing", () => {
  it("does not take a defect of the adapter for an answer of the store", async () => {
    const store = memory("enabled");
    const defect = (): never => {
      throw DEFECT;
    };
    const removing = over(store, { remove: async () => defect() });
    await expect(removeKeys(removing, ["a"])).rejects.toBe(DEFECT);
    const listing = over(store, { listVersions: async () => defect() });
    await expect(removeObjects(listing, ["a"], true)).rejects.toBe(DEFECT);
    let calls = 0;
    const once = over(store, {
      remove: async () => {
        if (++calls === 1) throw DENIED;
        return defect();
      },
    });
    await expect(removeKeys(once, ["a", "b"])).rejects.toBe(DEFECT);
  });

  it("splits a batch where the first key alone is locked and not denied", async () => {
    const store = memory();
    for (const key of ["a", "b", "c"]) await store.put(key, BYTES);
    const context = over(store, {
      remove: async (keys, signal) => {
        if (keys.length > 1) throw DENIED;
        const [key = ""] = keys;
        if (key !== "a") return await store.remove(keys, signal);
        return [
          { key, result: "blocked", retryable: false, code: "object-locked", message: "locked" },
        ];
      },
    });
    const { gone, refused } = await removeKeys(context, ["a", "b", "c"]);
    expect([gone, refused.map(({ key, code }) => `${key} ${code}`)]).toEqual([
      2,
      ["a object-locked"],
    ]);
  });

  it("takes the versions of one key and not those of longer ones", async () => {
    const store = memory("enabled");
    for (const key of ["a", "a", "ab"]) await store.put(key, BYTES);
    expect(await removeObjects({ store, clock, random }, ["a"], true)).toEqual([]);
    expect(store.snapshot().versions.map(({ key }) => key)).toEqual(["ab"]);
    expect(await removeVersions({ store, clock, random }, [])).toEqual({ gone: 0, refused: [] });
  });
});

describe("a sweep", () => {
  it("names the version that could not be removed, and not its key alone", async () => {
    const store = memory("enabled");
    for (const key of ["p/a", "p/a", "p/b"]) await store.put(key, BYTES);
    const [held] = store.snapshot().versions;
    store.failures.refuse = (key, versionId) =>
      key === held?.key && versionId === held.versionId
        ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
        : null;
    expect(await sweep(store)).toMatchObject({
      found: 3,
      deleted: 2,
      blocked: 1,
      verified: false,
      residue: [{ key: held?.key, versionId: held?.versionId }],
    });
  });

  it("counts a version once that two pages of a listing show", async () => {
    const store = memory("enabled");
    for (const key of ["p/a", "p/b"]) await store.put(key, BYTES);
    let repeated = true;
    const shown = over(store, {
      listVersions: async (prefix, options) => {
        const page = await store.listVersions(prefix, options);
        const last: VersionEntry | undefined = page.entries.at(-1);
        if (!repeated || last === undefined) return page;
        repeated = false;
        return { ...page, entries: [...page.entries, last] };
      },
    });
    expect(await sweep(shown.store)).toMatchObject({ found: 2, deleted: 2, verified: true });
  });

  it("has an upload that ended by itself for ended, and one that cannot be for residue", async () => {
    const store = memory();
    const ended = await store.createUpload("p/ended", "text/plain");
    await store.createUpload("p/kept", "text/plain");
    const { store: aborting } = over(store, {
      abortUpload: async (key, id) => {
        if (id !== ended) throw DENIED;
        await store.abortUpload(key, id);
        await store.abortUpload(key, id);
      },
    });
    expect(await sweep(aborting)).toMatchObject({
      found: 2,
      deleted: 1,
      blocked: 1,
      residue: [{ key: "p/kept", code: "access-denied" }],
    });
    const broken = over(store, { abortUpload: () => Promise.reject(DEFECT) });
    await expect(sweep(broken.store)).rejects.toBe(DEFECT);
  });

  it("gives up on keys that come back, and tells those from what it cannot remove", async () => {
    const store = memory();
    await store.put("p/back", BYTES);
    await store.put("p/locked", BYTES);
    store.failures.refuse = (key) =>
      key === "p/locked"
        ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
        : null;
    let pass = 0;
    const { store: returning } = over(store, {
      remove: async (keys, signal) => {
        const results = await store.remove(keys, signal);
        await store.put("p/back", BYTES);
        await store.put(`p/new-${++pass}`, BYTES);
        return results;
      },
    });
    const { verified, residue } = await sweep(returning);
    expect(verified).toBe(false);
    const told = residue.map(({ key, outcome, code }) => `${key} ${outcome} ${code}`);
    expect(told).toEqual(
      expect.arrayContaining(["p/locked blocked object-locked", "p/back failed reappeared"]),
    );
    expect(told.filter((text) => /^p\/new-\d+ unknown reappeared$/.test(text))).toHaveLength(1);
  });
});

describe("the binding to a store", () => {
  it("holds where the mark is there at the second look", async () => {
    const metadata = new MemoryMetadataStore(clock);
    const store = memory();
    await bindStore({ metadata, clock, random, store }, false);
    let looks = 0;
    const late = over(store, {
      get: async (key, ...rest) => {
        if (++looks === 1) throw new StoreError("no-such-key", "permanent", "not yet");
        return await store.get(key, ...rest);
      },
    });
    await bindStore({ metadata, ...late }, false);
    expect(looks).toBe(2);
  });

  it("takes no other object for its mark, and names an S3 store by its URL", async () => {
    const metadata = new MemoryMetadataStore(clock);
    await bindStore({ metadata, clock, random, store: memory() }, false);
    for (const text of ["hello", '{"store":"abc"}']) {
      const other = memory();
      await other.put(STORE_MARKER_KEY, new TextEncoder().encode(text));
      const identity = { kind: "s3", bucket: "files", prefix: "app/" } as const;
      const { store } = over(other, { identity });
      await expect(bindStore({ metadata, clock, random, store }, false)).rejects.toThrow(
        "s3://files/app/ has no mark of it",
      );
    }
  });
});

describe("the guard against a restored database", () => {
  async function backupOfDeleted() {
    await start({ work: true });
    const uid = await project("p1");
    await putText(fixture.service, "p1", "a", "x");
    const backup = fixture.service.metadata.snapshot();
    const { id } = await deleteAndWait("p1");
    const { objects } = fixture.service;
    await expect.poll(() => objects.snapshot().objects.has(receiptKey(uid))).toBe(true);
    return { backup, uid, id };
  }

  async function ended(id: string): Promise<string> {
    const { deletions } = fixture.service.services;
    return (await deletions.wait(await deletions.get(ADMIN, id), 10_000)).state;
  }

  it.each(["without", "with a forged"] as const)(
    "has a new receipt made for a deletion %s copy of one",
    async (copy) => {
      const { backup, uid, id } = await backupOfDeleted();
      const { objects, metadata, services, context } = fixture.service;
      const before = (await services.receipts.get(ADMIN, uid)).jws;
      await objects.remove([receiptKey(uid)]);
      if (copy !== "without") await objects.put(receiptKey(uid), BYTES);
      metadata.restore(backup);
      expect((await guardRestore(context)).buried).toEqual([id]);
      expect(await ended(id)).toBe("completed");
      expect((await services.receipts.get(ADMIN, uid)).jws).not.toBe(before);
    },
  );

  it("fails while the copy of a receipt cannot be read, and buries nothing", async () => {
    const { backup, uid } = await backupOfDeleted();
    const { objects, metadata, context, services } = fixture.service;
    metadata.restore(backup);
    objects.failures.fail = (call, key) =>
      call === "get" && key === receiptKey(uid) ? DENIED : null;
    await expect(guardRestore(context)).rejects.toBe(DENIED);
    expect(await services.projects.get(ADMIN, "p1")).toMatchObject({ state: "active" });
  });

  it("fails where the keys cannot tell whether a receipt is believed", async () => {
    const { backup } = await backupOfDeleted();
    const { metadata, context } = fixture.service;
    metadata.restore(backup);
    const signer = { ...context.signer, verify: () => Promise.reject(DEFECT) };
    await expect(guardRestore({ ...context, signer })).rejects.toBe(DEFECT);
  });

  it("buries nothing that another process has buried in the meantime", async () => {
    const { backup, id } = await backupOfDeleted();
    const { metadata, context } = fixture.service;
    metadata.restore(backup);
    const late = withMethods<MetadataStore>(metadata, {
      buryAgain: async (...args) => {
        await guardRestore(context);
        return await metadata.buryAgain(...args);
      },
    });
    const { tombstones, buried } = await guardRestore({ ...context, metadata: late });
    expect([tombstones, buried]).toEqual([1, []]);
    expect(await ended(id)).toBe("completed");
  });
});
