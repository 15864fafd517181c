import { DatabaseError } from "../core/database-errors.ts";
import type { Log } from "../ports/log.ts";
import { StaleClaimError } from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";
import { whileClaimed } from "./purge/claim.ts";

/** A claim on a durable piece of work: how it is kept, and how it is let go. */
export interface Claimed {
  readonly token: number;
  readonly extend: () => Promise<boolean>;
  readonly release: () => Promise<void>;
  readonly log: Log;
}

/**
 * Works while the claim stands. A claim that was lost ends the work in silence, for another worker goes
 * on; after any other failure the claim is let go, so that the next attempt need not wait for its lease.
 */
export async function carryOut(
  context: Context,
  { token, extend, release, log }: Claimed,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await whileClaimed(context, { token, log, extend }, outer, async (signal) => {
    try {
      await work(signal);
    } catch (error) {
      if (error instanceof StaleClaimError || (signal.aborted && !outer.aborted)) {
        log.warn({ token }, "claim lost; another worker goes on");
        return;
      }
      if (!(error instanceof DatabaseError)) await release();
      throw error;
    }
  });
}
