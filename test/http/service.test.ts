import { afterEach, expect, test } from "vitest";
import { ERRORS, ExpungeError } from "../../src/core/errors.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { failureOf, HTTP_ERRORS, problemOf, STATUS } from "../../src/http/problem.ts";
import {
  expectProblem,
  type HttpService,
  jsonOf,
  makeProject,
  putFile,
  startHttp,
} from "./support.ts";

let http: HttpService | undefined;
afterEach(async () => {
  await http?.close();
  http = undefined;
});

test("every code has one status, a title and a remedy, and no status is of success", () => {
  const codes = [...Object.keys(ERRORS), ...Object.keys(HTTP_ERRORS)];
  expect(Object.keys(STATUS).sort()).toEqual(codes.sort());
  for (const code of Object.keys(STATUS) as (keyof typeof STATUS)[]) {
    const problem = problemOf(
      { code, detail: "d", details: { status: 200, x: 1 }, passing: false },
      "r",
    );
    expect(problem.status).toBe(STATUS[code]);
    expect(problem.status).toBeGreaterThanOrEqual(400);
    expect(problem).toMatchObject({ type: `urn:expunge:error:${code}`, instance: "r", x: 1 });
    expect(problem.remedy).toMatch(/./);
  }
});

test("errors whose message is about our insides do not tell it", () => {
  const secret = "the path /srv/secret";
  for (const error of [
    new Error(secret),
    secret,
    new TypeError(secret),
    new ExpungeError("internal", secret),
    new ExpungeError("invalid-receipt", secret),
    new StoreError("io-error", "permanent", secret),
    Object.assign(new Error(secret), { statusCode: 400, code: "FST_ERR_ODD" }),
  ]) {
    expect(JSON.stringify(problemOf(failureOf(error), "r"))).not.toContain("secret");
  }
});

test("health is answered while the service is not ready, and everything else is 503 until it is", async () => {
  let ready = false;
  http = await startHttp({
    http: { readiness: () => ({ ready, reason: ready ? null : "reading tombstones" }) },
  });
  const health = await http.call({ as: "", method: "GET", url: "/healthz" });
  expect(jsonOf(health)).toEqual({ status: "ok", version: "1.2.3" });
  const waiting = await http.call({ as: "", method: "GET", url: "/readyz" });
  const problem = expectProblem(waiting, 503, "not-ready");
  expect(problem).toMatchObject({ ready: false, reason: "reading tombstones" });
  const early = await http.call({ method: "GET", url: "/v1/projects" });
  expectProblem(early, 503, "not-ready");
  expect(early.headers["retry-after"]).toBe("5");
  ready = true;
  expect(jsonOf(await http.call({ as: "", method: "GET", url: "/readyz" }))).toEqual({
    ready: true,
  });
  expect((await http.call({ method: "GET", url: "/v1/projects" })).statusCode).toBe(200);
});

test("the router's own failures are problems with codes of their own", async () => {
  http = await startHttp();
  const json = { "content-type": "application/json" };
  const post = { method: "POST", url: "/v1/projects" } as const;
  expectProblem(await http.call({ ...post, payload: "{", headers: json }), 400, "invalid-request");
  expectProblem(await http.call({ ...post, payload: "[]", headers: json }), 400, "invalid-request");
  expectProblem(
    await http.call({ ...post, payload: "null", headers: json }),
    400,
    "invalid-request",
  );
  const poison = '{"metadata":{"__proto__":{"x":1}}}';
  expectProblem(
    await http.call({ ...post, payload: poison, headers: json }),
    400,
    "invalid-request",
  );
  const text = { "content-type": "text/plain" };
  const untyped = await http.call({ ...post, payload: "x", headers: text });
  expectProblem(untyped, 415, "unsupported-media-type");
  const large = { name: "x".repeat(LIMITS.bodyBytesMax) };
  expectProblem(await http.call({ ...post, payload: large }), 413, "request-too-large");
  const missing = await http.call({ as: "", method: "GET", url: "/v2/projects" });
  expectProblem(missing, 404, "route-not-found");
});

test("a method that a resource does not take is answered with 405 and those that it takes", async () => {
  http = await startHttp();
  for (const [method, url, allow] of [
    ["DELETE", "/v1/projects", "GET, POST"],
    ["POST", "/v1/projects/p1", "DELETE, GET, PATCH"],
    ["POST", "/v1/projects/p1/files/a/b", "DELETE, GET, HEAD, PUT"],
    ["GET", "/v1/projects/p1/files:move", "POST"],
    ["POST", "/healthz", "GET"],
  ] as const) {
    const refused = await http.app.inject({ method, url });
    expectProblem(refused, 405, "method-not-allowed");
    expect(refused.headers["allow"]).toBe(allow);
  }
});

test("one line is logged per request, with the route's pattern and never a path or a token", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  await putFile(http, "p1", "private/name.txt", "text");
  await http.call({ as: "alice", method: "GET", url: "/v1/projects/p1/files/private/name.txt" });
  await http.call({ as: "", method: "GET", url: "/v1/projects/p1/files/private/%ff" });
  await http.call({ as: "", method: "GET", url: "/v2/private" });
  const requests = http.log.events().filter(({ msg }) => msg === "request");
  expect(
    requests.map(({ method, route, status, caller }) => [method, route, status, caller]),
  ).toEqual([
    ["POST", "/v1/projects", 201, "admin"],
    ["PUT", "/v1/projects/:id/files/*", 201, "admin"],
    ["GET", "/v1/projects/:id/files/*", 200, "alice"],
    ["GET", null, 400, null],
    ["GET", null, 404, null],
  ]);
  for (const line of requests) {
    expect(line["ms"]).toBeTypeOf("number");
    expect(line["requestId"]).toMatch(/^\w{20}$/);
  }
  expect(requests[2]).toMatchObject({ bytes: 4 });
  expect(requests[1]).toMatchObject({ bytesReceived: 4 });
  expect(http.log.lines.join("")).not.toMatch(/private|Bearer|authorization/);
});

test("every answer carries a request id and headers that keep a browser from guessing", async () => {
  http = await startHttp();
  for (const url of ["/healthz", "/v1/projects", "/v1/nope", "/v1/projects/%ff"]) {
    const { headers } = await http.call({ as: "", method: "GET", url });
    expect(headers["x-request-id"], url).toMatch(/^\w{20}$/);
    expect(headers["x-content-type-options"], url).toBe("nosniff");
    expect(headers["cache-control"], url).toBe("no-store");
    expect(headers["content-security-policy"], url).toContain("default-src 'none'");
  }
});

test("an unexpected error is answered with 500, without its message, and logged with the request's id", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  http.metadata.findProject = async () => {
    throw new Error("password=hunter2");
  };
  const failed = await http.call({ method: "GET", url: "/v1/projects/p1" });
  const { instance } = expectProblem(failed, 500, "internal");
  expect(failed.body).not.toContain("hunter2");
  const logged = http.log.events().find(({ msg }) => msg === "request failed");
  expect(logged).toMatchObject({ level: "error", requestId: instance, route: "/v1/projects/:id" });
});

test("the debug calls show, check and clean up as the seed's did, dry run first", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  for (const path of ["a", "b", "c"]) await putFile(http, "p1", path, path);
  const cleanup = "/v1/debug/cleanup-project/p1";
  const plan = await http.call({ method: "POST", url: cleanup });
  expect(jsonOf(plan)).toMatchObject({ dryRun: true, objects: 3, projectId: "p1" });
  const one = await http.call({ method: "POST", url: `${cleanup}?surface=multipart` });
  expect(jsonOf(one)).toMatchObject({ objects: 0, surfaces: [{ surface: "multipart" }] });
  for (const query of ["surface=nope", "dryRun=false&surface=tracked", "dryRun=1"]) {
    const refused = await http.call({ method: "POST", url: `${cleanup}?${query}` });
    expectProblem(refused, 400, "invalid-request");
  }
  const files = "/v1/debug/project-files/p1?limit=2";
  const page = jsonOf(await http.call({ method: "GET", url: files }));
  expect(page["items"]).toMatchObject([{ present: true }, { present: true }]);
  const next = await http.call({
    method: "GET",
    url: `${files}&cursor=${String(page["nextCursor"])}`,
  });
  expect(jsonOf(next)).toMatchObject({ items: [{ sizeBytes: 1 }], nextCursor: null });
  const verify = "/v1/debug/verify-cleanup/p1";
  expect(jsonOf(await http.call({ method: "GET", url: verify }))["isClean"]).toBe(false);
  const done = await http.call({ method: "POST", url: `${cleanup}?dryRun=false` });
  expect([done.statusCode, jsonOf(done)["state"]]).toEqual([200, "completed"]);
  expect(jsonOf(await http.call({ method: "GET", url: verify }))["isClean"]).toBe(true);
  const test = await http.call({ method: "POST", url: "/v1/debug/self-test" });
  expect(jsonOf(test)).toMatchObject({ ok: true });
});
