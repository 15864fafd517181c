import { LIMITS } from "../../core/limits.ts";
import type { Log } from "../../ports/log.ts";
import type { Context } from "../context.ts";

/** A claim on something, by its fencing token. */
export interface Held {
  readonly token: number;
  /** False when the claim is lost. */
  readonly extend: () => Promise<boolean>;
  readonly log: Log;
}

/**
 * Works while the claim stands: extends the lease until the work ends, and aborts the signal at once
 * when that fails. @param outer aborts when the process stops
 */
export async function whileClaimed<T>(
  context: Context,
  held: Held,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const heartbeat = keepClaim(context, held, lost);
  try {
    return await work(AbortSignal.any([outer, lost.signal]));
  } finally {
    lost.abort();
    await heartbeat;
  }
}

async function keepClaim(
  { clock }: Context,
  { token, log, extend }: Held,
  lost: AbortController,
): Promise<void> {
  while (!lost.signal.aborted) {
    await clock.sleep(LIMITS.leaseExtendEveryMs, lost.signal);
    if (lost.signal.aborted) return;
    try {
      if (await extend()) continue;
      log.warn({ token }, "claim is not ours any more");
    } catch (error) {
      log.warn({ token, err: error }, "claim could not be extended");
    }
    lost.abort();
  }
}

/** How the claim on a deletion is kept. */
export function deletionClaim(
  { metadata }: Context,
  id: string,
  { token, log }: { readonly token: number; readonly log: Log },
): Held {
  return { token, log, extend: () => metadata.extendClaim(id, token, LIMITS.leaseMs) };
}
