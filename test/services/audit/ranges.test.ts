import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type Audit, isComplete } from "../../../src/core/audit.ts";
import { compareUtf8 } from "../../../src/core/encoding.ts";
import { LIMITS } from "../../../src/core/limits.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { rangesOf } from "../../../src/services/audit/ranges.ts";
import { runAudit } from "../../../src/services/audit/run.ts";
import { stretchesOf } from "../../../src/services/audit/stretches.ts";
import { commit, completing } from "../../contract/metadata/fixture.ts";
import { ADMIN, makeService, putText, type TestService } from "../../support/context.ts";
import { withLimit } from "../../support/limits.ts";
import { withMethods } from "../../support/methods.ts";
import { AS_THEY_ARE, AT_ONCE, audited, naive, PLANTS, plantAll, world } from "./planted.ts";

const services: TestService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

const FILES = 12;
const STRANGE = ["a", "projects", "zz"];

/** A service with a dozen files and three foreign objects: before, among and behind them. */
async function service(
  change: (store: ObjectStore) => Partial<ObjectStore> = () => ({}),
): Promise<TestService> {
  const wrap = (store: ObjectStore): ObjectStore => withMethods(store, change(store));
  const made = await makeService({ work: false, pauseMaxMs: 1, store: { pageKeys: 2 }, wrap });
  services.push(made);
  const { id } = await made.services.projects.create(ADMIN, {});
  for (let i = 0; i < FILES; i++) await putText(made, id, `f${i}`, "x");
  for (const key of STRANGE) await made.objects.put(key, new Uint8Array(1));
  return made;
}

async function split<T>(parts: number, work: () => Promise<T>): Promise<T> {
  return await withLimit("auditRangeRowsMin", 1, () => withLimit("auditRangesMax", parts, work));
}

/** An audit that compares ranges of three files each, so many at a time. */
async function run(
  one: TestService,
  listingConcurrency: number,
  context = one.context,
): Promise<Audit> {
  const { audits } = one.services;
  const { id } = await audits.start(ADMIN, { minAgeMs: 0, listingConcurrency });
  await split(FILES / 3, () => runAudit(context, id, new AbortController().signal));
  return await audits.get(ADMIN, id);
}

async function keysFound(one: TestService, { id }: Audit): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of one.services.audits.findings(ADMIN, id)) keys.push(key);
  return keys.toSorted(compareUtf8);
}

describe("ranges of keys", () => {
  it("show the same pairs as one listing does, in its order, each once", async () => {
    const word = fc.string({ minLength: 1, maxLength: 3, unit: "binary" });
    const some = fc.uniqueArray(
      word.filter((text) => !text.includes("\0")),
      { maxLength: 8 },
    );
    const sizes = fc.integer({ min: 1, max: 5 });
    await fc.assert(
      fc.asyncProperty(some, some, sizes, sizes, async (objects, rows, pageMax, parts) => {
        const one = await world({ pageMax });
        const { uid } = one.projects.active;
        for (const key of objects) await one.objects.put(key, new Uint8Array(1));
        for (const key of rows) await commit(one, await completing(one, uid, { key, path: key }));
        const stores = { store: one.objects, metadata: one.store };
        const pairsOf = async (listings: number): Promise<readonly unknown[]> => {
          const seen: unknown[] = [];
          for (const range of await split(parts, () => rangesOf(one.store, listings))) {
            for await (const { pairs } of stretchesOf(stores, AS_THEY_ARE, range)) {
              seen.push(...pairs);
            }
          }
          return seen;
        };
        expect(await pairsOf(2)).toEqual(await pairsOf(1));
      }),
      { numRuns: 20 },
    );
  });

  it("find together what a naive comparison of everything finds, wherever they meet", async () => {
    const some = fc.array(fc.constantFrom(...PLANTS), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(some, fc.integer({ min: 1, max: 6 }), async (plants, parts) => {
        const one = await world({ pageMax: 3 });
        await plantAll(one, plants);
        const ranges = await split(parts, () => rangesOf(one.store, 2));
        const context = { store: one.objects, metadata: one.store, layouts: one.layouts };
        const { findings } = await audited(context, AT_ONCE, AS_THEY_ARE, ranges);
        expect(findings).toEqual(naive(one));
      }),
      { numRuns: 20 },
    );
  });

  it("meet at keys of plain ASCII only, and are one where there are few rows or one listing", async () => {
    const keys = ["a", "cafe\u0301", "z"];
    const metadata = { splitStoredKeys: () => Promise.resolve(keys) };
    expect((await rangesOf(metadata, 2)).map(({ until }) => until)).toEqual(["a", "z", null]);
    const whole = [{ from: { objectKey: null, row: null }, until: null, isDone: false }];
    expect(await rangesOf(metadata, 1)).toEqual(whole);
    expect(await rangesOf({ splitStoredKeys: () => Promise.resolve([]) }, 2)).toEqual(whole);
  });

  it("keep apart the spellings of a key on their sides where the store composes keys", async () => {
    const one = await world();
    const keys = ["e", "e\u0301", "f", "\u00e9x"];
    for (const key of keys) await one.objects.put(key, new Uint8Array(10));
    const { uid } = one.projects.active;
    for (const key of ["e", "\u00e9", "f"]) {
      await commit(one, await completing(one, uid, { key, path: key, sizeBytes: 10 }));
    }
    // As such a store lists: by the composed spelling.
    const list: ObjectStore["list"] = async (prefix, { startAfter = "" } = {}) => {
      const entries = (await one.objects.list(prefix, { limit: 10 })).entries
        .map((entry) => ({ ...entry, key: entry.key.normalize("NFC") }))
        .filter(({ key }) => compareUtf8(key, startAfter) > 0)
        .toSorted((a, b) => compareUtf8(a.key, b.key));
      return { entries, next: null };
    };
    const context = {
      store: withMethods<ObjectStore>(one.objects, {
        list,
        head: (key) => one.objects.head(key.normalize("NFD")),
      }),
      metadata: one.store,
      layouts: one.layouts,
    };
    const ranges = await split(9, () => rangesOf(one.store, 2));
    expect(ranges.map(({ until }) => until)).toEqual(["e", "f", null]);
    const { findings } = await audited(context, AT_ONCE, { normalisation: "nfc" }, ranges);
    expect(findings.map(({ key }) => key)).toEqual(["\u00e9x"]);
  });
});

describe("an audit of several ranges", () => {
  it("lists as many at a time as it was asked to, and no more", async () => {
    for (const [listings, most] of [
      [1, 1],
      [3, 3],
    ] as const) {
      let [now, seen] = [0, 0];
      const one = await service((store) => ({
        list: async (...args) => {
          seen = Math.max(seen, ++now);
          // A turn of the event loop, in which all others that may list begin to.
          await new Promise((done) => setImmediate(done));
          now--;
          return await store.list(...args);
        },
      }));
      const audit = await run(one, listings);
      expect(seen).toBe(most);
      expect(audit.progress.ranges).toHaveLength(listings === 1 ? 1 : 6);
      expect(isComplete(audit.progress)).toBe(true);
      expect(audit.progress.counts).toMatchObject({ objects: 15, rows: FILES, foreign: 3 });
      expect(await keysFound(one, audit)).toEqual(STRANGE);
    }
  });

  it("refuses to judge the surface where one range breaks in its midst, and no other goes on", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    let isRefused = false;
    let later = 0;
    const one = await service((store) => ({
      list: async (prefix, options = {}) => {
        if (isRefused && prefix === "") later++;
        if ((options.startAfter ?? "").startsWith("projects/") && options.cursor !== undefined) {
          isRefused = true;
          throw denied;
        }
        return await store.list(prefix, options);
      },
    }));
    const audit = await run(one, 2);
    expect(audit.completedAt).not.toBeNull();
    expect(isComplete(audit.progress)).toBe(false);
    expect(audit.progress.unjudged).toEqual([
      { surface: "objects", code: "access-denied", message: "no" },
    ]);
    expect(audit.progress.ranges.filter(({ isDone }) => isDone).length).toBeLessThan(6);
    expect(later).toBeLessThan(3);
  });

  it("believes no store that lists from elsewhere than a range begins", async () => {
    const one = await service((store) => ({
      list: (prefix, { startAfter: _ignored, ...options } = {}) => store.list(prefix, options),
    }));
    const audit = await run(one, 2);
    expect(audit.progress.unjudged).toMatchObject([{ surface: "objects", code: "listing-broken" }]);
  });

  it("believes no store whose order shows only in what lies behind a range", async () => {
    const one = await service((store) => ({
      list: async (...args) => {
        const { entries, next } = await store.list(...args);
        return { entries: entries.toReversed(), next };
      },
    }));
    const audit = await run(one, 2);
    expect(audit.progress.unjudged).toMatchObject([{ surface: "objects", code: "listing-broken" }]);
  });

  it("goes on in every range where a dead process left it, and counts nothing twice", async () => {
    const one = await service();
    const { metadata } = one;
    let writes = 0;
    const dying = {
      ...one.context,
      metadata: withMethods(metadata, {
        recordAudit: async (...args: Parameters<typeof metadata.recordAudit>) => {
          if (++writes === 7) throw new Error("the process died");
          return await metadata.recordAudit(...args);
        },
      }),
    };
    await expect(run(one, 3, dying)).rejects.toThrow("died");
    const [id = ""] = await metadata.dueAudits(1);
    const half = await one.services.audits.get(ADMIN, id);
    expect(half.progress.ranges.some(({ isDone }) => isDone)).toBe(true);
    await runAudit(one.context, id, new AbortController().signal);
    const audit = await one.services.audits.get(ADMIN, id);
    expect(isComplete(audit.progress)).toBe(true);
    expect(audit.progress.counts).toMatchObject({ objects: 15, rows: FILES, foreign: 3 });
    expect(await keysFound(one, audit)).toEqual(STRANGE);
  });

  it("compares four ranges at a time where nothing is said", async () => {
    const one = await service();
    const { listingConcurrency } = await one.services.audits.start(ADMIN, {});
    expect(listingConcurrency).toBe(LIMITS.auditListings);
    expect(listingConcurrency).toBe(4);
  });
});
