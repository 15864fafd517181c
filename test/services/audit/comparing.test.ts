import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AgeRule, KeyOrder } from "../../../src/core/audit.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { MetadataStore } from "../../../src/ports/metadata/index.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { withMethods } from "../../support/methods.ts";
import { withLimit } from "../../support/limits.ts";
import { commit, completing } from "../../contract/metadata/fixture.ts";
import {
  AS_THEY_ARE,
  AT_ONCE,
  audited,
  naive,
  type Plant,
  PLANTS,
  plantAll,
  world,
  type World,
} from "./planted.ts";

/** What an audit finds where something is put between it and the stores. */
async function between(
  one: World,
  put: { readonly store?: Partial<ObjectStore>; readonly metadata?: Partial<MetadataStore> },
  age: AgeRule = AT_ONCE,
  order: KeyOrder = AS_THEY_ARE,
): ReturnType<typeof audited> {
  const store = withMethods<ObjectStore>(one.objects, put.store ?? {});
  const metadata = withMethods<MetadataStore>(one.store, put.metadata ?? {});
  return await audited({ store, metadata, layouts: one.layouts }, age, order);
}

async function planted(...plants: readonly Plant[]): Promise<World> {
  const one = await world();
  await plantAll(one, plants);
  return one;
}

describe("comparing store and rows", () => {
  it("finds exactly what a naive comparison of everything finds, whatever was planted", async () => {
    const some = fc.array(fc.constantFrom(...PLANTS), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(some, fc.integer({ min: 1, max: 5 }), async (plants, stretchKeys) => {
        const one = await world({ pageMax: 3 });
        await plantAll(one, plants);
        const { findings } = await withLimit("auditStretchKeys", stretchKeys, () =>
          between(one, {}),
        );
        expect(findings).toEqual(naive(one));
      }),
      { numRuns: 60 },
    );
  });

  it("finds nothing where an orphan is gone at the second look", async () => {
    const one = await planted("orphan", "foreign");
    const [key = ""] = one.objects.view().keysBelow("projects/");
    const { findings } = await between(one, {
      metadata: {
        whichNamed: async (keys) => {
          await one.objects.remove([key]);
          return await one.store.whichNamed(keys);
        },
      },
    });
    expect(findings.map(({ kind }) => kind)).toEqual(["foreign"]);
  });

  it("finds nothing where the row of a missing object went meanwhile", async () => {
    const one = await planted("dangling");
    const [row] = await one.store.listStoredFiles({ limit: 1 });
    const { findings } = await between(one, {
      store: {
        head: async (key) => {
          await one.store.removeFile(row?.projectUid ?? "", row?.path ?? "");
          return await one.objects.head(key);
        },
      },
    });
    expect(findings).toEqual([]);
  });

  it("concludes nothing of a row whose object the store does not let it look at", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    const { findings, counts } = await between(await planted("dangling", "orphan"), {
      store: { head: () => Promise.reject(denied) },
    });
    expect(findings.map(({ kind }) => kind)).toEqual(["orphan"]);
    expect(counts).toEqual([expect.objectContaining({ unknown: 1 })]);
  });

  it("finds no row dangling whose object a listing leaves out and a look at the key shows", async () => {
    const list: ObjectStore["list"] = () => Promise.resolve({ entries: [], next: null });
    const { findings } = await between(await planted("file", "dangling"), { store: { list } });
    expect(findings.map(({ kind }) => kind)).toEqual(["dangling"]);
  });

  it("judges nothing that is younger than the minimum age, neither objects nor rows", async () => {
    const one = await planted("orphan", "dangling", "wrong size");
    const minAgeMs = 60_000;
    const young = await between(one, {}, { startedAt: one.clock.now(), minAgeMs });
    expect(young).toEqual({ findings: [], counts: [expect.objectContaining({ young: 3 })] });
    const later = { startedAt: one.clock.now() + minAgeMs, minAgeMs };
    expect((await between(one, {}, later)).findings).toHaveLength(3);
  });

  it("refuses to judge by a listing whose keys are not in order", async () => {
    const one = await planted("foreign", "orphan", "file");
    const list: ObjectStore["list"] = async (...args) => {
      const { entries, next } = await one.objects.list(...args);
      return { entries: entries.toReversed(), next };
    };
    await expect(between(one, { store: { list } })).rejects.toMatchObject({
      code: "listing-broken",
    });
  });

  it("takes the composed and the decomposed spelling for one key where the store composes", async () => {
    const one = await world();
    const [composed, decomposed] = ["audio/p/caf\u00e9", "audio/p/cafe\u0301"] as const;
    await one.objects.put(decomposed, new Uint8Array(10));
    const { uid } = one.projects.active;
    await commit(one, await completing(one, uid, { key: composed, sizeBytes: 10 }));
    // Between the two spellings, so that the pair comes apart.
    await one.objects.put("audio/p/cafz", new Uint8Array(1));
    const store: Partial<ObjectStore> = {
      head: (key) => one.objects.head(key.normalize("NFD")),
    };
    const kinds = async (order: KeyOrder): Promise<readonly string[]> =>
      (await between(one, { store }, AT_ONCE, order)).findings.map(({ key }) => key);
    expect(await kinds({ normalisation: "nfc" })).toEqual(["audio/p/cafz"]);
    expect(await kinds(AS_THEY_ARE)).toEqual([decomposed, "audio/p/cafz"]);
  });
});
