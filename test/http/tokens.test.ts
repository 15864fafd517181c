import { afterAll, beforeAll, expect, test } from "vitest";
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
beforeAll(async () => {
  http = await startHttp();
});
afterAll(() => http.close());

async function make(body: object): Promise<{ id: string; token: string }> {
  const made = await http.call({ method: "POST", url: "/v1/tokens", payload: body });
  expect(made.statusCode).toBe(201);
  return { id: fieldOf(made, "id"), token: fieldOf(made, "token") };
}

test("a token that was made by the API is one for the API, until it is revoked", async () => {
  await makeProject(http, "hers", "alice");
  await makeProject(http, "his", "bob");
  const rights = ["projects:read"];
  const { id, token } = await make({ name: "reader", owner: "alice", rights, ttlSeconds: 3600 });
  const list = await http.call({ as: token, method: "GET", url: "/v1/projects" });
  expect(jsonOf(list)["items"]).toMatchObject([{ id: "hers" }]);
  const his = await http.call({ as: token, method: "GET", url: "/v1/projects/his" });
  expectProblem(his, 404, "project-not-found");
  const write = await http.call({ as: token, method: "POST", url: "/v1/projects", payload: {} });
  expect(expectProblem(write, 403, "forbidden")["detail"]).toContain("'projects:write'");
  const revoke = await http.call({ method: "DELETE", url: `/v1/tokens/${id}` });
  expect(revoke.statusCode).toBe(204);
  const after = await http.call({ as: token, method: "GET", url: "/v1/projects" });
  expectProblem(after, 401, "token-revoked");
  expect(after.headers["www-authenticate"]).toBe('Bearer realm="expunge", error="invalid_token"');
});

test("an expired token is answered with 401 and a code of its own", async () => {
  const expiresAt = "2020-01-01T00:00:00.000Z";
  const { token } = await make({ name: "old", rights: ["admin"], expiresAt });
  const answer = await http.call({ as: token, method: "GET", url: "/v1/projects" });
  expectProblem(answer, 401, "token-expired");
});

test("tokens are listed in pages and their secrets are in no answer but the first", async () => {
  const { token } = await make({ name: "secretive", rights: ["projects:read"] });
  const first = await http.call({ method: "GET", url: "/v1/tokens?limit=1" });
  const cursor = nextOf(first) ?? "";
  const rest = await http.call({ method: "GET", url: `/v1/tokens?cursor=${cursor}` });
  expect(rest.statusCode).toBe(200);
  expect(rest.body).toContain('"name":"secretive"');
  expect(first.body + rest.body).not.toContain(token.slice(-43));
  const foreign = await http.call({ method: "GET", url: `/v1/projects?cursor=${cursor}` });
  expectProblem(foreign, 400, "invalid-cursor");
});

test.each([
  [{}],
  [{ name: "a" }],
  [{ name: "a", rights: [] }],
  [{ name: "a", rights: ["all"] }],
  [{ name: "", rights: ["admin"] }],
  [{ name: "a", rights: ["admin"], owner: "" }],
  [{ name: "a", rights: ["admin"], ttlSeconds: 0 }],
  [{ name: "a", rights: ["admin"], ttlSeconds: 60, expiresAt: "2100-01-01T00:00:00Z" }],
  [{ name: "a", rights: ["admin"], id: "x" }],
])("a token cannot be made of %j", async (payload) => {
  const answer = await http.call({ method: "POST", url: "/v1/tokens", payload });
  expectProblem(answer, 400, "invalid-request");
});

test("to revoke a token that does not exist is answered with 404", async () => {
  const answer = await http.call({ method: "DELETE", url: "/v1/tokens/none" });
  expectProblem(answer, 404, "token-not-found");
});

test("the log of a request names the token by its id and nothing else of it", async () => {
  const { id, token } = await make({ name: "logged", rights: ["projects:read"] });
  await http.call({ as: token, method: "GET", url: "/v1/projects" });
  const line = http.log.events().findLast(({ msg }) => msg === "request");
  expect(line).toMatchObject({ credential: id, caller: "admin" });
  expect(http.log.lines.join("")).not.toContain(token.slice(-43));
});
