import type { FastifyReply } from "fastify";
import { LIMITS } from "../core/limits.ts";

/** Says that something is under way, where it can be looked at, and when to do so. */
export function accept(
  reply: FastifyReply,
  location: string,
  retryAfterSeconds: number = LIMITS.deletionRetryAfterSeconds,
): void {
  reply.code(202).header("location", location).header("retry-after", String(retryAfterSeconds));
}
