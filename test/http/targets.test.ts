import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type HttpService, listen, makeProject, sendRaw, startHttp } from "./support.ts";

let http: HttpService;
let port: number;
beforeAll(async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  ({ port } = await listen(http));
});
afterAll(() => http.close());

/** One request with the target exactly as given: over a socket, since clients normalise. */
async function send(method: string, target: string | Buffer, body = ""): Promise<[number, string]> {
  const answer = await sendRaw(
    port,
    Buffer.concat([
      Buffer.from(`${method} `),
      Buffer.from(target),
      Buffer.from(
        ` HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nConnection: close\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body}`,
      ),
    ]),
  );
  const json: unknown = JSON.parse(answer.body === "" ? "{}" : answer.body);
  const { code, path } = answerSchema.parse(json);
  return [answer.status, code ?? path ?? ""];
}

const answerSchema = z.looseObject({ code: z.string().optional(), path: z.string().optional() });

const FILES = "/v1/projects/p1/files";

test.each([
  ["plain.txt", "plain.txt"],
  ["a/b/c", "a/b/c"],
  ["a%2Fb", "a/b"],
  ["a%2fb%2Fc", "a/b/c"],
  ["%252F", "%2F"],
  ["100%25", "100%"],
  ["%2525", "%25"],
  ["a%2525b%2Fc", "a%25b/c"],
  ["q%3Fx%23y", "q?x#y"],
  ["%66oo", "foo"],
  ["b%C3%A4r", "b\u00e4r"],
  ["ba%CC%88r", "b\u00e4r"],
  ["a b".replace(" ", "%20"), "a b"],
  ["a+b", "a+b"],
  ["a:b;c=d&e", "a:b;c=d&e"],
  ["...", "..."],
  ["a/..b/.c", "a/..b/.c"],
  ["%F0%9F%97%91", "\u{1f5d1}"],
  ["C:%5Cx", "C:\\x"],
])("the path %s of a raw request is decoded once, to %s", async (target, path) => {
  const [status, stored] = await send("PUT", `${FILES}/${target}`, "x");
  expect([200, 201]).toContain(status);
  expect(stored).toBe(path);
});

test.each([
  "",
  "/",
  "a//b",
  "/a",
  "a/",
  "..",
  ".",
  "a/../b",
  "a/./b",
  "%2e%2e",
  "%2E%2e/x",
  "a/%2e%2e/b",
  "a%2F..%2Fb",
  "a%2F%2Fb",
  "%2Fa",
  "../../p1",
  "%2e%2e/%2e%2e/p1",
  "a%00b",
  "a%0Ab",
  "a%7Fb",
  "a%C2%80b",
  "%ff",
  "%C3",
  "%C0%AF",
  "%ED%A0%80",
  "%",
  "%z",
  "a%2",
  "x".repeat(1025),
  "%C3%A4".repeat(513),
])(
  "the path '%s' of a raw request is refused as invalid-path, for every method",
  async (target) => {
    for (const method of ["PUT", "GET", "DELETE"]) {
      expect(await send(method, `${FILES}/${target}`)).toEqual([400, "invalid-path"]);
    }
  },
);

test.each([
  Buffer.from(`${FILES}/r\u00f6h.txt`, "utf8"),
  Buffer.from(`${FILES}/r\u00f6h.txt`, "latin1"),
  Buffer.from(`${FILES}/a\u0001b`),
  Buffer.from(`${FILES}/a\u007fb`),
])("a path with raw bytes that must be escaped is refused as invalid-path (%#)", async (target) => {
  expect(await send("PUT", target, "x")).toEqual([400, "invalid-path"]);
});

test("a path of 1,024 bytes is taken", async () => {
  expect((await send("PUT", `${FILES}/${"x".repeat(1024)}`, "x"))[0]).toBe(201);
});

test("a target in absolute form is taken as it stands, and never resolved to another resource", async () => {
  const host = "http://127.0.0.1";
  expect(await send("PUT", `${host}${FILES}/absolute`, "x")).toEqual([201, "absolute"]);
  expect(await send("DELETE", `${host}${FILES}/../../p1`)).toEqual([400, "invalid-path"]);
  expect(await send("DELETE", `${host}${FILES}/%2e%2e`)).toEqual([400, "invalid-path"]);
  expect((await send("GET", `${host}/v1/projects/p1`))[0]).toBe(200);
});

test.each([
  ["GET", "/v1/projects/p1/../p1", 404, "route-not-found"],
  ["GET", "/v1//projects/p1", 404, "route-not-found"],
  ["GET", "//v1/projects/p1", 404, "route-not-found"],
  ["GET", "/v1/projects/p1/", 404, "route-not-found"],
  ["GET", "/V1/projects/p1", 404, "route-not-found"],
  ["GET", "/v1/projects/p%2F1", 404, "project-not-found"],
  ["GET", "/v1/projects/%2e%2e", 404, "project-not-found"],
  ["GET", `/v1/projects/${"p".repeat(3000)}`, 404, "project-not-found"],
  ["GET", "/v1/projects/%ff", 400, "invalid-request"],
  ["GET", "/v1/projects/p1#x", 400, "invalid-request"],
  ["PUT", `${FILES}/a#b`, 400, "invalid-request"],
  ["OPTIONS", "*", 404, "route-not-found"],
  ["GET", `/${"x".repeat(20_000)}`, 431, "headers-too-large"],
])("the odd target %s %s is answered with a problem", async (method, target, status, code) => {
  expect(await send(method, target)).toEqual([status, code]);
});

test("escapes in the fixed part of a target lead to the same file", async () => {
  expect(await send("PUT", "/v1/projects/p1/%66iles/fixed", "x")).toEqual([201, "fixed"]);
});

test("bytes that are not HTTP are answered with a problem and the connection is closed", async () => {
  for (const bytes of ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n"]) {
    const { status, head, body } = await sendRaw(port, bytes);
    expect(status).toBe(400);
    expect(head).toContain("application/problem+json");
    expect(JSON.parse(body)).toMatchObject({ code: "invalid-request", status: 400 });
  }
});

test("what a request line says twice or against itself is refused before any route sees it", async () => {
  const smuggled =
    "POST /v1/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  expect((await sendRaw(port, smuggled)).status).toBe(400);
});
