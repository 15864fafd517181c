import type { FastifyInstance, FastifyRequest } from "fastify";
import type { RequestSpan, Tracing } from "../ports/tracing.ts";
import { routeOf } from "./request-log.ts";

/** Every request as a span, by its route's pattern and never by its URL, which holds file paths (R7). */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, RequestSpan>();
  app.addHook("onRequest", (request, _reply, done) => {
    const { method } = request;
    const route = routeOf(request);
    const facts = {
      "http.request.method": method,
      "expunge.request.id": request.id,
      ...(route === null ? {} : { "http.route": route }),
    };
    const span = tracing.request(request.headers, `${method} ${route ?? "unknown"}`, facts);
    spans.set(request, span);
    span.run(done);
  });
  // A body that was read has led out of the span: its last bytes came by the socket's own event.
  app.addHook("preValidation", (request, _reply, done) => {
    const span = spans.get(request);
    if (span) span.run(done);
    else done();
  });
  app.addHook("onResponse", async (request, reply) => {
    const { statusCode } = reply;
    spans.get(request)?.end({ "http.response.status_code": statusCode }, statusCode >= 500);
  });
}
