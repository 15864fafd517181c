import { afterEach, beforeEach, expect, test } from "vitest";
import type { LightMyRequestResponse } from "fastify";
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

const UPLOADS = "/v1/projects/p1/uploads";
const BODY = "twelve bytes";

async function open(sizeBytes = BODY.length, path = "up/load.txt"): Promise<string> {
  const opened = await http.call({
    as: "alice",
    method: "POST",
    url: UPLOADS,
    payload: { path, sizeBytes, contentType: "text/plain" },
  });
  expect(opened.statusCode).toBe(201);
  expect(opened.headers["location"]).toBe(`${UPLOADS}/${fieldOf(opened, "uploadId")}`);
  return fieldOf(opened, "uploadId");
}

async function partUrl(uploadId: string, number = 1): Promise<string> {
  const part = await http.call({ method: "GET", url: `${UPLOADS}/${uploadId}/parts/${number}` });
  expect(part.statusCode).toBe(200);
  const url = new URL(fieldOf(part, "url"));
  return url.pathname + url.search;
}

async function sendPart(url: string, payload: string): Promise<LightMyRequestResponse> {
  return await http.call({ as: "", method: "PUT", url, payload });
}

test("a direct upload goes from opening over a signed part to the file, and repeats answer the same", async () => {
  const uploadId = await open();
  const sent = await sendPart(await partUrl(uploadId), BODY);
  expect([sent.statusCode, sent.body]).toEqual([200, ""]);
  const parts = jsonOf(await http.call({ method: "GET", url: `${UPLOADS}/${uploadId}/parts` }));
  const etag = String(sent.headers["etag"]);
  expect(parts["parts"]).toEqual([
    { partNumber: 1, etag: etag.replaceAll('"', ""), sizeBytes: 12 },
  ]);
  const complete = {
    method: "POST",
    url: `${UPLOADS}/${uploadId}/complete`,
    payload: { parts: [{ partNumber: 1, etag }] },
  } as const;
  const made = await http.call(complete);
  expect(made.statusCode).toBe(201);
  expect(jsonOf(made)).toMatchObject({ path: "up/load.txt", sizeBytes: 12, sha256: null });
  const again = await http.call(complete);
  expect([again.statusCode, jsonOf(again)]).toEqual([200, jsonOf(made)]);
  const got = await http.call({ method: "GET", url: "/v1/projects/p1/files/up/load.txt" });
  expect(got.body).toBe(BODY);
});

test("an upload is completed without a body, also with an empty one that says it is JSON", async () => {
  for (const headers of [{}, { "content-type": "application/json" }]) {
    const uploadId = await open();
    await sendPart(await partUrl(uploadId), BODY);
    const url = `${UPLOADS}/${uploadId}/complete`;
    const made = await http.call({
      method: "POST",
      url,
      headers,
    });
    expect([200, 201]).toContain(made.statusCode);
  }
});

test("completing an upload whose parts are missing answers 422 with what is missing", async () => {
  const uploadId = await open();
  const refused = await http.call({ method: "POST", url: `${UPLOADS}/${uploadId}/complete` });
  expect(expectProblem(refused, 422, "size-mismatch")["missing"]).toEqual([1]);
});

test("an aborted upload takes no part, makes no file and is not completed", async () => {
  const uploadId = await open();
  const url = await partUrl(uploadId);
  const aborted = await http.call({ method: "DELETE", url: `${UPLOADS}/${uploadId}` });
  expect(aborted.statusCode).toBe(204);
  expectProblem(await sendPart(url, BODY), 409, "upload-not-open");
  const late = await http.call({ method: "POST", url: `${UPLOADS}/${uploadId}/complete` });
  expectProblem(late, 409, "upload-not-open");
});

test("a part URL is good for exactly its part, size and time", async () => {
  const uploadId = await open();
  const url = await partUrl(uploadId);
  expectProblem(await sendPart(url, "short"), 422, "size-mismatch");
  expectProblem(await sendPart(url, `${BODY}!`), 422, "size-mismatch");
  for (const changed of [
    url.replace("/1?", "/2?"),
    url.replace("length=12", "length=13"),
    url.replace("length=12", "length=012"),
    url.replace("length=12", "length=1e1"),
    url.replace(/expires=\d/, "expires=9"),
    url.replace(/tag=.{4}/, "tag=AAAA"),
  ]) {
    expectProblem(await sendPart(changed, BODY), 403, "url-invalid");
  }
  expectProblem(await sendPart(url.replace(/&tag=.*/, ""), BODY), 400, "invalid-request");
  expectProblem(await sendPart(`${url}&x=1`, BODY), 400, "invalid-request");
  expect((await sendPart(url, BODY)).statusCode).toBe(200);
});

test("a browser on another origin may send a part and read its ETag, and its refusal", async () => {
  const url = await partUrl(await open());
  const preflight = await http.call({
    as: "",
    method: "OPTIONS",
    url,
    headers: {
      origin: "https://app.example",
      "access-control-request-method": "PUT",
      "access-control-request-headers": "content-type,x-odd",
    },
  });
  expect(preflight.statusCode).toBe(204);
  expect(preflight.headers).toMatchObject({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "PUT",
    "access-control-allow-headers": "content-type,x-odd",
    "access-control-max-age": "3600",
  });
  for (const part of [await sendPart(url, BODY), await sendPart(url, "short")]) {
    expect(part.headers["access-control-allow-origin"]).toBe("*");
    expect(part.headers["access-control-expose-headers"]).toContain("ETag");
  }
});

test("uploads are refused with the codes of the contract", async () => {
  const uploadId = await open();
  const at = `${UPLOADS}/${uploadId}`;
  for (const [method, url, status, code] of [
    ["GET", `${at}/parts/2`, 400, "invalid-request"],
    ["GET", `${at}/parts/0`, 400, "invalid-request"],
    ["GET", `${at}/parts/one`, 400, "invalid-request"],
    ["GET", `${UPLOADS}/nope/parts`, 404, "upload-not-found"],
    ["GET", `${UPLOADS}/nope/parts/1`, 404, "upload-not-found"],
    ["POST", `${UPLOADS}/nope/complete`, 404, "upload-not-found"],
    ["DELETE", `${UPLOADS}/nope`, 404, "upload-not-found"],
  ] as const) {
    expectProblem(await http.call({ method, url }), status, code);
  }
  for (const [payload, status, code] of [
    [{ path: "../x", sizeBytes: 1 }, 400, "invalid-path"],
    [{ path: "x", sizeBytes: -1 }, 400, "invalid-request"],
    [{ path: "x", sizeBytes: 1, contentType: "text/html\r\nX: y" }, 400, "invalid-request"],
    [{ path: "x", sizeBytes: 2 ** 50 }, 413, "file-too-large"],
    [{ path: "x" }, 400, "invalid-request"],
  ] as const) {
    expectProblem(await http.call({ method: "POST", url: UPLOADS, payload }), status, code);
  }
  await http.call({ method: "DELETE", url: "/v1/projects/p1?grace=1h" });
  const late = await http.call({
    method: "POST",
    url: UPLOADS,
    payload: { path: "x", sizeBytes: 1 },
  });
  expectProblem(late, 409, "project-not-active");
});

test("a signed download needs no token, takes ranges, and dies with its file", async () => {
  await putFile(http, "p1", "dir/%C3%A4%20b.txt", "0123456789");
  const signed = await http.call({
    as: "alice",
    method: "POST",
    url: "/v1/projects/p1/urls",
    payload: { path: "dir/ä b.txt", expiresInSeconds: 60 },
    headers: { host: "files.example:8443" },
  });
  expect(signed.statusCode).toBe(200);
  expect(fieldOf(signed, "url")).toMatch(/^http:\/\/files\.example:8443\/v1\/downloads\//);
  const expiresInMs = Date.parse(fieldOf(signed, "expiresAt")) - Date.now();
  expect(expiresInMs).toBeGreaterThan(50_000);
  expect(expiresInMs).toBeLessThanOrEqual(60_000);
  const url = fieldOf(signed, "url").replace("http://files.example:8443", "");
  const get = (at: string, headers = {}): Promise<LightMyRequestResponse> =>
    http.call({ as: "", method: "GET", url: at, headers });
  expect((await get(url)).body).toBe("0123456789");
  expect((await get(url, { range: "bytes=2-3" })).body).toBe("23");
  expect((await http.call({ as: "", method: "HEAD", url })).headers["content-length"]).toBe("10");
  expectProblem(await get(url.replace(/tag=.{4}/, "tag=AAAA")), 403, "url-invalid");
  expectProblem(await get(url.replace(/expires=\d/, "expires=9")), 403, "url-invalid");
  expectProblem(await get(`${url}&admin=1`), 400, "invalid-request");
  await putFile(http, "p1", "dir/%C3%A4%20b.txt", "other");
  expectProblem(await get(url), 404, "file-not-found");
});

test("signed URLs begin with the configured base, and not for longer than allowed", async () => {
  await http.close();
  http = await startHttp({ http: { baseUrl: "https://files.example/api/" } });
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "x");
  const sign = (payload: object): Promise<LightMyRequestResponse> =>
    http.call({ method: "POST", url: "/v1/projects/p1/urls", payload });
  const signed = await sign({ path: "a" });
  expect(fieldOf(signed, "url")).toMatch(/^https:\/\/files\.example\/api\/v1\/downloads\//);
  expectProblem(await sign({ path: "nope" }), 404, "file-not-found");
  for (const expiresInSeconds of [0, -1, 1.5, 8 * 86_400, "60"]) {
    expectProblem(await sign({ path: "a", expiresInSeconds }), 400, "invalid-request");
  }
  await http.call({ method: "DELETE", url: "/v1/projects/p1?grace=1h" });
  expectProblem(await sign({ path: "a" }), 409, "project-not-active");
});
