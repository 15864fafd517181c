import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import { withLimit } from "../support/limits.ts";
import {
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  makeProject,
  putFile,
  startHttp,
} from "./support.ts";

let http: HttpService;
beforeEach(async () => {
  http = await startHttp();
  await makeProject(http, "p1");
});
afterEach(() => http.close());

const FILES = "/v1/projects/p1/files";

test("a file is stored whatever its content type, and read back byte for byte", async () => {
  const bytes = Buffer.from([0, 255, 123, 10, 13, 0]);
  for (const [index, type] of [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain; charset=utf-8",
    "application/vnd.example+json",
  ].entries()) {
    const url = `${FILES}/dir/${index}.bin`;
    const headers = { "content-type": type };
    const put = await http.call({ as: "alice", method: "PUT", url, payload: bytes, headers });
    expect(put.statusCode).toBe(201);
    expect(jsonOf(put)).toMatchObject({
      path: `dir/${index}.bin`,
      sizeBytes: 6,
      contentType: type,
    });
    expect(put.headers["location"]).toBe(url);
    const got = await http.call({ as: "alice", method: "GET", url });
    expect(got.rawPayload).toEqual(bytes);
    expect(got.headers["content-type"]).toBe(type);
  }
});

test("a second PUT replaces the file with 200 and a new ETag, and the old object goes", async () => {
  const url = `${FILES}/a.txt`;
  const first = await http.call({ method: "PUT", url, payload: "one" });
  const second = await http.call({ method: "PUT", url, payload: "second" });
  expect([first.statusCode, second.statusCode]).toEqual([201, 200]);
  expect(second.headers["etag"]).not.toBe(first.headers["etag"]);
  expect(second.headers["etag"]).toBe(`"${fieldOf(second, "etag")}"`);
  expect((await http.call({ method: "GET", url })).body).toBe("second");
  expect(jsonOf(await http.call({ method: "GET", url: "/v1/projects/p1" }))).toMatchObject({
    fileCount: 1,
    sizeBytes: 6,
  });
});

test("an empty file is stored, read and deleted by HTTP", async () => {
  const url = `${FILES}/empty`;
  expect((await http.call({ method: "PUT", url })).statusCode).toBe(201);
  const got = await http.call({ method: "GET", url });
  expect([got.statusCode, got.headers["content-length"], got.body]).toEqual([200, "0", ""]);
  expect((await http.call({ method: "DELETE", url })).statusCode).toBe(204);
});

test("files are listed by prefix and page, in the order of their paths", async () => {
  for (const path of ["b/2", "a", "b/1", "b/3", "c"]) await putFile(http, "p1", path, path);
  const first = jsonOf(await http.call({ method: "GET", url: `${FILES}?prefix=b/&limit=2` }));
  expect(first["items"]).toMatchObject([{ path: "b/1" }, { path: "b/2" }]);
  const cursor = String(first["nextCursor"]);
  const next = await http.call({
    method: "GET",
    url: `${FILES}?prefix=b/&limit=2&cursor=${cursor}`,
  });
  expect(jsonOf(next)).toMatchObject({ items: [{ path: "b/3" }], nextCursor: null });
  const other = await http.call({ method: "GET", url: `${FILES}?prefix=c&cursor=${cursor}` });
  expectProblem(other, 400, "invalid-cursor");
});

test("DELETE of a file answers 204 once it is gone, and 404 after that", async () => {
  await putFile(http, "p1", "a.txt", "text");
  const url = `${FILES}/a.txt`;
  const deleted = await http.call({ as: "alice", method: "DELETE", url });
  expect([deleted.statusCode, deleted.body]).toEqual([204, ""]);
  expect(http.objects.snapshot().objects.size).toBe(0);
  expectProblem(await http.call({ method: "DELETE", url }), 404, "file-not-found");
  expectProblem(await http.call({ method: "GET", url }), 404, "file-not-found");
  expectProblem(await http.call({ method: "DELETE", url: `${FILES}/` }), 400, "invalid-path");
});

test("DELETE of a file whose object cannot be removed answers 202 with the code", async () => {
  await putFile(http, "p1", "a.txt", "text");
  http.objects.failures.refuse = () => ({
    result: "blocked",
    retryable: false,
    code: "object-locked",
    message: "locked",
  });
  const pending = await http.call({ method: "DELETE", url: `${FILES}/a.txt` });
  expect(pending.statusCode).toBe(202);
  expect(jsonOf(pending)).toEqual({ path: "a.txt", outcome: "pending", code: "object-locked" });
});

test("several files are deleted with one outcome each", async () => {
  await putFile(http, "p1", "a", "x");
  const url = `${FILES}:delete`;
  const deleted = await http.call({ method: "POST", url, payload: { paths: ["a", "b", "../c"] } });
  expect(jsonOf(deleted)["outcomes"]).toEqual([
    { path: "a", outcome: "deleted" },
    { path: "b", outcome: "absent", code: "file-not-found" },
    { path: "../c", outcome: "failed", code: "invalid-path" },
  ]);
  for (const payload of [{ paths: [] }, { paths: [7] }, { path: ["a"] }, {}]) {
    expectProblem(await http.call({ method: "POST", url, payload }), 400, "invalid-request");
  }
});

test("files are checked against what is really there", async () => {
  await putFile(http, "p1", "a", "x");
  await putFile(http, "p1", "lost", "y");
  const keys = [...http.objects.snapshot().objects.keys()].filter((key) => !key.startsWith("."));
  await http.objects.remove(keys.slice(1));
  const checked = await http.call({
    method: "POST",
    url: `${FILES}:check`,
    payload: { paths: ["a", "lost", "never"] },
  });
  expect(jsonOf(checked)["files"]).toEqual([
    { path: "a", row: true, object: true },
    { path: "lost", row: true, object: false },
    { path: "never", row: false, object: false },
  ]);
  expectProblem(await http.call({ method: "GET", url: `${FILES}/lost` }), 500, "object-missing");
});

test("a file is moved without its bytes, and never over another", async () => {
  await putFile(http, "p1", "a", "x");
  await putFile(http, "p1", "b", "y");
  const url = `${FILES}:move`;
  const over = await http.call({ method: "POST", url, payload: { from: "a", to: "b" } });
  expectProblem(over, 409, "file-exists");
  const moved = await http.call({ method: "POST", url, payload: { from: "a", to: "c/d" } });
  expect(jsonOf(moved)).toMatchObject({ path: "c/d" });
  expect((await http.call({ method: "GET", url: `${FILES}/c/d` })).body).toBe("x");
  const gone = await http.call({ method: "POST", url, payload: { from: "a", to: "e" } });
  expectProblem(gone, 404, "file-not-found");
});

test("a quota refuses what is too much with 413", async () => {
  const payload = { quotaBytes: 4 };
  await http.call({ method: "PATCH", url: "/v1/projects/p1", payload });
  const refused = await http.call({ method: "PUT", url: `${FILES}/a`, payload: "12345" });
  expectProblem(refused, 413, "quota-exceeded");
});

test.each([
  ["content-md5", createHash("md5").update("hello").digest("base64")],
  ["repr-digest", `md5=:AAAA:, sha-256=:${createHash("sha256").update("hello").digest("base64")}:`],
  ["content-digest", `sha-256=:${createHash("sha256").update("hello").digest("base64")}:`],
  ["x-checksum-sha256", createHash("sha256").update("hello").digest("hex")],
  ["x-checksum-sha256", createHash("sha256").update("hello").digest("base64")],
])("the checksum in %s (%s) is held against the body", async (name, value) => {
  const url = `${FILES}/a`;
  const headers = { [name]: value };
  const wrong = await http.call({ method: "PUT", url, payload: "hullo", headers });
  expectProblem(wrong, 422, "checksum-mismatch");
  expectProblem(await http.call({ method: "GET", url }), 404, "file-not-found");
  const right = await http.call({ method: "PUT", url, payload: "hello", headers });
  expect(right.statusCode).toBe(201);
});

test.each([
  [{ "content-md5": "short" }, 400, "invalid-request"],
  [{ "repr-digest": "sha-256=hello" }, 400, "invalid-request"],
  [{ "x-checksum-sha256": "zz" }, 400, "invalid-request"],
  [{ "content-encoding": "gzip" }, 415, "unsupported-media-type"],
  [{ "content-type": "nonsense" }, 415, "unsupported-media-type"],
  [{ "content-range": "bytes 0-1/5" }, 400, "invalid-request"],
])("a PUT with %o is refused", async (headers, status, code) => {
  const put = await http.call({
    method: "PUT",
    url: `${FILES}/a`,
    payload: "hello",
    headers,
  });
  expectProblem(put, status, code);
});

test("what is stored is never run in our name: attachment, sandbox, nosniff", async () => {
  await http.call({
    method: "PUT",
    url: `${FILES}/x/${encodeURIComponent('Bär "1";.html')}`,
    payload: "<script>",
    headers: { "content-type": "text/html" },
  });
  const url = `${FILES}/x/${encodeURIComponent('Bär "1";.html')}`;
  for (const query of ["", "?disposition=inline"]) {
    const { headers } = await http.call({ method: "GET", url: url + query });
    expect(headers["content-disposition"]).toBe(
      `attachment; filename="B_r _1_;.html"; filename*=UTF-8''B%C3%A4r%20%221%22%3B.html`,
    );
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["content-security-policy"]).toBe("sandbox; default-src 'none'");
  }
  await putFile(http, "p1", "t.txt", "text");
  const inline = await http.call({ method: "GET", url: `${FILES}/t.txt?disposition=inline` });
  expect(inline.headers["content-disposition"]).toMatch(/^inline; /);
  const odd = await http.call({ method: "GET", url: `${FILES}/t.txt?disposition=open` });
  expectProblem(odd, 400, "invalid-request");
});

test.each([
  ["throttled", "retryable", "store-unavailable", "5", false],
  ["access-denied", "blocked", "store-unavailable", undefined, true],
  ["io-error", "unknown", "store-unavailable", "5", false],
  ["listing-broken", "unknown", "store-not-listable", "5", false],
] as const)("a store that fails with %s (%s) is answered with 503", async (...facts) => {
  const [code, errorClass, problemCode, retryAfter, storeBlocked] = facts;
  await putFile(http, "p1", "a", "x");
  http.objects.failures.fail = (call) =>
    call === "get" ? new StoreError(code, errorClass, "secret host name") : null;
  const failed = await withLimit("retryDelayMaxMs", 1, () =>
    http.call({ method: "GET", url: `${FILES}/a` }),
  );
  const problem = expectProblem(failed, 503, problemCode);
  expect(problem).toMatchObject({ storeCode: code, storeBlocked });
  expect(failed.headers["retry-after"]).toBe(retryAfter);
  expect(failed.body).not.toContain("secret host name");
  expect(http.log.lines.join("")).toContain("secret host name");
});
