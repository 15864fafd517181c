import { backoffMs } from "../core/backoff.ts";
import { LIMITS } from "../core/limits.ts";
import { StoreError } from "../core/store-errors.ts";
import { aroundStore, type ObjectStoreCall } from "../ports/around-store.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { ObjectStore } from "../ports/object-store.ts";

/**
 * Attempts at each call. A removal has one: it is repeated key by key by who reads its results (R5).
 * What ends an upload has more, since a fence that does not come to an answer blocks a deletion (R2).
 */
const ATTEMPTS: Readonly<Partial<Record<ObjectStoreCall, number>>> = {
  remove: 1,
  removeVersions: 1,
  completeUpload: LIMITS.endAttemptsMax,
  abortUpload: LIMITS.endAttemptsMax,
};

/**
 * The one policy of retries: repeats what failed in a passing way, with growing and jittered pauses, or
 * the longer one that the store asked for. What is thrown in the end is the last failure.
 */
export function retryingStore(
  store: ObjectStore,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): ObjectStore {
  return aroundStore(store, async ({ call, signal, repeatable }, run) => {
    const attempts = repeatable ? (ATTEMPTS[call] ?? LIMITS.callAttemptsMax) : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        const again = error instanceof StoreError && error.errorClass === "retryable";
        if (!again || attempt >= mostOf(attempts, error) || signal?.aborted) throw error;
        await clock.sleep(pauseMs(error, attempt, random), signal);
        signal?.throwIfAborted();
      }
    }
  });
}

/** A store that throttles works: it is waited for longer, while the limits around it yield. */
function mostOf(attempts: number, { code }: StoreError): number {
  if (attempts === 1 || code !== "throttled") return attempts;
  return Math.max(attempts, LIMITS.throttledAttemptsMax);
}

function pauseMs({ retryAfterMs }: StoreError, attempt: number, random: Random): number {
  const wishedMs = Math.min(retryAfterMs ?? 0, LIMITS.retryAfterMaxMs);
  return Math.max(wishedMs, backoffMs(attempt, random.bytes(2)));
}
