import type { FastifyRequest } from "fastify";
import { ExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/** A browser takes it over https only, for this host alone and all of its paths (RFC 6265bis). */
export const SECURE_NAME = "__Host-expunge";
/** Over http on the own machine, where no browser would take the other. */
const LOOPBACK_NAME = "expunge";

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|::1)$/i;

/** The secret that the request's cookie holds; null for none, or where it is there twice. */
export function sessionSecretOf(request: FastifyRequest): string | null {
  const start = `${nameFor(request)}=`;
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  const [pair, other] = pairs.filter((each) => each.startsWith(start));
  return pair === undefined || other !== undefined ? null : pair.slice(start.length);
}

/**
 * What makes the browser keep the secret; with null what makes it forget.
 * @throws ExpungeError `https-required`
 */
export function sessionCookie(request: FastifyRequest, secret: string | null): string {
  const isSecure = request.protocol === "https";
  if (!isSecure && !LOOPBACK.test(request.hostname)) {
    throw new ExpungeError("https-required", "Whoever signs in must do so over https.");
  }
  const maxAgeSeconds = secret === null ? 0 : LIMITS.sessionLifeMs / 1000;
  const attributes = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}`;
  return `${nameFor(request)}=${secret ?? ""}; ${attributes}${isSecure ? "; Secure" : ""}`;
}

/** Over https the other name counts for nothing: another host of the site could have set it. */
function nameFor(request: FastifyRequest): string {
  return request.protocol === "https" ? SECURE_NAME : LOOPBACK_NAME;
}
