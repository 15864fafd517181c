import { LIMITS } from "./limits.ts";

/**
 * How long to wait before a call of the store is repeated. Full jitter: anything between nothing and a
 * ceiling that doubles with each attempt, so that many callers do not come back together (R10).
 * Source: AWS Architecture Blog, "Exponential Backoff and Jitter" (2015), variant "full jitter".
 * @param attempt the attempt that failed, from 1
 * @param random two random bytes
 */
export function backoffMs(attempt: number, random: Uint8Array): number {
  const ceiling = Math.min(LIMITS.retryDelayMinMs * 2 ** attempt, LIMITS.retryDelayMaxMs);
  const [high = 0, low = 0] = random;
  return Math.ceil((ceiling * (high * 256 + low)) / 65_535);
}

/** Doubles from `minMs` with each attempt, up to `maxMs`. */
export function doublingMs(attempts: number, minMs: number, maxMs: number): number {
  return Math.min(minMs * 2 ** Math.min(Math.max(attempts - 1, 0), 30), maxMs);
}
