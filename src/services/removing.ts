import { backoffMs } from "../core/backoff.ts";
import { LIMITS } from "../core/limits.ts";
import type { ResidueOutcome } from "../core/model.ts";
import { StoreError, type StoreErrorCode } from "../core/store-errors.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { ObjectStore, RemoveResult } from "../ports/object-store.ts";

export interface Refusal {
  readonly key: string;
  readonly outcome: ResidueOutcome;
  readonly code: StoreErrorCode;
  readonly message: string;
}

export interface Removed {
  /** Keys that the store called gone: progress, not evidence (R5). */
  readonly gone: number;
  readonly refused: readonly Refusal[];
}

/** What removing needs of a service's context. */
export interface StoreContext {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Removes keys with bounded retries and answers what is known of each. Every reply is read entry by
 * entry, and `deleted + errors = asked` is checked (R5): what a reply does not mention is `unknown`.
 */
export async function removeKeys(
  context: StoreContext,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<Removed> {
  let waiting = keys;
  let gone = 0;
  const refused: Refusal[] = [];
  for (let attempt = 1; waiting.length > 0; attempt++) {
    const last = attempt >= LIMITS.removeAttemptsMax;
    const again: string[] = [];
    for (let at = 0; at < waiting.length; at += LIMITS.removeBatchKeys) {
      signal?.throwIfAborted();
      const batch = waiting.slice(at, at + LIMITS.removeBatchKeys);
      for (const result of await removeBatch(context, batch, signal)) {
        if (result.result === "gone") gone++;
        else if (result.retryable && !last) again.push(result.key);
        else refused.push(refusal(result));
      }
    }
    waiting = again;
    if (again.length > 0)
      await context.clock.sleep(backoffMs(attempt, context.random.bytes(2)), signal);
  }
  return { gone, refused };
}

/** One request; a batch that is refused whole is split, down to single keys (R5). */
async function removeBatch(
  context: StoreContext,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly RemoveResult[]> {
  try {
    return account(keys, await context.store.remove(keys, signal));
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof StoreError)) throw error;
    if (error.errorClass !== "permanent" || keys.length === 1) {
      return keys.map((key) => refusedWhole(key, error));
    }
    const middle = Math.ceil(keys.length / 2);
    return [
      ...(await removeBatch(context, keys.slice(0, middle), signal)),
      ...(await removeBatch(context, keys.slice(middle), signal)),
    ];
  }
}

function refusedWhole(key: string, error: StoreError): RemoveResult {
  const results = {
    retryable: "unknown",
    unknown: "unknown",
    blocked: "blocked",
    permanent: "failed",
  } as const;
  return {
    key,
    result: results[error.errorClass],
    retryable: error.errorClass === "retryable",
    code: error.code,
    message: error.message,
  };
}

/** Holds the reply against what was asked: nothing missing, nothing foreign (R5). */
function account(
  keys: readonly string[],
  results: readonly RemoveResult[],
): readonly RemoveResult[] {
  const answered = new Map(results.map((result) => [result.key, result]));
  return keys.map(
    (key) =>
      answered.get(key) ?? {
        key,
        result: "unknown",
        retryable: true,
        code: "unlisted-reply",
        message: "the store's reply does not mention this key",
      },
  );
}

function refusal(result: Exclude<RemoveResult, { result: "gone" }>): Refusal {
  const { key, result: outcome, code, message } = result;
  return { key, outcome, code, message };
}
