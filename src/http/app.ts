import fastify, { type FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { ExpungeError } from "../core/errors.ts";
import { randomText } from "../core/ids.ts";
import { LIMITS } from "../core/limits.ts";
import { auditRequests } from "./audit-log.ts";
import { authenticate } from "./auth.ts";
import { commonHeaders } from "./common-headers.ts";
import type { App, AppDeps, RouteDeps } from "./deps.ts";
import { answerBadTarget, answerClientError, answerFailures } from "./failures.ts";
import { allowOrigins } from "./cors.ts";
import { describeApi } from "./openapi.ts";
import { guardConnections, guardServer, refuseOddHead } from "./guards.ts";
import { parseJson } from "./json-body.ts";
import { logRequest, logRequests } from "./request-log.ts";
import { collectRoutes } from "./route-table.ts";
import { addRoutes } from "./routes/index.ts";
import { traceRequests } from "./traces.ts";
import { originForm } from "./target.ts";
import { compileSerializer, compileValidator } from "./validation.ts";

export type { AppDeps, HttpSettings } from "./deps.ts";

const REQUEST_ID_CHARS = 20;

/**
 * The HTTP face, ready to listen. It translates: what happens is decided in the services. `close()`
 * ends waits and streams with what is known, lets running requests end, and takes no new ones.
 */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  const closing = new AbortController();
  const routeDeps: RouteDeps = { ...deps, closing: closing.signal };
  const newRequestId = (): string =>
    randomText(deps.random.bytes(REQUEST_ID_CHARS), REQUEST_ID_CHARS);
  const app = createServer(routeDeps, newRequestId);
  app.addHook("preClose", async () => closing.abort());
  const routes = collectRoutes(app);
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(compileSerializer);
  app.decorateRequest("caller", null);
  app.decorateRequest("session", null);
  traceRequests(app, routeDeps.tracing);
  logRequests(app, routeDeps);
  auditRequests(app, routeDeps);
  allowOrigins(app, routeDeps);
  guardRequests(app, routeDeps);
  guardServer(app, routeDeps, newRequestId);
  guardConnections(app, routeDeps);
  parseJson(app, routeDeps);
  answerFailures(app, routeDeps, routes);
  await describeApi(app, routeDeps);
  addRoutes(app, routeDeps);
  await app.ready();
  return app;
}

function createServer(deps: RouteDeps, newRequestId: () => string): App {
  const app = fastify({
    logger: false,
    genReqId: newRequestId,
    requestTimeout: LIMITS.httpRequestTimeoutMs,
    connectionTimeout: LIMITS.httpSocketIdleMs,
    http: {
      maxHeaderSize: LIMITS.httpHeadersBytesMax,
      // Looked at by `refuseOddHead`, whose answer is a problem.
      requireHostHeader: false,
      headersTimeout: LIMITS.httpHeadersTimeoutMs,
      connectionsCheckingInterval: LIMITS.httpTimeoutsCheckedEveryMs,
    },
    // A request that comes while the server closes gets a problem, too: see guardRequests.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    trustProxy: [...(deps.trustedProxies ?? [])],
    rewriteUrl: (raw) => originForm(raw.url ?? "/"),
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: LIMITS.httpParamCharsMax,
    },
    frameworkErrors: (error, request, reply) => {
      reply.raw.once("finish", () => logRequest(deps, request, reply));
      answerBadTarget(deps, error, request, reply);
    },
    clientErrorHandler: (error, socket) => answerClientError(deps, newRequestId(), error, socket),
  });
  return app.withTypeProvider<ZodTypeProvider>();
}

/** What holds for every request before its route looks at it, and for every answer. */
function guardRequests(app: FastifyInstance, deps: RouteDeps): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(commonHeaders(request.id));
    refuseOddHead(request);
    // A fragment is no part of a request target (RFC 9112 section 3.2); routers cut it off silently.
    if (request.raw.url?.includes("#")) {
      throw new ExpungeError("invalid-request", "The URL has an unescaped '#'.");
    }
    if (request.url.startsWith("/v1/") && !request.is404) refuseUnlessReady(deps);
    await authenticate(deps, request, reply);
  });
  app.addHook("preValidation", async (request) => {
    const { schema } = request.routeOptions;
    if (request.is404 || schema?.body !== undefined || request.body === undefined) return;
    if (request.body === null || isEmptyObject(request.body)) return;
    throw new ExpungeError("invalid-request", "This call takes no body.");
  });
  app.addHook("onSend", async (_request, reply) => {
    if (deps.closing.aborted) reply.header("connection", "close");
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  });
}

/** Reads wait for what the start has still to make sure of (R11). */
function refuseUnlessReady(deps: RouteDeps): void {
  if (deps.closing.aborted) throw new ExpungeError("not-ready", "The service is stopping.");
  const { ready, reason } = deps.readiness();
  if (!ready) throw new ExpungeError("not-ready", `Not ready yet: ${reason ?? "starting"}.`);
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
