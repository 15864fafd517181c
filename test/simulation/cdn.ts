import { MemoryCdn } from "../../src/adapters/memory/cdn.ts";
import type { CdnFailure, CdnMode } from "../../src/core/cdn.ts";
import { isStoreError } from "../../src/core/store-errors.ts";
import type { Cdn } from "../../src/ports/cdn.ts";
import { cdnTargets } from "../../src/services/cdn.ts";
import type { Ground } from "./model.ts";
import type { Process } from "./process.ts";

/** A CDN before the store of one run, and the order in which objects went and purges were taken. */
export class SimulatedCdn {
  readonly cdn: Cdn;
  readonly #purgedAt = new Map<string, number>();
  /** By the project's uid, then by key. */
  readonly #lostAt = new Map<string, Map<string, number>>();
  #steps = 0;

  constructor(mode: CdnMode) {
    this.cdn = new MemoryCdn(mode, (targets) => {
      for (const target of targets) this.#purgedAt.set(target, ++this.#steps);
      return null;
    });
  }

  /** An object of a project that is being deleted is gone. */
  lost(uid: string, key: string): void {
    const keys = this.#lostAt.get(uid) ?? new Map<string, number>();
    this.#lostAt.set(uid, keys.set(key, ++this.#steps));
  }

  /** Keys that were not purged since they went: what a cache may show yet, at the receipt. */
  *unpurged({ layouts }: Ground, project: { id: string; uid: string }): Generator<string> {
    const targets = cdnTargets(this.cdn, layouts.surfacesFor(project));
    for (const [key, lostAt] of this.#lostAt.get(project.uid) ?? []) {
      if ((this.#purgedAt.get(targets.of(key)) ?? 0) < lostAt) yield key;
    }
  }
}

/** The CDN as one process reaches it: over a network that loses, delays and repeats. */
export function cdnOf(process: Process, simulated: SimulatedCdn | null): Cdn | null {
  if (simulated === null) return null;
  const { cdn } = simulated;
  return {
    provider: cdn.provider,
    address: cdn.address,
    mode: cdn.mode,
    purge: async (targets) => {
      try {
        const effect = () => cdn.purge(targets);
        return await process.call({ name: "cdn.purge", lands: true, effect });
      } catch (error) {
        return { result: "failed", failure: failureOf(error) };
      }
    },
  };
}

/** Faults come as a store's errors, of whatever kind the call is. */
function failureOf(error: unknown): CdnFailure {
  const message = "simulated";
  if (isStoreError(error, "access-denied")) {
    return { code: "cdn-denied", errorClass: "blocked", message, retryAfterMs: null };
  }
  const retryAfterMs = isStoreError(error) ? error.retryAfterMs : null;
  return { code: "cdn-unavailable", errorClass: "retryable", message, retryAfterMs };
}
