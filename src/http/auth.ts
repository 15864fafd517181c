import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../core/caller.ts";
import { ExpungeError, isExpungeError } from "../core/errors.ts";
import { refuseCrossSite } from "./cross-site.ts";
import type { RouteDeps } from "./deps.ts";
import { limitAddress, limitCaller, limitFailure } from "./limits.ts";
import { STATUS } from "./problem.ts";
import { isProbe } from "./request-log.ts";
import { sessionSecretOf } from "./session-cookie.ts";

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

/** By token or by session, and never by both: what one of them may not do the other does not lend. */
async function callerWith(deps: RouteDeps, request: FastifyRequest): Promise<Caller> {
  const secret = sessionSecretOf(request);
  if (secret !== null) return await callerOfSession(deps, request, secret);
  const token = BEARER.exec(request.headers.authorization ?? "")?.[1];
  const caller = token === undefined ? null : await deps.authenticate(token);
  if (caller) return caller;
  throw new ExpungeError("unauthorized", "The request has no valid bearer token.");
}

async function callerOfSession(
  deps: RouteDeps,
  request: FastifyRequest,
  secret: string,
): Promise<Caller> {
  if (request.headers.authorization !== undefined) {
    throw new ExpungeError("invalid-request", "The request has a token and a session; send one.");
  }
  refuseCrossSite(request);
  const session = await deps.services.sessions.find(secret);
  if (!session) throw new ExpungeError("unauthorized", "The session is over; sign in again.");
  request.session = session;
  return { subject: session.owner, rights: new Set(session.rights), credential: session.id };
}

/** Who asks, on a route that asked for a token. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller) return request.caller;
  throw new ExpungeError("internal", "A route that needs a caller does not ask for a token.");
}
