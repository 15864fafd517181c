import type { FastifyReply, FastifyRequest } from "fastify";
import { type Caller, isAdmin } from "../core/caller.ts";
import { ExpungeError } from "../core/errors.ts";
import type { RateLimiter, Taken } from "../ports/rate-limiter.ts";
import { networkOf } from "./address.ts";

/** Limits of requests; null where one is off. */
export interface RequestLimits {
  /** Requests of one caller that is no admin. */
  readonly callers: RateLimiter | null;
  /** Requests of one address that need no token. */
  readonly addresses: RateLimiter | null;
  /** Requests of one address whose token is missing or not taken. */
  readonly failures: RateLimiter | null;
}

/** @throws ExpungeError `rate-limited` */
export async function limitCaller(
  limits: RequestLimits,
  caller: Caller,
  reply: FastifyReply,
): Promise<void> {
  if (isAdmin(caller)) return;
  const key = caller.credential ?? `subject ${caller.subject}`;
  await limit(limits.callers, "caller", key, reply);
}

/** @throws ExpungeError `rate-limited` */
export async function limitAddress(
  limits: RequestLimits,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  await limit(limits.addresses, "address", networkOf(request.ip), reply);
}

/**
 * Called once a token was refused, never before: others who share the address, and whose tokens are
 * good, are not locked out by it.
 * @throws ExpungeError `rate-limited`
 */
export async function limitFailure(
  limits: RequestLimits,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  await limit(limits.failures, "failures", networkOf(request.ip), reply);
}

async function limit(
  limiter: RateLimiter | null,
  name: string,
  key: string,
  reply: FastifyReply,
): Promise<void> {
  if (limiter === null) return;
  const taken = await limiter.take(key);
  reply.headers(headersOf(name, taken));
  if (taken.isAllowed) return;
  throw new ExpungeError(
    "rate-limited",
    `More than ${taken.limit} requests in ${taken.windowSeconds} seconds (${name}).`,
    { details: { limit: name, retryAfterSeconds: taken.resetSeconds } },
  );
}

/** The header fields of draft-ietf-httpapi-ratelimit-headers. */
function headersOf(name: string, taken: Taken): Record<string, string> {
  const { limit: quota, remaining, windowSeconds, resetSeconds } = taken;
  return {
    "ratelimit-policy": `"${name}";q=${quota};w=${windowSeconds}`,
    ratelimit: `"${name}";r=${remaining};t=${resetSeconds}`,
  };
}
