import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { playRange } from "./campaign.ts";
import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import type { Context } from "../../src/services/context.ts";
import { createServices } from "../../src/services/index.ts";
import {
  DATABASE_CALLS,
  DATABASE_CALLS_UNUSED,
  neverHit,
  STORE_CALLS,
  STORE_CALLS_UNUSED,
} from "./must-hit.ts";
import { simulate } from "./scenario.ts";
import { ATTEMPTS, WITHOUT_CALLER } from "./strangers.ts";

const SCHEDULES = 20_000;
const SCHEDULES_TIMEOUT_MS = 900_000;
const THREADS = Math.max(2, availableParallelism());

/**
 * What a seed plays changes with every call that the services make more or less: these are no proof
 * that the old schedule comes again, which the tests of the mended code are for.
 */
const KEPT = JSON.parse(readFileSync(new URL("seeds.json", import.meta.url), "utf8")) as readonly {
  readonly seed: number;
  readonly why: string;
}[];

function methodsOf(object: object): readonly string[] {
  const names = new Set<string>();
  let prototype = Object.getPrototypeOf(object) as object;
  while (prototype !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(prototype)) names.add(name);
    prototype = Object.getPrototypeOf(prototype) as object;
  }
  names.delete("constructor");
  return [...names];
}

describe("the protocol under faults", () => {
  it(
    `keeps every invariant in ${SCHEDULES} schedules, that strike every call in every way`,
    async () => {
      const outcome = await playRange(1, SCHEDULES, THREADS);
      expect(outcome.failures).toEqual([]);
      expect(outcome.seeds).toBe(SCHEDULES);
      expect(outcome.deletions).toBeGreaterThan(SCHEDULES / 2);
      // Every hundredth seed is played twice.
      expect(outcome.replayed).toBe(SCHEDULES / 100);
      expect(outcome.different).toEqual([]);
      // A schedule that never hits a call proves nothing about it.
      expect(neverHit(outcome.hits)).toEqual([]);
    },
    SCHEDULES_TIMEOUT_MS,
  );

  it.each(KEPT)(
    "keeps every invariant in the schedule $seed, of which is known: $why",
    async ({ seed }) => {
      expect((await simulate(seed)).violations).toEqual([]);
    },
  );

  it("comes out the same on one thread and on three", async () => {
    const alone = await playRange(501, 120, 1);
    const shared = await playRange(501, 120, 3);
    expect(shared).toEqual(alone);
    expect(alone.seeds).toBe(120);
  }, 60_000);
});

describe("what the simulation must strike", () => {
  it("is every call of the store, but for those that say why not", () => {
    const random = { bytes: (length: number) => new Uint8Array(length) };
    const store = new MemoryObjectStore({ now: () => 0 }, { random });
    const ofMemory = new Set(["setVersioning", "view"]);
    const calls = methodsOf(store).filter((name) => !ofMemory.has(name));
    expect([...calls].sort()).toEqual([...STORE_CALLS, ...STORE_CALLS_UNUSED].sort());
  });

  it("is every call of the database, but for those that say why not", () => {
    const store = new MemoryMetadataStore({ now: () => 0, sleep: () => Promise.resolve() });
    const ofMemory = new Set(["snapshot", "restore", "view", "run"]);
    const calls = methodsOf(store).filter((name) => !ofMemory.has(name));
    const known = [
      ...DATABASE_CALLS.filter((name) => name !== "enqueue"),
      ...DATABASE_CALLS_UNUSED,
    ];
    expect([...calls].sort()).toEqual(known.sort());
  });

  it("is every operation that takes a caller, by one who may not (I10)", () => {
    const services = Object.entries(createServices({} as Context));
    const operations = services.flatMap(([name, service]) =>
      methodsOf(service as object).map((method) => `${name}.${method}`),
    );
    expect(operations.sort()).toEqual([...Object.keys(ATTEMPTS), ...WITHOUT_CALLER].sort());
  });
});
