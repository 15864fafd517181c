import { createHmac } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Random } from "../../ports/clock.ts";
import type { RateLimiter } from "../../ports/rate-limiter.ts";

export interface RateLimiterOptions {
  readonly limit: number;
  readonly windowSeconds: number;
}

/** For keys of which there are no more than the service gave out itself. */
export function rateLimiter({ limit, windowSeconds }: RateLimiterOptions): RateLimiter {
  const counts = new RateLimiterMemory({ points: limit, duration: windowSeconds });
  return {
    take: async (key) => {
      const { consumedPoints, remainingPoints, msBeforeNext } = await counts.penalty(key);
      return {
        isAllowed: consumedPoints <= limit,
        limit,
        remaining: remainingPoints,
        windowSeconds,
        resetSeconds: Math.ceil(msBeforeNext / 1000),
      };
    },
  };
}

const BUCKET_BYTES = 2;
const SALT_BYTES = 32;

/**
 * For keys that anybody can make up, such as addresses: they are sorted into 65,536 buckets, so that no
 * number of them fills the memory. Which keys meet in a bucket is secret and different in each process.
 */
export function bucketLimiter(options: RateLimiterOptions, random: Random): RateLimiter {
  const limiter = rateLimiter(options);
  const salt = random.bytes(SALT_BYTES);
  return {
    take: (key) => {
      const digest = createHmac("sha256", salt).update(key).digest();
      return limiter.take(digest.subarray(0, BUCKET_BYTES).toString("hex"));
    },
  };
}
