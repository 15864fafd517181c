import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RouteDeps } from "./deps.ts";

/** One line per request: the route's pattern and never the URL, which holds file paths (R7). */
export function logRequests(app: FastifyInstance, deps: RouteDeps): void {
  app.addHook("onResponse", async (request, reply) => logRequest(deps, request, reply));
}

export function logRequest(deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): void {
  const route = routeOf(request);
  const { statusCode: status, elapsedTime: durationMs } = reply;
  deps.metrics.request({ method: request.method, route, status, durationMs });
  const fields = {
    method: request.method,
    route,
    status,
    ms: Math.round(durationMs),
    requestId: request.id,
    caller: request.caller?.subject ?? null,
    credential: request.caller?.credential ?? null,
    bytesReceived: lengthOf(request.headers["content-length"]),
    bytes: lengthOf(reply.getHeader("content-length")),
  };
  const isRoutine = (isProbe(request) || route === "/metrics") && status < 400;
  if (isRoutine) deps.log.debug(fields, "request");
  else deps.log.info(fields, "request");
}

/** The pattern that a request matched, or null where none did. */
export function routeOf(request: FastifyRequest): string | null {
  return request.is404 ? null : (request.routeOptions.url ?? null);
}

/** What is asked by whoever watches over the process, and neither limited nor logged as a rule. */
export function isProbe(request: FastifyRequest): boolean {
  const { url } = request.routeOptions;
  return url === "/healthz" || url === "/readyz";
}

/** Null where the length was not known when the body began. */
function lengthOf(header: unknown): number | null {
  const length = typeof header === "string" || typeof header === "number" ? Number(header) : -1;
  return Number.isInteger(length) && length >= 0 ? length : null;
}
