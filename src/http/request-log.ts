import { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { LIMITS } from "../core/limits.ts";
import type { RouteDeps } from "./deps.ts";

/** One line per request: the route's pattern and never the URL, which holds file paths (R7). */
export function logRequests(app: FastifyInstance, deps: RouteDeps): void {
  app.addHook("onResponse", async (request, reply) => logRequest(deps, request, reply));
}

export function logRequest(deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): void {
  const route = request.is404 ? null : (request.routeOptions.url ?? null);
  const { statusCode: status, elapsedTime: durationMs } = reply;
  deps.metrics.request({ method: request.method, route, status, durationMs });
  const fields = {
    method: request.method,
    route,
    status,
    ms: Math.round(durationMs),
    requestId: request.id,
    caller: request.caller?.subject ?? null,
    bytesReceived: lengthOf(request.headers["content-length"]),
    bytes: lengthOf(reply.getHeader("content-length")),
  };
  const isProbe = route === "/healthz" || route === "/readyz" || route === "/metrics";
  if (isProbe && reply.statusCode < 400) deps.log.debug(fields, "request");
  else deps.log.info(fields, "request");
}

/** Null where the length was not known when the body began. */
function lengthOf(header: unknown): number | null {
  const length = typeof header === "string" || typeof header === "number" ? Number(header) : -1;
  return Number.isInteger(length) && length >= 0 ? length : null;
}

/**
 * Ends the connections that would hang: a body that stops arriving, the rest of a body that was refused
 * (it is read and thrown away for a while, so that the caller gets to see the answer), and those that
 * are kept alive while the server closes.
 */
export function guardConnections(app: FastifyInstance, deps: RouteDeps): void {
  app.addHook("onRequest", async (request) => {
    const { raw } = request;
    const { headers, socket } = raw;
    const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"];
    // A request that is injected has no real socket.
    if (!hasBody || !(socket instanceof Socket)) return;
    socket.setTimeout(LIMITS.httpBodyIdleMs);
    raw.once("end", () => socket.setTimeout(LIMITS.httpSocketIdleMs));
  });
  app.addHook("onResponse", async (request) => {
    const { raw } = request;
    if (raw.complete || raw.destroyed) return;
    raw.resume();
    const ended = new AbortController();
    raw.once("close", () => ended.abort());
    raw.once("end", () => ended.abort());
    void deps.clock.sleep(LIMITS.httpBodyDrainMs, ended.signal).then(() => {
      if (!ended.signal.aborted) raw.destroy();
    });
  }); // A connection that is kept alive would keep the server from closing.
  app.addHook("onResponse", async ({ raw }) => {
    if (deps.closing.aborted && raw.socket instanceof Socket) raw.socket.destroySoon();
  });
}
