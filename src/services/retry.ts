import { LIMITS } from "../core/limits.ts";
import { StoreError } from "../core/store-errors.ts";
import type { Clock, Random } from "../ports/clock.ts";

export interface RetryContext {
  readonly clock: Clock;
  readonly random: Random;
}

/** Full jitter: anything between nothing and a ceiling that doubles with each attempt (R10). */
export function backoffMs(random: Random, attempt: number): number {
  const ceiling = Math.min(LIMITS.retryDelayMinMs * 2 ** attempt, LIMITS.retryDelayMaxMs);
  const [high = 0, low = 0] = random.bytes(2);
  return Math.ceil((ceiling * (high * 256 + low)) / 65_535);
}

/** Repeats a call of the store while its failure is retryable and attempts are left. */
export async function withRetry<T>(
  context: RetryContext,
  attempts: number,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const again = error instanceof StoreError && error.errorClass === "retryable";
      if (!again || attempt >= attempts || signal?.aborted) throw error;
      await context.clock.sleep(backoffMs(context.random, attempt), signal);
      signal?.throwIfAborted();
    }
  }
}

/** Doubles from `minMs` with each attempt, up to `maxMs`. */
export function doublingMs(attempts: number, minMs: number, maxMs: number): number {
  return Math.min(minMs * 2 ** Math.min(Math.max(attempts - 1, 0), 30), maxMs);
}
