import { doublingMs } from "../../core/backoff.ts";
import { LIMITS } from "../../core/limits.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { Removal } from "../../ports/metadata/index.ts";
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
  const refusals = new Map(refused.map((refusal) => [refusal.key, refusal]));
  const results: RemovalResult[] = [];
  for (const { key, projectUid, attempts } of removals) {
    const refusal = refusals.get(key) ?? (await stillThere(context, key, versioned, signal));
    if (!refusal) {
      results.push({ key, verified: true });
      continue;
    }
    const { code, message } = refusal;
    const delayMs = doublingMs(attempts + 1, LIMITS.removalRetryMinMs, LIMITS.removalRetryMaxMs);
    await context.metadata.postponeRemoval(key, code, message, delayMs);
    context.log.warn({ project: projectUid, key, code, retryInMs: delayMs }, "removal postponed");
    results.push({ key, verified: false, code });
  }
  await context.metadata.finishRemovals(
    results.filter(({ verified }) => verified).map(({ key }) => key),
  );
  return results;
}

async function stillThere(
  context: Context,
  key: string,
  versioned: boolean,
  signal: AbortSignal,
): Promise<{ code: string; message: string } | null> {
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
