import { backoffMs } from "../core/backoff.ts";
import { type CdnFailure, cdnPrefix, cdnUrl, isCdnUrl, prefixOfKey } from "../core/cdn.ts";
import type { SurfaceListing } from "../core/layouts/index.ts";
import { LIMITS } from "../core/limits.ts";
import type { Cdn } from "../ports/cdn.ts";
import type { Clock, Random } from "../ports/clock.ts";

export interface CdnContext {
  readonly clock: Clock;
  readonly random: Random;
}

/** Where a key is purged: by the prefix of its surface, or by itself. */
export interface CdnTargets {
  /** One for each surface that has a prefix of its own; none in mode `url`. */
  readonly prefixes: readonly string[];
  readonly of: (key: string) => string;
}

/**
 * What is to be purged for a project's keys. A listing prefix that keys of other projects share, or that
 * ends within a segment, is not purged: its keys are, one by one.
 */
export function cdnTargets(
  { address, mode }: Pick<Cdn, "address" | "mode">,
  listings: readonly SurfaceListing[],
): CdnTargets {
  const own: { readonly prefix: string; readonly target: string }[] = [];
  for (const { prefix, owns } of mode === "prefix" ? listings : []) {
    const target = cdnPrefix(address, prefix);
    // What stands below it belongs to the project, whatever follows: then it is no other one's.
    if (target !== null && owns(`${prefix}x`) && owns(`${prefix}x/x`)) own.push({ prefix, target });
  }
  return {
    prefixes: own.map(({ target }) => target),
    of: (key) =>
      own.find(({ prefix }) => key.startsWith(prefix))?.target ??
      (mode === "prefix" ? prefixOfKey(address, key) : null) ??
      cdnUrl(address, key),
  };
}

/** What became of targets that were sent together. */
export interface Purged {
  readonly accepted: readonly string[];
  readonly failed: readonly { readonly target: string; readonly failure: CdnFailure }[];
}

/**
 * Purges URLs and prefixes, at most one request's worth of each. What may pass is tried so many times;
 * a request that is refused as it is is parted, to find the target that is meant.
 */
export async function purgeTargets(
  context: CdnContext,
  cdn: Cdn,
  targets: readonly string[],
  options: { readonly attemptsMax: number; readonly signal: AbortSignal },
): Promise<Purged> {
  const accepted: string[] = [];
  const failed: { target: string; failure: CdnFailure }[] = [];
  let refusals = 0;
  const send = async (batch: readonly string[]): Promise<void> => {
    const failure = await attempts(context, cdn, batch, options);
    if (failure === null) {
      accepted.push(...batch);
      return;
    }
    if (failure.errorClass === "permanent" && batch.length === 1) refusals++;
    const isParted = failure.errorClass === "permanent" && batch.length > 1;
    if (!isParted || refusals >= LIMITS.cdnRefusalsMax) {
      failed.push(...batch.map((target) => ({ target, failure })));
      return;
    }
    const half = Math.ceil(batch.length / 2);
    await send(batch.slice(0, half));
    await send(batch.slice(half));
  };
  for (const kind of [true, false]) {
    const batch = targets.filter((target) => isCdnUrl(target) === kind);
    if (batch.length > 0) await send(batch);
  }
  return { accepted, failed };
}

async function attempts(
  { clock, random }: CdnContext,
  cdn: Cdn,
  batch: readonly string[],
  { attemptsMax, signal }: { readonly attemptsMax: number; readonly signal: AbortSignal },
): Promise<CdnFailure | null> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const answer = await cdn.purge(batch, signal);
    if (answer.result === "accepted") return null;
    const { failure } = answer;
    if (failure.errorClass !== "retryable" || attempt >= attemptsMax) return failure;
    const pauseMs = failure.retryAfterMs ?? backoffMs(attempt, random.bytes(2));
    await clock.sleep(Math.min(pauseMs, LIMITS.retryAfterMaxMs), signal);
  }
}
