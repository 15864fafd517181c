import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { ExpungeError, messageOf } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { commonHeaders } from "./common-headers.ts";
import type { RouteDeps } from "./deps.ts";
import {
  type Failure,
  failureOf,
  HttpError,
  type ProblemCode,
  problemOf,
  STATUS,
} from "./problem.ts";
import { allowedMethods, type RouteTable } from "./route-table.ts";
import { aimsAtFile, notUtf8, originForm } from "./target.ts";

/** Every failure becomes a problem, the router's own included. */
export function answerFailures(app: FastifyInstance, deps: RouteDeps, routes: RouteTable): void {
  app.setErrorHandler((error, request, reply) => sendFailure(deps, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?", 1);
    const allowed = allowedMethods(routes, path);
    const error =
      allowed.length === 0
        ? new HttpError("route-not-found", "There is no such resource.")
        : new HttpError("method-not-allowed", `The resource does not take ${request.method}.`);
    if (allowed.length > 0) reply.header("allow", allowed.join(", "));
    return sendFailure(deps, error, request, reply);
  });
}

/** What fails before a route is found: the target cannot be decoded. */
export function answerBadTarget(
  deps: RouteDeps,
  error: { readonly code?: string },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  // No hook of ours runs before a route is found.
  reply.headers(commonHeaders(request.id));
  const isOfPath = error.code === "FST_ERR_BAD_URL" && aimsAtFile(request.raw.url ?? "");
  const known = isOfPath ? notUtf8() : error;
  void sendFailure(deps, known, request, reply);
}

export function sendFailure(
  deps: RouteDeps,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const failure = failureOf(error);
  request.failureCode = failure.code;
  const status = STATUS[failure.code];
  logFailure(deps, error, status, request, reply);
  for (const [name, value] of Object.entries(headersOf(failure))) reply.header(name, value);
  // Headers that belong to the answer that is not given.
  for (const name of ["content-length", "etag", "content-disposition"]) reply.removeHeader(name);
  return (
    reply
      .code(status)
      .header("cache-control", "no-store")
      .header("content-type", "application/problem+json")
      // As bytes: to a text the framework would add a charset, which JSON does not have.
      .send(Buffer.from(JSON.stringify(problemOf(failure, request.id))))
  );
}

/** A caller that went away is no failure of ours; what else is answered with 5xx is (I12). */
function logFailure(
  deps: RouteDeps,
  error: unknown,
  status: number,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (status < 500) return;
  const fields = { requestId: request.id, route: request.routeOptions.url ?? null };
  if (reply.raw.destroyed || request.raw.errored) {
    const reason = error instanceof Error ? error.name : "unknown";
    deps.log.info({ ...fields, reason }, "caller went away during the request");
  } else deps.log.error({ ...fields, err: error }, "request failed");
}

function headersOf(failure: Failure): Record<string, string> {
  const headers: Record<string, string> = {};
  const { details } = failure;
  // RFC 9110 section 15.5.9: what is still to come on this connection is not waited for.
  if (failure.code === "request-timeout") headers["connection"] = "close";
  if (STATUS[failure.code] === 401) headers["www-authenticate"] = challengeOf(failure.code);
  if (failure.code === "range-not-satisfiable" && typeof details["sizeBytes"] === "number") {
    headers["content-range"] = `bytes */${details["sizeBytes"]}`;
  }
  if (failure.passing) {
    const seconds = details["retryAfterSeconds"];
    headers["retry-after"] = String(
      typeof seconds === "number" ? seconds : LIMITS.retryAfterSeconds,
    );
  }
  return headers;
}

/** RFC 6750 section 3: why is told only to whoever showed the token's secret. */
function challengeOf(code: ProblemCode): string {
  const realm = 'Bearer realm="expunge"';
  return code === "unauthorized" || code === "sign-in-refused"
    ? realm
    : `${realm}, error="invalid_token"`;
}

/** What Node's parser says of bytes that it refuses. */
interface ParserError extends Error {
  readonly code?: string;
  /** The declared type says something else than Node gives. */
  readonly rawPacket?: unknown;
}

function clientFailure(error: ParserError): Failure {
  switch (error.code ?? "") {
    case "HPE_HEADER_OVERFLOW":
      return failureOf(new HttpError("headers-too-large", "The headers or URL are too long."));
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return failureOf(new HttpError("request-timeout", "The request did not arrive in time."));
    case "CONNECT":
      return failureOf(new HttpError("method-not-allowed", "This server is no proxy."));
    case "HPE_INVALID_URL": {
      const packet = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString("latin1") : "";
      const [, target = ""] = packet.split(" ", 2);
      const code = aimsAtFile(originForm(target)) ? "invalid-path" : "invalid-request";
      const message = "The URL has a character that must be percent-encoded.";
      return failureOf(new ExpungeError(code, message));
    }
    default:
      return failureOf(new ExpungeError("invalid-request", "This is not HTTP."));
  }
}

/** Answers what is not HTTP at all, straight on the socket: no request exists. */
export function answerClientError(
  deps: RouteDeps,
  requestId: string,
  error: ParserError,
  socket: Socket,
): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const failure = clientFailure(error);
  const status = STATUS[failure.code];
  const body = JSON.stringify(problemOf(failure, requestId));
  deps.log.info({ requestId, status, reason: messageOf(error) }, "connection refused");
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "Content-Type: application/problem+json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...Object.entries(commonHeaders(requestId)).map(([name, value]) => `${name}: ${value}`),
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
