import { LIMITS } from "../core/limits.ts";
import { isStoreError } from "../core/store-errors.ts";
import { aroundStore, type ObjectStoreCall } from "../ports/around-store.ts";
import type { ObjectStore } from "../ports/object-store.ts";

/** Calls that last as long as a client's line is slow, or that ask nothing of the store: only watched. */
const UNLIMITED: ReadonlySet<ObjectStoreCall> = new Set([
  "get",
  "uploadPart",
  "presignGet",
  "presignPart",
]);

/**
 * Bounds how many calls are under way at a time. When the store says that it is too much, the bound is
 * halved, once for all the calls that were under way then; with each success it grows back slowly
 * (additive increase, multiplicative decrease; RFC 5681 section 3.1 has the idea).
 */
export function limitedStore(
  store: ObjectStore,
  inFlightMax: number = LIMITS.storeCallsInFlight,
): ObjectStore {
  const gate = new Gate(inFlightMax);
  return aroundStore(store, async ({ call, signal }, run) => {
    if (UNLIMITED.has(call)) return await watched(gate, gate.era, run);
    const era = await gate.enter(signal);
    try {
      const answer = await watched(gate, era, run);
      if (!saysThrottled(answer)) gate.succeeded();
      return answer;
    } finally {
      gate.leave();
    }
  });
}

/** Tells the gate of a store that asks for fewer requests, by failing or of single keys. */
async function watched<T>(gate: Gate, era: number, run: () => Promise<T>): Promise<T> {
  try {
    const answer = await run();
    if (saysThrottled(answer)) gate.throttled(era);
    return answer;
  } catch (error) {
    if (isStoreError(error, "throttled")) gate.throttled(era);
    throw error;
  }
}

/** A removal is answered key by key, and throttled so too. */
function saysThrottled(answer: unknown): boolean {
  if (!Array.isArray(answer)) return false;
  return (answer as readonly Partial<{ code: unknown }>[]).some(({ code }) => code === "throttled");
}

class Gate {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #allowed: number;
  #inFlight = 0;
  #era = 0;

  constructor(max: number) {
    this.#max = max;
    this.#allowed = max;
  }

  /** How often the bound was halved so far. */
  get era(): number {
    return this.#era;
  }

  /** Resolves when the call may go, in the order of asking; throws the signal's reason when aborted. */
  async enter(signal: AbortSignal | undefined): Promise<number> {
    signal?.throwIfAborted();
    if (this.#waiting.length === 0 && this.#inFlight < Math.floor(this.#allowed)) {
      this.#inFlight++;
      return this.#era;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      const at = this.#waiting.indexOf(resolve);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      const reason: unknown = signal?.reason;
      reject(reason instanceof Error ? reason : new Error("aborted", { cause: reason }));
    };
    this.#waiting.push(resolve);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    return this.#era;
  }

  succeeded(): void {
    this.#allowed = Math.min(this.#max, this.#allowed + 1 / this.#allowed);
  }

  /** @param era when the call entered: what began before the last halving says nothing of the new bound */
  throttled(era: number): void {
    if (era < this.#era) return;
    this.#era++;
    this.#allowed = Math.max(1, this.#allowed / 2);
  }

  leave(): void {
    this.#inFlight--;
    while (this.#inFlight < Math.floor(this.#allowed)) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inFlight++;
      next();
    }
  }
}
