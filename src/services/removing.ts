import { backoffMs } from "../core/backoff.ts";
import { LIMITS } from "../core/limits.ts";
import type { ResidueOutcome } from "../core/model.ts";
import { outcomeOf, StoreError, type StoreErrorCode } from "../core/store-errors.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { ObjectStore, RemoveResult, VersionRef } from "../ports/object-store.ts";

export interface Refusal {
  readonly key: string;
  /** Where it was one version that was to be removed. */
  readonly versionId?: string;
  readonly outcome: ResidueOutcome;
  readonly code: StoreErrorCode;
  readonly message: string;
}

export interface Removed {
  /** Keys or versions that the store called gone: progress, not evidence (R5). */
  readonly gone: number;
  readonly refused: readonly Refusal[];
}

/** What removing needs of a service's context. */
export interface StoreContext {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** A key, or one version of it. */
interface Target {
  readonly key: string;
  readonly versionId?: string;
}

/** What one request said, and how long the store wants to be left alone. */
interface Answered {
  readonly results: readonly (RemoveResult & Target)[];
  readonly retryAfterMs: number;
}

type Send = (targets: readonly Target[]) => Promise<readonly (RemoveResult & Target)[]>;

/**
 * Removes keys with bounded retries and answers what is known of each. Every reply is read entry by
 * entry, and `deleted + errors = asked` is checked (R5): what a reply does not mention is `unknown`.
 */
export async function removeKeys(
  context: StoreContext,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<Removed> {
  const targets = keys.map((key) => ({ key }));
  const send: Send = (batch) =>
    context.store.remove(
      batch.map(({ key }) => key),
      signal,
    );
  return await removeTargets(context, targets, send, signal);
}

/** The same for single versions and delete markers. */
export async function removeVersions(
  context: StoreContext,
  versions: readonly VersionRef[],
  signal?: AbortSignal,
): Promise<Removed> {
  const targets = versions.map(({ key, versionId }) => ({ key, versionId }));
  const send: Send = (batch) =>
    context.store.removeVersions(
      batch.map(({ key, versionId = "" }) => ({ key, versionId })),
      signal,
    );
  return await removeTargets(context, targets, send, signal);
}

async function removeTargets(
  context: StoreContext,
  targets: readonly Target[],
  send: Send,
  signal: AbortSignal | undefined,
): Promise<Removed> {
  let waiting = targets;
  let gone = 0;
  const refused: Refusal[] = [];
  for (let attempt = 1; waiting.length > 0; attempt++) {
    const again: Target[] = [];
    let wishedMs = 0;
    for (let at = 0; at < waiting.length; at += LIMITS.removeBatchKeys) {
      signal?.throwIfAborted();
      const batch = waiting.slice(at, at + LIMITS.removeBatchKeys);
      const { results, retryAfterMs } = await removeBatch(batch, send, signal);
      wishedMs = Math.max(wishedMs, Math.min(retryAfterMs, LIMITS.retryAfterMaxMs));
      for (const [i, result] of results.entries()) {
        const target = batch[i];
        if (result.result === "gone") gone++;
        else if (result.retryable && attempt < attemptsOf(result) && target) again.push(target);
        else refused.push(refusal(result));
      }
    }
    waiting = again;
    if (again.length > 0) {
      const pauseMs = Math.max(wishedMs, backoffMs(attempt, context.random.bytes(2)));
      await context.clock.sleep(pauseMs, signal);
    }
  }
  return { gone, refused };
}

/** A store that throttles works: it is waited for longer. */
function attemptsOf({ code }: { readonly code: StoreErrorCode }): number {
  return code === "throttled" ? LIMITS.throttledAttemptsMax : LIMITS.removeAttemptsMax;
}

/**
 * One request; a batch that is refused whole is split, down to single deletes (R5): one key may be
 * what all of them are refused for.
 */
async function removeBatch(
  targets: readonly Target[],
  send: Send,
  signal: AbortSignal | undefined,
): Promise<Answered> {
  try {
    return { results: account(targets, await send(targets)), retryAfterMs: 0 };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof StoreError)) throw error;
    if (targets.length === 1 || !(await mayDiffer(targets, send, error))) {
      const results = targets.map((target) => refusedWhole(target, error));
      return { results, retryAfterMs: error.retryAfterMs ?? 0 };
    }
    const middle = Math.ceil(targets.length / 2);
    const first = await removeBatch(targets.slice(0, middle), send, signal);
    const second = await removeBatch(targets.slice(middle), send, signal);
    return {
      results: [...first.results, ...second.results],
      retryAfterMs: Math.max(first.retryAfterMs, second.retryAfterMs),
    };
  }
}

/**
 * Whether single keys may fare better than the batch. A right that is missing is missing for each of
 * them, which the first and the last one tell: else a key that may only read would cost two requests
 * per key in every pass.
 */
async function mayDiffer(
  targets: readonly Target[],
  send: Send,
  error: StoreError,
): Promise<boolean> {
  if (error.errorClass === "permanent" || error.code === "object-locked") return true;
  if (error.code !== "access-denied") return false;
  for (const target of [targets[0], targets.at(-1)]) {
    if (target && !(await isDenied(target, send))) return true;
  }
  return false;
}

async function isDenied(target: Target, send: Send): Promise<boolean> {
  try {
    const [result] = account([target], await send([target]));
    return result?.result === "blocked" && result.code === "access-denied";
  } catch (error) {
    if (error instanceof StoreError) return error.code === "access-denied";
    throw error;
  }
}

function refusedWhole(target: Target, error: StoreError): RemoveResult & Target {
  return {
    ...target,
    result: outcomeOf(error.errorClass),
    retryable: error.errorClass === "retryable",
    code: error.code,
    message: error.message,
  };
}

/** Holds the reply against what was asked: nothing missing, nothing foreign (R5). */
function account(
  targets: readonly Target[],
  results: readonly (RemoveResult & Target)[],
): readonly (RemoveResult & Target)[] {
  const answered = new Map(results.map((result) => [idOf(result), result]));
  return targets.map(
    (target) =>
      answered.get(idOf(target)) ?? {
        ...target,
        result: "unknown",
        retryable: true,
        code: "unlisted-reply",
        message: "the store's reply does not mention this key",
      },
  );
}

function idOf({ key, versionId }: Target): string {
  return versionId === undefined ? key : `${key}\0${versionId}`;
}

function refusal(result: Exclude<RemoveResult, { result: "gone" }> & Target): Refusal {
  const { key, versionId, result: outcome, code, message } = result;
  return { key, ...(versionId === undefined ? {} : { versionId }), outcome, code, message };
}
