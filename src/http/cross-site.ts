import type { FastifyRequest } from "fastify";
import { ExpungeError } from "../core/errors.ts";

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses what another site makes a browser send with our cookie. Browsers say where an unsafe request
 * comes from by `Sec-Fetch-Site` or `Origin`, and no page can change either; one that says neither is
 * refused, too.
 * @throws ExpungeError `cross-site`
 */
export function refuseCrossSite(request: FastifyRequest): void {
  if (SAFE.has(request.method)) return;
  const { origin, "sec-fetch-site": site } = request.headers;
  const isSameSite = site === undefined ? origin !== undefined : site === "same-origin";
  const isSameOrigin = origin === undefined || origin === ownOrigin(request);
  if (isSameSite && isSameOrigin) return;
  throw new ExpungeError("cross-site", "The request does not come from a page of this service.");
}

function ownOrigin(request: FastifyRequest): string {
  const text = `${request.protocol}://${request.host}`;
  // As browsers write it: without the port that the protocol has by default.
  return URL.canParse(text) ? new URL(text).origin : "";
}
