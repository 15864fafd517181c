import type { FastifyReply, FastifyRequest } from "fastify";
import { ExpungeError } from "../core/errors.ts";
import type { Once } from "../services/idempotency.ts";

/** How the OpenAPI document describes the header. */
export const IDEMPOTENCY_HEADER = {
  "idempotency-key":
    "Names the request: repeated within a day it makes nothing new, and answers what was made",
} as const;

/**
 * Quoted, as the draft of the header has it (draft-ietf-httpapi-idempotency-key-header, section 2.1),
 * or bare, as most clients send it.
 */
const KEY = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/;

/** @throws ExpungeError `invalid-request` */
export function idempotencyKey(request: FastifyRequest): string | undefined {
  const header = request.headers["idempotency-key"];
  if (header === undefined) return undefined;
  const match = typeof header === "string" ? KEY.exec(header) : null;
  const key = match?.[1] ?? match?.[2];
  if (key !== undefined) return key;
  throw new ExpungeError(
    "invalid-request",
    "The header Idempotency-Key takes one key of 1 to 255 printable characters without spaces.",
  );
}

/** What was made, with a header that says so when it had been made before. */
export function answerOnce<T>(reply: FastifyReply, { made, replayed }: Once<T>): T {
  if (replayed) reply.header("idempotent-replayed", "true");
  return made;
}
