import { afterEach, expect, test } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import { type HttpService, listen, makeProject, sendRaw, startHttp } from "../http/support.ts";

let http: HttpService;
afterEach(() => http.close());

const NASTY = 'x\n{"level":"error","msg":"forged"}\r\n\u001b[31mred\u001b[0m\u2028\u0085\0';

/** Every line is one object of ours, without a control character, and none is forged. */
function expectWholeLines(): void {
  const text = http.log.text();
  const lines = text.split("\n").slice(0, -1);
  expect(lines).toHaveLength(http.log.lines.length);
  for (const line of lines) {
    expect(line).not.toMatch(/\p{Cc}/u);
    const { msg, time } = JSON.parse(line) as { msg?: string; time?: string };
    expect(time).toMatch(/^\d{4}-/);
    expect(msg).not.toBe("forged");
  }
}

test("line breaks and escapes in any field of a request make no line of the log", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  const encoded = encodeURIComponent(NASTY);
  const calls = [
    ["POST", "/v1/projects", { id: NASTY }],
    ["POST", "/v1/projects", { name: NASTY.replace("\0", ""), metadata: { [NASTY]: NASTY } }],
    ["POST", "/v1/projects", { owner: NASTY.replace("\0", "") }],
    ["PATCH", "/v1/projects/p1", { name: NASTY, [NASTY]: 1 }],
    ["PUT", "/v1/projects/p1/hold", { reason: NASTY }],
    ["DELETE", "/v1/projects/p1/hold"],
    ["GET", `/v1/projects/${encoded}`],
    ["PUT", `/v1/projects/p1/files/${encoded}`, { a: 1 }],
    ["POST", "/v1/projects/p1/files:move", { from: NASTY, to: NASTY }],
    ["POST", "/v1/projects/p1/uploads", { path: "a", sizeBytes: 1, contentType: NASTY }],
    ["GET", `/v1/deletions/${encoded}`],
    ["GET", `/v1/receipts/${encoded}`],
    ["GET", `/${encoded}?${encoded}=${encoded}`],
    ["POST", `/v1/debug/cleanup-project/p1?surface=${encoded}`],
  ] as const;
  for (const [method, url, payload] of calls) {
    const body = payload === undefined ? {} : { payload };
    const answer = await http.app.inject({
      method,
      url,
      headers: { authorization: "Bearer admin", "user-agent": "x\u001b[31m", "x-request-id": "y" },
      ...body,
    });
    expect(answer.statusCode).toBeLessThan(500);
    expect(answer.headers["x-request-id"]).not.toBe("y");
  }
  expectWholeLines();
});

test("line breaks and escapes in what a store says make no line of the log", async () => {
  http = await startHttp({ pauseMaxMs: 5 });
  await makeProject(http, "p1");
  http.objects.failures.fail = () => new StoreError("unlisted-reply", "unknown", NASTY);
  const url = "/v1/projects/p1/files/a";
  const put = await http.call({ method: "PUT", url, payload: "x" });
  expect(put.statusCode).toBe(503);
  expect(put.body).not.toContain("forged");
  expectWholeLines();
});

test("bytes that are no HTTP are told in one line, without the bytes", async () => {
  http = await startHttp();
  const { port } = await listen(http);
  for (const bytes of [
    NASTY,
    `GET /${NASTY} HTTP/1.1\r\n\r\n`,
    "GET / HTTP/1.1\r\nx: \x1b[31m\x01\r\n\r\n",
  ]) {
    const answer = await sendRaw(port, bytes);
    expect(answer.status).toBe(400);
    expect(answer.body).not.toContain("forged");
  }
  expectWholeLines();
  expect(http.log.text()).not.toContain("forged");
});
