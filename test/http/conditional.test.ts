import { afterAll, beforeAll, expect, test } from "vitest";
import { expectProblem, type HttpService, makeProject, putFile, startHttp } from "./support.ts";

let http: HttpService;
let etag: string;
beforeAll(async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "0123456789");
  await http.call({ method: "PUT", url: "/v1/projects/p1/files/empty" });
  etag = String((await http.call({ method: "HEAD", url: URL })).headers["etag"]);
});
afterAll(() => http.close());

const URL = "/v1/projects/p1/files/a";

test.each([
  ["bytes=0-3", "0123", "bytes 0-3/10"],
  ["bytes=4-", "456789", "bytes 4-9/10"],
  ["bytes=-3", "789", "bytes 7-9/10"],
  ["bytes=-99", "0123456789", "bytes 0-9/10"],
  ["bytes=8-99", "89", "bytes 8-9/10"],
  ["bytes=9-9", "9", "bytes 9-9/10"],
  ["BYTES=0-0", "0", "bytes 0-0/10"],
])("the range %s is answered with 206", async (range, body, contentRange) => {
  const got = await http.call({ method: "GET", url: URL, headers: { range } });
  expect([got.statusCode, got.body]).toEqual([206, body]);
  expect(got.headers["content-range"]).toBe(contentRange);
  expect(got.headers["content-length"]).toBe(String(body.length));
  expect(got.headers["accept-ranges"]).toBe("bytes");
});

test.each(["bytes=10-", "bytes=99-100", "bytes=-0"])(
  "the range %s is answered with 416 and the size",
  async (range) => {
    const got = await http.call({ method: "GET", url: URL, headers: { range } });
    expectProblem(got, 416, "range-not-satisfiable");
    expect(got.headers["content-range"]).toBe("bytes */10");
    expect(got.headers["content-disposition"]).toBeUndefined();
  },
);

test.each(["bytes=0-1,4-5", "lines=1-2", "bytes=3-1", "bytes=a-b", "bytes=-", "0-1"])(
  "the range '%s' is passed over and the whole file sent",
  async (range) => {
    const got = await http.call({ method: "GET", url: URL, headers: { range } });
    expect([got.statusCode, got.body]).toEqual([200, "0123456789"]);
  },
);

test("a range of an empty file cannot be satisfied", async () => {
  const url = "/v1/projects/p1/files/empty";
  const got = await http.call({ method: "GET", url, headers: { range: "bytes=0-" } });
  expectProblem(got, 416, "range-not-satisfiable");
});

test("If-Range with another ETag, a weak one or a date sends the whole file", async () => {
  const range = "bytes=0-3";
  const get = async (ifRange: string): Promise<number> =>
    (await http.call({ method: "GET", url: URL, headers: { range, "if-range": ifRange } }))
      .statusCode;
  expect(await get(etag)).toBe(206);
  expect(await get('"other"')).toBe(200);
  expect(await get(`W/${etag}`)).toBe(200);
  expect(await get(new Date().toUTCString())).toBe(200);
});

test("HEAD answers the same headers as GET, without a body and without ranges", async () => {
  const head = await http.call({ method: "HEAD", url: URL, headers: { range: "bytes=0-1" } });
  const get = await http.call({ method: "GET", url: URL });
  expect([head.statusCode, head.body]).toEqual([200, ""]);
  const drop = new Set(["date", "x-request-id"]);
  const kept = (headers: object): object =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !drop.has(name)));
  expect(kept(head.headers)).toEqual(kept(get.headers));
  const missing = await http.call({ method: "HEAD", url: `${URL}x` });
  expect([missing.statusCode, missing.body]).toEqual([404, ""]);
});

test("If-None-Match answers 304 for the ETag that the caller has, weakly compared", async () => {
  for (const value of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
    const got = await http.call({ method: "GET", url: URL, headers: { "if-none-match": value } });
    expect([value, got.statusCode, got.body]).toEqual([value, 304, ""]);
    expect(got.headers["etag"]).toBe(etag);
  }
  const other = await http.call({ method: "GET", url: URL, headers: { "if-none-match": '"x"' } });
  expect(other.statusCode).toBe(200);
  const since = new Date(Date.now() + 5000).toUTCString();
  const date = await http.call({
    method: "GET",
    url: URL,
    headers: { "if-modified-since": since },
  });
  expect(date.statusCode).toBe(304);
});

test("If-Match on a read answers 412 unless the file has the ETag, strongly compared", async () => {
  const get = async (value: string): Promise<number> =>
    (await http.call({ method: "GET", url: URL, headers: { "if-match": value } })).statusCode;
  expect(await get(etag)).toBe(200);
  expect(await get("*")).toBe(200);
  expect(await get('"x"')).toBe(412);
  expect(await get(`W/${etag}`)).toBe(412);
  expect(await get("unquoted")).toBe(400);
  const old = new Date(0).toUTCString();
  const changed = { "if-unmodified-since": old };
  expectProblem(
    await http.call({ method: "GET", url: URL, headers: changed }),
    412,
    "precondition-failed",
  );
});

test("preconditions on PUT and DELETE are checked with the write", async () => {
  const url = "/v1/projects/p1/files/conditional";
  const put = async (headers: Record<string, string>): Promise<number> =>
    (await http.call({ method: "PUT", url, payload: "x", headers })).statusCode;
  expect(await put({ "if-match": "*" })).toBe(412);
  expect(await put({ "if-match": '"x"' })).toBe(412);
  expect(await put({ "if-none-match": "*" })).toBe(201);
  expect(await put({ "if-none-match": "*" })).toBe(412);
  expect(await put({ "if-none-match": '"x"' })).toBe(400);
  expect(await put({ "if-match": "*" })).toBe(200);
  const now = String((await http.call({ method: "HEAD", url })).headers["etag"]);
  expect(await put({ "if-match": `"x", ${now}` })).toBe(200);
  expect(await put({ "if-match": now })).toBe(412);
  const headers = { "if-match": now };
  expectProblem(await http.call({ method: "DELETE", url, headers }), 412, "precondition-failed");
  const last = String((await http.call({ method: "HEAD", url })).headers["etag"]);
  const gone = await http.call({ method: "DELETE", url, headers: { "if-match": last } });
  expect(gone.statusCode).toBe(204);
});
