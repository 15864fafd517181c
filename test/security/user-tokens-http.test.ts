import { afterAll, beforeAll, expect, test } from "vitest";
import { jwtUsers } from "../../src/adapters/jwt-users.ts";
import { authenticator } from "../../src/compose/authentication.ts";
import { expectProblem, type HttpService, jsonOf, startHttp } from "../http/support.ts";
import {
  AUDIENCE,
  claims,
  ISSUER,
  type Issuer,
  type KeyPair,
  makeKey,
  sign,
  startIssuer,
} from "./issuer.ts";

const ADMIN_TOKEN = "xp_admin_of-the-test";

let http: HttpService;
let issuer: Issuer;
let key: KeyPair;

beforeAll(async () => {
  key = await makeKey("one");
  issuer = await startIssuer(key);
  http = await startHttp({
    http: ({ services, context }) => {
      const options = { jwksUrl: issuer.url, issuer: ISSUER, audience: AUDIENCE };
      const users = jwtUsers({ ...options, clock: context.clock, log: context.log });
      const { tokens } = services;
      return { authenticate: authenticator({ adminToken: ADMIN_TOKEN, tokens, users }) };
    },
  });
});
afterAll(async () => {
  await http.close();
  await issuer[Symbol.asyncDispose]();
});

test("a user owns what it makes, and sees nothing of another user", async () => {
  const alice = await sign(key, claims({ sub: "alice" }));
  const bob = await sign(key, claims({ sub: "bob" }));
  const made = await http.call({ as: alice, method: "POST", url: "/v1/projects", payload: {} });
  expect(jsonOf(made)).toMatchObject({ owner: "alice" });
  const url = `/v1/projects/${String(jsonOf(made)["id"])}`;
  expect((await http.call({ as: alice, method: "GET", url })).statusCode).toBe(200);
  expectProblem(await http.call({ as: bob, method: "GET", url }), 404, "project-not-found");
  const deletion = await http.call({ as: alice, method: "DELETE", url });
  expect(expectProblem(deletion, 403, "forbidden")["detail"]).toContain("'projects:delete'");
  const all = await http.call({ as: ADMIN_TOKEN, method: "GET", url: "/v1/projects" });
  expect(jsonOf(all)["items"]).toHaveLength(1);
});

test("with users' tokens configured the admin token and API tokens are taken as before", async () => {
  const payload = { name: "t", owner: "alice", rights: ["projects:read"] };
  const made = await http.call({ as: ADMIN_TOKEN, method: "POST", url: "/v1/tokens", payload });
  const token = String(jsonOf(made)["token"]);
  expect((await http.call({ as: token, method: "GET", url: "/v1/projects" })).statusCode).toBe(200);
  const wrong = await http.call({ as: "a.b.c", method: "GET", url: "/v1/projects" });
  expectProblem(wrong, 401, "unauthorized");
});

test("while the issuer's keys cannot be had users are answered with 503, to be tried again", async () => {
  const unknown = await startIssuer(key);
  const down = await startHttp({
    http: ({ services, context }) => {
      const options = { jwksUrl: unknown.url, issuer: ISSUER, audience: AUDIENCE };
      const users = jwtUsers({ ...options, clock: context.clock, log: context.log });
      const { tokens } = services;
      return { authenticate: authenticator({ adminToken: ADMIN_TOKEN, tokens, users }) };
    },
  });
  await unknown[Symbol.asyncDispose]();
  const token = await sign(key, claims());
  const answer = await down.call({ as: token, method: "GET", url: "/v1/projects" });
  expectProblem(answer, 503, "keys-unavailable");
  expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  expect(answer.body).not.toContain("127.0.0.1");
  expect(down.log.lines.join("")).not.toContain(token);
  const admin = await down.call({ as: ADMIN_TOKEN, method: "GET", url: "/v1/projects" });
  expect(admin.statusCode).toBe(200);
  await down.close();
});
