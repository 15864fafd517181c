import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import {
  expectProblem,
  type HttpService,
  jsonOf,
  listen,
  makeProject,
  type RawAnswer,
  sendRaw,
  startHttp,
} from "../http/support.ts";
import { withLimit } from "../support/limits.ts";

let http: HttpService;
afterEach(() => http.close());

const JSON_HEADERS = { "content-type": "application/json" };
const AUTH = "Host: a\r\nAuthorization: Bearer admin\r\n";

function expectRaw(answer: RawAnswer, status: number, code: string): void {
  expect(answer.head).toMatch(/content-type: application\/problem\+json/i);
  expect(JSON.parse(answer.body)).toMatchObject({ status, code });
  expect(answer.status).toBe(status);
}

test.each([
  ["a body nested half a million levels deep", `{"metadata":{"a":${deep(500_000)}}}`],
  ["metadata one level too deep", `{"metadata":{"a":${deep(LIMITS.jsonDepthMax)}}}`],
  ["a name with half a surrogate pair", String.raw`{"name":"a\ud800b"}`],
  ["a field's name with half a surrogate pair", String.raw`{"metadata":{"\udc00":1}}`],
  ["bytes that are not UTF-8", Buffer.from('{"name":"\xff"}', "latin1")],
  ["__proto__ as a field", '{"__proto__":{"rights":["admin"]}}'],
  ["__proto__ deep inside", '{"metadata":{"a":[{"__proto__":{"b":1}}]}}'],
  ["__proto__ written by escapes", String.raw`{"metadata":{"\u005f_proto__":{"b":1}}}`],
  ["constructor.prototype", '{"metadata":{"constructor":{"prototype":{"b":1}}}}'],
  ["a life beyond the range of dates", '{"ttlSeconds":9007199254740991}'],
  [
    "an expiry that an offset leads beyond the year 9999",
    '{"expiresAt":"9999-12-31T23:59:59-23:59"}',
  ],
  ["two documents", "{}{}"],
  ["a truncated document", '{"name":'],
])("%s is refused with 400, and nothing is made", async (_what, payload) => {
  http = await startHttp();
  const before = http.metadata.snapshot();
  const answer = await http.call({
    method: "POST",
    url: "/v1/projects",
    payload,
    headers: JSON_HEADERS,
  });
  expectProblem(answer, 400, "invalid-request");
  expect(({} as { rights?: unknown }).rights).toBeUndefined();
  expect(http.metadata.snapshot()).toEqual(before);
});

function deep(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

test("metadata as deep as allowed is kept as it is, and the longest life can be listed", async () => {
  http = await startHttp();
  const metadata = { a: JSON.parse(deep(LIMITS.jsonDepthMax - 1)) as unknown };
  const ttlSeconds = LIMITS.lifeMaxMs / 1000;
  const payload = { metadata, ttlSeconds };
  const made = await http.call({ method: "POST", url: "/v1/projects", payload });
  expect(jsonOf(made)["metadata"]).toEqual(metadata);
  expect((await http.call({ method: "GET", url: "/v1/projects" })).statusCode).toBe(200);
});

test("a JSON body that is too large is refused with 413 however it is announced", async () => {
  http = await startHttp();
  const { port } = await listen(http);
  const text = `{"name":"${"x".repeat(LIMITS.bodyBytesMax)}"}`;
  const head = `POST /v1/projects HTTP/1.1\r\n${AUTH}Content-Type: application/json\r\nConnection: close\r\n`;
  for (const body of [
    `Content-Length: ${text.length}\r\n\r\n${text}`,
    `Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  ]) {
    expectRaw(await sendRaw(port, head + body), 413, "request-too-large");
  }
});

test("a JSON body that arrives too slowly is answered with 408, and the connection closed", async () => {
  await withLimit("httpJsonBodyTimeoutMs", 50, async () => {
    http = await startHttp();
    const { port } = await listen(http);
    const head = `POST /v1/projects HTTP/1.1\r\n${AUTH}Content-Type: application/json\r\n`;
    const answer = await sendRaw(port, `${head}Content-Length: 20\r\n\r\n{"name":`);
    expectRaw(answer, 408, "request-timeout");
    expect(http.metadata.snapshot()).not.toContain("name");
  });
});

test("a file's body that stops arriving is answered with 408, and leaves neither file nor upload", async () => {
  await withLimit("httpBodyIdleMs", 100, async () => {
    http = await startHttp();
    const uid = await makeProject(http, "p1");
    const { port } = await listen(http);
    const head = `PUT /v1/projects/p1/files/a HTTP/1.1\r\n${AUTH}`;
    const answer = await sendRaw(port, `${head}Content-Length: 20\r\n\r\nabc`);
    expectRaw(answer, 408, "request-timeout");
    expect((await http.objects.list(`projects/${uid}/`, { limit: 10 })).entries).toEqual([]);
    const files = await http.call({ method: "GET", url: "/v1/projects/p1/files" });
    expect(jsonOf(files)["items"]).toEqual([]);
  });
});

test("more headers than are read are refused with 431 instead of being passed over", async () => {
  http = await startHttp();
  const { port } = await listen(http);
  const many = (count: number): string => {
    const lines = Array.from({ length: count }, (_, i) => `x${i}: 1\r\n`).join("");
    return `GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`;
  };
  expect((await sendRaw(port, many(LIMITS.httpHeadersMax - 2))).status).toBe(200);
  for (const count of [LIMITS.httpHeadersMax, 1500]) {
    expectRaw(await sendRaw(port, many(count)), 431, "headers-too-large");
  }
  const long = `GET /healthz HTTP/1.1\r\nHost: a\r\nx: ${"y".repeat(LIMITS.httpHeadersBytesMax)}\r\n\r\n`;
  expectRaw(await sendRaw(port, long), 431, "headers-too-large");
  const huge = `GET /${"y".repeat(LIMITS.httpHeadersBytesMax)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  expectRaw(await sendRaw(port, huge), 431, "headers-too-large");
  for (const rest of ["", "/files/a"]) {
    const id = "y".repeat(LIMITS.httpParamCharsMax + 1);
    const head = `GET /v1/projects/${id}${rest} HTTP/1.1\r\n${AUTH}Connection: close\r\n\r\n`;
    expectRaw(await sendRaw(port, head), 431, "headers-too-large");
  }
});

test.each([
  ["no Host", "GET /healthz HTTP/1.1\r\n", 400, "invalid-request"],
  ["two Hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400, "invalid-request"],
  ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n", 405, "method-not-allowed"],
  [
    "a length and chunks",
    `PUT / HTTP/1.1\r\n${AUTH}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`,
    400,
    "invalid-request",
  ],
  [
    "two lengths",
    `PUT / HTTP/1.1\r\n${AUTH}Content-Length: 1\r\nContent-Length: 2\r\n`,
    400,
    "invalid-request",
  ],
  [
    "a bare line feed in a header",
    `GET /healthz HTTP/1.1\r\n${AUTH}x: a\nEvil: b\r\n`,
    400,
    "invalid-request",
  ],
  ["a NUL in a header", `GET /healthz HTTP/1.1\r\n${AUTH}x: a\0b\r\n`, 400, "invalid-request"],
  ["a folded header", `GET /healthz HTTP/1.1\r\n${AUTH}x: a\r\n b: c\r\n`, 400, "invalid-request"],
  ["a space before a colon", `GET /healthz HTTP/1.1\r\n${AUTH}x : a\r\n`, 400, "invalid-request"],
])("a request with %s is answered with a problem", async (_what, head, status, code) => {
  http = await startHttp();
  const { port } = await listen(http);
  expectRaw(await sendRaw(port, `${head}Connection: close\r\n\r\n`), status, code);
});

test("an expectation that nobody knows is passed over, not answered with an empty 417", async () => {
  http = await startHttp();
  const { port } = await listen(http);
  const head = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: wonders\r\n\r\n";
  expect((await sendRaw(port, head)).status).toBe(200);
});

test("connections beyond their number are closed, logged, and those that are open go on", async () => {
  await withLimit("httpConnectionsMax", 2, async () => {
    http = await startHttp();
    const { port } = await listen(http);
    const open = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
    await Promise.all(open.map((one) => new Promise((resolve) => one.once("connect", resolve))));
    const extra = connect(port, "127.0.0.1");
    extra.on("error", () => undefined);
    await new Promise((resolve) => extra.once("close", resolve));
    expect(http.log.events().map(({ msg }) => msg)).toContain(
      "connection refused: there are too many",
    );
    const answered = new Promise<string>((resolve) => {
      open[0]?.once("data", (data) => resolve(data.toString()));
    });
    open[0]?.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await answered).toMatch(/^HTTP\/1\.1 200/);
    for (const one of open) one.destroy();
  });
});

test.each(["%00", "a%00b"])("the id %s is not found, wherever it stands", async (id) => {
  http = await startHttp();
  await makeProject(http, "p1");
  const codes = [
    [`/v1/projects/${id}`, "project-not-found"],
    [`/v1/projects/p1/uploads/${id}/parts`, "upload-not-found"],
    [`/v1/receipts/${id}`, "receipt-not-found"],
    [`/v1/deletions/${id}`, "deletion-not-found"],
  ] as const;
  for (const [url, code] of codes) {
    expectProblem(await http.call({ method: "GET", url }), 404, code);
  }
});

test("a token whose life is beyond the range of dates is refused, and the list of tokens goes on", async () => {
  http = await startHttp();
  const payload = { name: "t", rights: ["projects:read"], owner: "bob", ttlSeconds: 2 ** 53 - 1 };
  expectProblem(
    await http.call({ method: "POST", url: "/v1/tokens", payload }),
    400,
    "invalid-request",
  );
  const list = await http.call({ method: "GET", url: "/v1/tokens" });
  expect(jsonOf(list)["items"]).toEqual([]);
});
