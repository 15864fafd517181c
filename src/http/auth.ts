import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../core/caller.ts";
import { ExpungeError, isExpungeError } from "../core/errors.ts";
import type { RouteDeps } from "./deps.ts";
import { limitAddress, limitCaller, limitFailure } from "./limits.ts";
import { STATUS } from "./problem.ts";
import { isProbe } from "./request-log.ts";

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * Asks every route for a token but those that say that they are public: a route that forgets to say
 * anything is closed (I10). The answer is the same for a missing, a malformed and an unknown token.
 */
export async function authenticate(
  deps: RouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (request.is404) return;
  const { limits } = deps;
  if (request.routeOptions.config.access === "public") {
    if (limits && !isProbe(request)) await limitAddress(limits, request, reply);
    return;
  }
  try {
    request.caller = await callerWith(deps, request);
  } catch (error) {
    const isRefused = isExpungeError(error) && STATUS[error.code] === 401;
    if (limits && isRefused) await limitFailure(limits, request, reply);
    throw error;
  }
  if (limits) await limitCaller(limits, request.caller, reply);
}

async function callerWith(deps: RouteDeps, request: FastifyRequest): Promise<Caller> {
  const token = BEARER.exec(request.headers.authorization ?? "")?.[1];
  const caller = token === undefined ? null : await deps.authenticate(token);
  if (caller) return caller;
  throw new ExpungeError("unauthorized", "The request has no valid bearer token.");
}

/** Who asks, on a route that asked for a token. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller) return request.caller;
  throw new ExpungeError("internal", "A route that needs a caller does not ask for a token.");
}
