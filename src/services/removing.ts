import { backoffMs } from "../core/backoff.ts";
import { LIMITS } from "../core/limits.ts";
import type { ResidueOutcome } from "../core/model.ts";
import { StoreError, type StoreErrorCode } from "../core/store-errors.ts";
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
    const last = attempt >= LIMITS.removeAttemptsMax;
    const again: Target[] = [];
    for (let at = 0; at < waiting.length; at += LIMITS.removeBatchKeys) {
      signal?.throwIfAborted();
      const batch = waiting.slice(at, at + LIMITS.removeBatchKeys);
      for (const [i, result] of (await removeBatch(batch, send, signal)).entries()) {
        const target = batch[i];
        if (result.result === "gone") gone++;
        else if (result.retryable && !last && target) again.push(target);
        else refused.push(refusal(result));
      }
    }
    waiting = again;
    if (again.length > 0) {
      await context.clock.sleep(backoffMs(attempt, context.random.bytes(2)), signal);
    }
  }
  return { gone, refused };
}

/** One request; a batch that is refused whole is split, down to single deletes (R5). */
async function removeBatch(
  targets: readonly Target[],
  send: Send,
  signal: AbortSignal | undefined,
): Promise<readonly (RemoveResult & Target)[]> {
  try {
    return account(targets, await send(targets));
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof StoreError)) throw error;
    if (error.errorClass !== "permanent" || targets.length === 1) {
      return targets.map((target) => refusedWhole(target, error));
    }
    const middle = Math.ceil(targets.length / 2);
    return [
      ...(await removeBatch(targets.slice(0, middle), send, signal)),
      ...(await removeBatch(targets.slice(middle), send, signal)),
    ];
  }
}

const OUTCOMES = {
  retryable: "unknown",
  unknown: "unknown",
  blocked: "blocked",
  permanent: "failed",
} as const;

/** What is known of something whose removal, or whose end, failed so in the last attempt. */
export function outcomeOf(error: StoreError): ResidueOutcome {
  return OUTCOMES[error.errorClass];
}

function refusedWhole(target: Target, error: StoreError): RemoveResult & Target {
  return {
    ...target,
    result: outcomeOf(error),
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
