import type { FastifyInstance } from "fastify";
import { LIMITS } from "../core/limits.ts";
import type { RouteDeps } from "./deps.ts";

/** Every method that a route has. */
const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";

/** What a page may read of an answer beside what every page may. */
const EXPOSED = [
  "accept-ranges",
  "content-disposition",
  "content-length",
  "content-location",
  "content-range",
  "date",
  "etag",
  "location",
  "preference-applied",
  "repr-digest",
  "retry-after",
  "x-request-id",
].join(", ");

/**
 * Lets pages of the configured origins call the API (Fetch standard, "CORS protocol"), with a bearer
 * token: credentials of the browser's own, such as cookies, are never allowed. Where none is configured
 * nothing is said. Signed part URLs say for themselves that any page may use them.
 */
export function allowOrigins(app: FastifyInstance, deps: RouteDeps): void {
  const allowed = new Set(deps.corsOrigins);
  if (allowed.size === 0) return;
  app.addHook("onRequest", async (request, reply) => {
    reply.header("vary", "origin");
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) return;
    reply.headers({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": EXPOSED,
    });
    const isPreflight =
      request.method === "OPTIONS" && request.headers["access-control-request-method"];
    if (!isPreflight) return;
    const headers = request.headers["access-control-request-headers"];
    reply.headers({
      "access-control-allow-methods": METHODS,
      ...(headers === undefined ? {} : { "access-control-allow-headers": headers }),
      "access-control-max-age": String(LIMITS.corsMaxAgeSeconds),
      vary: "origin, access-control-request-headers",
    });
    // A preflight carries no token, so it is answered before one is asked for.
    return reply.code(204).send();
  });
}
