import { doublingMs } from "../../core/backoff.ts";
import { LIMITS } from "../../core/limits.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { Removal } from "../../ports/metadata/index.ts";
import { cdnTargets, purgeTargets } from "../cdn.ts";
import type { Context } from "../context.ts";
import { isListed, keepsVersions, removeObjects } from "../versions.ts";

/** What became of one object whose file is gone. */
export type RemovalResult =
  | { readonly key: string; readonly verified: true }
  | { readonly key: string; readonly verified: false; readonly code: string };

/**
 * Removes objects of deleted or overwritten files, looks in a listing whether they are gone, and only
 * then drops what knew of them (R9, R12). Never used for the keys of a project that is being deleted.
 */
export async function settleRemovals(
  context: Context,
  removals: readonly Removal[],
  signal: AbortSignal,
): Promise<readonly RemovalResult[]> {
  const keys = removals.map(({ key }) => key);
  // Asked anew: where versions are kept since a moment ago, a plain removal only hides.
  const versioned = await keepsVersions(context, true, signal);
  const refused = await removeObjects(context, keys, versioned, signal);
  const refusals = new Map<string, Refusal>(refused.map((refusal) => [refusal.key, refusal]));
  for (const { key } of removals) {
    const there = refusals.has(key) ? null : await stillThere(context, key, versioned, signal);
    if (there) refusals.set(key, there);
  }
  const gone = keys.filter((key) => !refusals.has(key));
  for (const [key, refusal] of await purgeKeys(context, gone, signal)) refusals.set(key, refusal);
  const results: RemovalResult[] = [];
  for (const { key, projectUid, attempts } of removals) {
    const refusal = refusals.get(key);
    if (!refusal) {
      results.push({ key, verified: true });
      continue;
    }
    const { code, message, retryAfterMs = null } = refusal;
    const doubledMs = doublingMs(attempts + 1, LIMITS.removalRetryMinMs, LIMITS.removalRetryMaxMs);
    const delayMs = Math.min(Math.max(doubledMs, retryAfterMs ?? 0), LIMITS.removalRetryMaxMs);
    await context.metadata.postponeRemoval(key, code, message, delayMs);
    context.log.warn({ project: projectUid, key, code, retryInMs: delayMs }, "removal postponed");
    results.push({ key, verified: false, code });
  }
  await context.metadata.finishRemovals(
    results.filter(({ verified }) => verified).map(({ key }) => key),
  );
  return results;
}

/** Why a removal is not done with. */
interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number | null;
}

/**
 * Purges from the CDN what is verified gone. One attempt: the removal stays until a later one is
 * accepted, and a caller who waits for it is not kept.
 */
async function purgeKeys(
  context: Context,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Refusal>> {
  const { cdn } = context;
  const refusals = new Map<string, Refusal>();
  if (cdn === null) return refusals;
  const targets = cdnTargets(cdn, []);
  for (let at = 0; at < keys.length; at += LIMITS.cdnBatchTargets) {
    const page = new Map(
      keys.slice(at, at + LIMITS.cdnBatchTargets).map((key) => [targets.of(key), key]),
    );
    const options = { attemptsMax: 1, signal };
    const { failed } = await purgeTargets(context, cdn, [...page.keys()], options);
    for (const { target, failure } of failed) {
      const key = page.get(target);
      if (key !== undefined) refusals.set(key, failure);
    }
  }
  return refusals;
}

async function stillThere(
  context: Context,
  key: string,
  versioned: boolean,
  signal: AbortSignal,
): Promise<Refusal | null> {
  try {
    const there = await isListed(context, key, versioned, signal);
    return there ? { code: "reappeared", message: "the object is still listed" } : null;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** The `removals` job: works off what is due, of every project. */
export async function runRemovals(context: Context, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const due = await context.metadata.dueRemovals(LIMITS.removalBatchKeys);
    if (due.length === 0) return;
    await settleRemovals(context, due, signal);
  }
}
