import { afterEach, beforeEach, expect, test } from "vitest";
import {
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  makeProject,
  nextOf,
  startHttp,
} from "./support.ts";

let http: HttpService;
beforeEach(async () => {
  http = await startHttp();
});
afterEach(() => http.close());

test("a project is made by its owner with an id of ours and read back by HTTP", async () => {
  const made = await http.call({
    as: "alice",
    method: "POST",
    url: "/v1/projects",
    payload: { name: "Première", ttlSeconds: 3600, metadata: { team: 7 } },
  });
  expect(made.statusCode).toBe(201);
  const id = fieldOf(made, "id");
  expect(made.headers["location"]).toBe(`/v1/projects/${id}`);
  expect(jsonOf(made)).toMatchObject({ owner: "alice", name: "Première", state: "active" });
  expect(Date.parse(fieldOf(made, "expiresAt"))).toBeGreaterThan(Date.now());
  const read = await http.call({ as: "alice", method: "GET", url: `/v1/projects/${id}` });
  expect(jsonOf(read)).toEqual(jsonOf(made));
  expect(Object.keys(jsonOf(read)).sort()).toEqual(
    // prettier-ignore
    ["createdAt", "expiresAt", "fileCount", "hold", "id", "metadata", "name", "owner", "quotaBytes", "sizeBytes", "state", "uid"],
  );
});

test("only an admin chooses a project's id and owner by HTTP", async () => {
  await makeProject(http, "p1", "alice");
  for (const payload of [{ id: "p2" }, { owner: "bob" }]) {
    const refused = await http.call({ as: "alice", method: "POST", url: "/v1/projects", payload });
    expectProblem(refused, 403, "id-not-allowed");
  }
  const again = await http.call({ method: "POST", url: "/v1/projects", payload: { id: "p1" } });
  expectProblem(again, 409, "project-exists");
  const bad = await http.call({ method: "POST", url: "/v1/projects", payload: { id: "a/b" } });
  expectProblem(bad, 400, "invalid-project-id");
});

test("a project is not made that would be kept for so long and until another time", async () => {
  const payload = { id: "p1", ttlSeconds: 3600, expiresAt: "2100-01-01T00:00:00Z" };
  const refused = await http.call({ method: "POST", url: "/v1/projects", payload });
  expect(expectProblem(refused, 400, "invalid-request")["detail"]).toContain("not both");
  const none = await http.call({ method: "GET", url: "/v1/projects/p1" });
  expectProblem(none, 404, "project-not-found");
});

test.each([
  ["an unknown field near a known one", { nmae: "x" }, "nmae", "did you mean 'name'"],
  ["an unknown field near none", { colour: "x" }, "colour", "not known."],
  ["a value of the wrong type", { name: 7 }, "name", "field 'name'"],
  ["a name that is too long", { name: "x".repeat(256) }, "name", "field 'name'"],
  ["a time that is none", { expiresAt: "tomorrow" }, "expiresAt", "field 'expiresAt'"],
  ["a negative quota", { quotaBytes: -1 }, "quotaBytes", "field 'quotaBytes'"],
  ["metadata that is too large", { metadata: { a: "x".repeat(9000) } }, "metadata", "8192 bytes"],
])("making a project refuses %s and names the field", async (_what, payload, field, message) => {
  const refused = await http.call({ method: "POST", url: "/v1/projects", payload });
  const problem = expectProblem(refused, 400, "invalid-request");
  expect(problem["field"]).toBe(field);
  expect(problem["detail"]).toContain(message);
});

test.each([
  ["/v1/projects:delete", {}, "give 'ids', 1 to"],
  ["/v1/projects:delete", { ids: ["p1"], namePrefix: "p" }, "or 'namePrefix', and nothing else"],
  ["/v1/debug/sweeps", { prefix: "x/" }, "The field 'confirm' is missing."],
  ["/v1/projects:delete", { ids: 5 }, "give 'ids', 1 to"],
])("a body of %s that lacks something (%j) is told what", async (url, payload, told) => {
  const problem = expectProblem(
    await http.call({ method: "POST", url, payload }),
    400,
    "invalid-request",
  );
  expect(problem["detail"]).toContain(told);
});

test("unknown and malformed query parameters are refused by name", async () => {
  const near = await http.call({ method: "GET", url: "/v1/projects?limt=5" });
  expect(expectProblem(near, 400, "invalid-request")["detail"]).toContain("did you mean 'limit'?");
  for (const query of [
    "limit=0",
    "limit=1001",
    "limit=1e2",
    "limit=",
    "limit=5&limit=6",
    "state=x",
  ]) {
    const refused = await http.call({ method: "GET", url: `/v1/projects?${query}` });
    expectProblem(refused, 400, "invalid-request");
  }
  const none = await http.call({ method: "GET", url: "/v1/projects/p1?verbose=true" });
  expectProblem(none, 400, "invalid-request");
});

test("a call without a body schema refuses a body that says something", async () => {
  await makeProject(http, "p1");
  const request = { method: "POST", url: "/v1/projects/p1/restore" } as const;
  expectProblem(await http.call({ ...request, payload: { force: true } }), 400, "invalid-request");
  const empty = await http.call({ ...request, headers: { "content-type": "application/json" } });
  expectProblem(empty, 409, "not-restorable");
});

test("projects are listed page by page to the end, each owner seeing its own", async () => {
  for (const id of ["p1", "p2", "p3"]) await makeProject(http, id, "alice");
  await makeProject(http, "q1", "bob");
  const seen: unknown[] = [];
  let url: string | null = "/v1/projects?limit=2";
  while (url !== null) {
    const page = await http.call({ as: "alice", method: "GET", url });
    seen.push(...(jsonOf(page)["items"] as { id: string }[]).map(({ id }) => id));
    const next = nextOf(page);
    url = next === null ? null : `/v1/projects?limit=2&cursor=${next}`;
  }
  expect(seen).toEqual(["p1", "p2", "p3"]);
  const all = jsonOf(await http.call({ method: "GET", url: "/v1/projects?namePrefix=q" }));
  expect(all["items"]).toMatchObject([{ id: "q1" }]);
});

test("a cursor that is damaged or of another list is refused", async () => {
  for (const id of ["p1", "p2"]) await makeProject(http, id, "alice");
  const page = await http.call({ method: "GET", url: "/v1/projects?limit=1" });
  const cursor = fieldOf(page, "nextCursor");
  for (const url of [
    `/v1/projects?cursor=${cursor}&state=active`,
    `/v1/projects?cursor=${cursor.slice(2)}`,
    "/v1/projects?cursor=!",
    "/v1/projects?cursor=bnVsbA",
    `/v1/deletions?cursor=${cursor}`,
    `/v1/projects/p1/files?cursor=${cursor}`,
    `/v1/debug/project-files/p1?cursor=${cursor}`,
  ]) {
    expectProblem(await http.call({ method: "GET", url }), 400, "invalid-cursor");
  }
});

test("a project is changed by PATCH, and what is not named stays", async () => {
  await makeProject(http, "p1");
  const url = "/v1/projects/p1";
  const changed = await http.call({
    as: "alice",
    method: "PATCH",
    url,
    payload: { name: "new", expiresAt: "2030-01-01T01:00:00+01:00" },
  });
  expect(jsonOf(changed)).toMatchObject({ name: "new", expiresAt: "2030-01-01T00:00:00.000Z" });
  const cleared = await http.call({ method: "PATCH", url, payload: { expiresAt: null } });
  expect(jsonOf(cleared)).toMatchObject({ name: "new", expiresAt: null });
  const id = await http.call({ method: "PATCH", url, payload: { id: "p2" } });
  expectProblem(id, 400, "invalid-request");
});

test("a hold is placed and released by an admin, and stops a deletion with 423", async () => {
  await makeProject(http, "p1");
  const url = "/v1/projects/p1/hold";
  const payload = { reason: "case 4711" };
  expectProblem(await http.call({ as: "alice", method: "PUT", url, payload }), 403, "forbidden");
  const placed = await http.call({ method: "PUT", url, payload });
  expect(jsonOf(placed)).toMatchObject({ reason: "case 4711" });
  const refused = await http.call({ as: "alice", method: "DELETE", url: "/v1/projects/p1" });
  expectProblem(refused, 423, "project-held");
  expectProblem(await http.call({ method: "PUT", url, payload: {} }), 400, "invalid-request");
  const released = await http.call({ method: "DELETE", url });
  expect([released.statusCode, released.body]).toEqual([204, ""]);
  const missing = await http.call({ method: "DELETE", url: "/v1/projects/nope/hold" });
  expectProblem(missing, 404, "project-not-found");
});
