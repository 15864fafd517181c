import type { FastifyRequest } from "fastify";
import type { Caller } from "../core/caller.ts";
import { ExpungeError } from "../core/errors.ts";
import type { RouteDeps } from "./deps.ts";

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * Asks every route for a token but those that say that they are public: a route that forgets to say
 * anything is closed (I10). The answer is the same for a missing, a malformed and an unknown token.
 */
export async function authenticate(deps: RouteDeps, request: FastifyRequest): Promise<void> {
  if (request.is404 || request.routeOptions.config.access === "public") return;
  const token = BEARER.exec(request.headers.authorization ?? "")?.[1];
  const caller = token === undefined ? null : await deps.authenticate(token);
  if (!caller) throw new ExpungeError("unauthorized", "The request has no valid bearer token.");
  request.caller = caller;
}

/** Who asks, on a route that asked for a token. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller) return request.caller;
  throw new ExpungeError("internal", "A route that needs a caller does not ask for a token.");
}
