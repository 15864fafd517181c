import { generateKeyPairSync } from "node:crypto";
import { signerOf } from "../../../src/adapters/ed25519-signer.ts";
import {
  MemoryObjectStore,
  type MemoryObjectStoreOptions,
} from "../../../src/adapters/memory/object-store.ts";
import { retryingStore } from "../../../src/adapters/retrying-store.ts";
import { SystemClock } from "../../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../../src/adapters/system-random.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { DeletionEngine, EngineError } from "../../../src/services/engine/engine.ts";
import type {
  DeletionEngineOptions,
  EngineDeletion,
} from "../../../src/services/engine/options.ts";
import { keptLog } from "../../adapters/kept-log.ts";

export const LAYOUTS = {
  canonical: "projects/{project}/**",
  layouts: [{ name: "audio", template: "audio/proj_{project}/**" }],
} as const;

export const OF_P1 = ["audio/proj_p1/old.mp3", "projects/p1/a", "projects/p1/b", "uploads/7"];

const BYTES = new TextEncoder().encode("hello");

export interface Application {
  readonly objects: MemoryObjectStore;
  /** The application's own table: the keys of each project. */
  readonly rows: Map<string, string[]>;
  readonly log: ReturnType<typeof keptLog>;
  readonly engine: (options?: Partial<DeletionEngineOptions>) => DeletionEngine;
}

/**
 * An application with a table of its own on a memory store, and the engine by a clock whose pauses are
 * over at once.
 * @param wrap puts something between the engine and the store
 */
export function application(
  keys: Readonly<Record<string, readonly string[]>> = {},
  options: {
    readonly store?: Partial<MemoryObjectStoreOptions>;
    readonly wrap?: (store: MemoryObjectStore) => ObjectStore;
  } = {},
): Application {
  const system = new SystemClock();
  const clock = { now: () => system.now(), sleep: async () => {} };
  const random = new SystemRandom();
  const log = keptLog("debug");
  const objects = new MemoryObjectStore(clock, { random, ...options.store });
  const rows = new Map(Object.entries(keys).map(([id, list]) => [id, [...list]]));
  const store = retryingStore(options.wrap?.(objects) ?? objects, { clock, random });
  return {
    objects,
    rows,
    log,
    engine: (more = {}) =>
      new DeletionEngine(
        { store, trackedKeys: (id) => rows.get(id) ?? [], ...more },
        { clock, random, log: log.log },
      ),
  };
}

export async function put({ objects }: Application, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await objects.put(key, BYTES);
}

export function keysIn({ objects }: Application): readonly string[] {
  return [...objects.snapshot().objects.keys()];
}

/** The failure of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("the call did not fail");
}

export async function blockedBy(call: Promise<unknown>): Promise<EngineError> {
  const failure = await failureOf(call);
  if (failure instanceof EngineError) return failure;
  throw failure;
}

export async function newSigner() {
  return await signerOf(generateKeyPairSync("ed25519").privateKey);
}

/** Of each surface what was found, deleted and absent. */
export function counts(deletion: EngineDeletion) {
  return Object.fromEntries(
    deletion.surfaces.map(({ surface, found, deleted, absent }) => [
      surface,
      [found, deleted, absent],
    ]),
  );
}
