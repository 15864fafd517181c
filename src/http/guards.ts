import type { FastifyInstance, FastifyRequest } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { ExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { RouteDeps } from "./deps.ts";
import { answerClientError } from "./failures.ts";
import { HttpError } from "./problem.ts";

/** What Node's server would answer by itself, or pass over, and is to be a problem like the others. */
export function guardServer(
  app: FastifyInstance,
  deps: RouteDeps,
  newRequestId: () => string,
): void {
  const { server } = app;
  server.maxConnections = LIMITS.httpConnectionsMax;
  // Node passes over headers beyond a count, `If-Match` perhaps; they are counted in `refuseOddHead`.
  server.maxHeadersCount = 0;
  server.on("drop", () => deps.log.warn({}, "connection refused: there are too many"));
  // RFC 9110 section 10.1.1: only `100-continue` is known, others may be passed over.
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    server.emit("request", request, response);
  });
  server.on("connect", (_request: IncomingMessage, socket: Socket) => {
    const refusal: Error & { code?: string } = new Error("CONNECT is not for this server");
    refusal.code = "CONNECT";
    answerClientError(deps, newRequestId(), refusal, socket);
  });
}

/**
 * Refuses a head that has more headers than are read, or that does not name one host (RFC 9112
 * section 3.2). @throws HttpError `headers-too-large` @throws ExpungeError `invalid-request`
 */
export function refuseOddHead({ raw }: FastifyRequest): void {
  const names = raw.rawHeaders.filter((_text, i) => i % 2 === 0);
  if (names.length > LIMITS.httpHeadersMax) {
    const message = `The request has more than ${LIMITS.httpHeadersMax} headers.`;
    throw new HttpError("headers-too-large", message);
  }
  const hosts = names.filter((name) => name.toLowerCase() === "host").length;
  if (hosts === 1 || (hosts === 0 && raw.httpVersion === "1.0")) return;
  throw new ExpungeError("invalid-request", "The request must have exactly one Host header.");
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
  });
  // A connection that is kept alive would keep the server from closing.
  app.addHook("onResponse", async ({ raw }) => {
    if (deps.closing.aborted && raw.socket instanceof Socket) raw.socket.destroySoon();
  });
}
