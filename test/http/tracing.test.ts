import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTracing } from "../../src/adapters/otel-tracing.ts";
import { tracedStore } from "../../src/adapters/traced-store.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { Tracing } from "../../src/ports/tracing.ts";
import { aroundStore } from "../../src/ports/around-store.ts";
import { keptLog } from "../adapters/kept-log.ts";
import { type HttpService, makeProject, putFile, startHttp } from "./support.ts";

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** As the protocol has it: 2 is a server's span, and the status of an error. */
const SERVER_KIND = 2;
const ERROR_STATUS = 2;

let collector: Server;
let sent: { readonly path: string; readonly headers: object; readonly text: string }[];
let answerStatus: number;
let http: HttpService | undefined;

beforeEach(async () => {
  sent = [];
  answerStatus = 200;
  collector = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (piece: string) => (text += piece));
    request.on("end", () => {
      sent.push({ path: request.url ?? "", headers: request.headers, text });
      response.writeHead(answerStatus, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  await http?.close();
  http = undefined;
  await new Promise((resolve) => collector.close(resolve));
});

function open(log = keptLog().log): Tracing {
  const { port } = collector.address() as AddressInfo;
  return openTracing({
    endpoint: `http://127.0.0.1:${port}/`,
    headers: { "x-key": "k1" },
    serviceName: "expunge-test",
    version: "1.2.3",
    log,
  });
}

function spans(): readonly SentSpan[] {
  return sent.flatMap(({ text }) => {
    const { resourceSpans } = JSON.parse(text) as {
      resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  });
}

function only(name: string): SentSpan {
  const found = spans().filter((span) => span.name === name);
  expect(found, name).toHaveLength(1);
  return found[0] as SentSpan;
}

test("a deletion is told as spans: the request, and the worker's stages with the calls of the store", async () => {
  const tracing = open();
  http = await startHttp({ tracing, wrap: (store) => tracedStore(store, tracing) });
  await makeProject(http, "p1");
  await putFile(http, "p1", "secret-name.txt", "hello");
  const deleted = await http.call({ method: "DELETE", url: "/v1/projects/p1" });
  expect(deleted.statusCode).toBe(200);
  await http.close();
  http = undefined;
  await tracing.close();
  expect(sent[0]).toMatchObject({ path: "/v1/traces", headers: { "x-key": "k1" } });
  expect(sent[0]?.text).toContain("expunge-test");
  const request = only("DELETE /v1/projects/:id");
  expect(request.kind).toBe(SERVER_KIND);
  expect(request.attributes).toContainEqual({
    key: "http.response.status_code",
    value: { intValue: 200 },
  });
  const purge = only("purge");
  expect(only("job purge").spanId).toBe(purge.parentSpanId);
  for (const stage of ["tombstone", "fence", "sweep", "verify", "seal"]) {
    expect(only(stage)).toMatchObject({ traceId: purge.traceId, parentSpanId: purge.spanId });
  }
  const removals = spans().filter(({ name }) => name === "store remove");
  expect(removals.some(({ parentSpanId }) => parentSpanId === only("sweep").spanId)).toBe(true);
  // The call that stores a file hangs on its request, whose body had to be read before.
  const put = only("PUT /v1/projects/:id/files/*");
  expect(only("store completeUpload").parentSpanId).toBe(put.spanId);
  const everything = sent.map(({ text }) => text).join("");
  expect(everything).not.toContain("secret-name");
  expect(everything).not.toContain("Bearer");
});

test("a request goes on with the trace that its caller began", async () => {
  const tracing = open();
  http = await startHttp({ tracing });
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  await http.call({ method: "GET", url: "/v1/projects", headers });
  const unwanted = { traceparent: `00-${"5".repeat(32)}-00f067aa0ba902b7-00` };
  await http.call({ method: "GET", url: "/v1/deletions", headers: unwanted });
  await http.call({ method: "GET", url: "/v1/receipts/x", headers: { traceparent: "nonsense" } });
  await http.close();
  http = undefined;
  await tracing.close();
  expect(only("GET /v1/projects")).toMatchObject({ traceId, parentSpanId: "00f067aa0ba902b7" });
  expect(spans().filter(({ name }) => name === "GET /v1/deletions")).toEqual([]);
  expect(only("GET /v1/receipts/:projectUid").parentSpanId ?? "").toBe("");
});

test("what fails is marked with its code, and its message stays out of the trace", async () => {
  const tracing = open();
  http = await startHttp();
  const failing = aroundStore(http.objects, async () => {
    throw new StoreError("throttled", "retryable", "of projects/secret/key");
  });
  await expect(tracedStore(failing, tracing).head("k")).rejects.toThrow("secret");
  await expect(
    tracing.span("odd", {}, async () => {
      throw new TypeError("secret");
    }),
  ).rejects.toThrow("secret");
  await tracing.close();
  const head = only("store head");
  expect(head.status.code).toBe(ERROR_STATUS);
  expect(head.attributes).toContainEqual({
    key: "error.type",
    value: { stringValue: "throttled" },
  });
  expect(only("odd").attributes).toContainEqual({
    key: "error.type",
    value: { stringValue: "error" },
  });
  expect(sent.map(({ text }) => text).join("")).not.toContain("secret");
});

test("a collector that refuses is told in the log, and nothing fails by it", async () => {
  const log = keptLog();
  const tracing = open(log.log);
  answerStatus = 400;
  expect(await tracing.span("work", {}, async () => 42)).toBe(42);
  await tracing.close();
  expect(log.text()).toMatch(/traces could not be sent/);
});
