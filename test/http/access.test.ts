import { afterAll, beforeAll, expect, test } from "vitest";
import { RIGHTS, type Right } from "../../src/core/caller.ts";
import { ExpungeError } from "../../src/core/errors.ts";
import { ADMIN } from "../support/context.ts";
import {
  type Call,
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  makeProject,
  putFile,
  startHttp,
} from "./support.ts";

let http: HttpService;
/** Identifiers of what belongs to alice. */
const ids: Record<string, string> = { id: "p1", path: "a" };

beforeAll(async () => {
  http = await startHttp();
  ids["uid"] = await makeProject(http, "p1", "alice");
  await putFile(http, "p1", "a", "x");
  const upload = await http.call({
    method: "POST",
    url: "/v1/projects/p1/uploads",
    payload: { path: "b", sizeBytes: 5 },
  });
  ids["uploadId"] = fieldOf(upload, "uploadId");
  const token = await http.call({
    method: "POST",
    url: "/v1/tokens",
    payload: { name: "hers", owner: "alice", rights: ["projects:read"] },
  });
  ids["tokenId"] = fieldOf(token, "id");
  ids["goneUid"] = await makeProject(http, "gone", "alice");
  const deleted = await http.call({ method: "DELETE", url: "/v1/projects/gone" });
  ids["deletionId"] = fieldOf(deleted, "id");
});
afterAll(() => http.close());

/** Every route that asks for a token, with a body that it takes. */
const ROUTES: readonly [Call["method"], string, object?][] = [
  ["POST", "/v1/projects", {}],
  ["GET", "/v1/projects"],
  ["POST", "/v1/projects:delete", { ids: ["p1"] }],
  ["GET", "/v1/projects/{id}"],
  ["PATCH", "/v1/projects/{id}", { name: "mine" }],
  ["DELETE", "/v1/projects/{id}"],
  ["DELETE", "/v1/projects/{id}?dryRun=true"],
  ["DELETE", "/v1/projects/{id}?maxObjects=0"],
  ["POST", "/v1/projects/{id}/restore"],
  ["PUT", "/v1/projects/{id}/hold", { reason: "mine" }],
  ["DELETE", "/v1/projects/{id}/hold"],
  ["GET", "/v1/projects/{id}/files"],
  ["PUT", "/v1/projects/{id}/files/{path}"],
  ["GET", "/v1/projects/{id}/files/{path}"],
  ["HEAD", "/v1/projects/{id}/files/{path}"],
  ["DELETE", "/v1/projects/{id}/files/{path}"],
  ["POST", "/v1/projects/{id}/files:delete", { paths: ["a"] }],
  ["POST", "/v1/projects/{id}/files:check", { paths: ["a"] }],
  ["POST", "/v1/projects/{id}/files:move", { from: "a", to: "c" }],
  ["POST", "/v1/projects/{id}/urls", { path: "a" }],
  ["POST", "/v1/projects/{id}/uploads", { path: "c", sizeBytes: 1 }],
  ["GET", "/v1/projects/{id}/uploads/{uploadId}/parts"],
  ["GET", "/v1/projects/{id}/uploads/{uploadId}/parts/1"],
  ["POST", "/v1/projects/{id}/uploads/{uploadId}/complete"],
  ["DELETE", "/v1/projects/{id}/uploads/{uploadId}"],
  ["GET", "/v1/deletions"],
  ["GET", "/v1/deletions/{deletionId}"],
  ["GET", "/v1/deletions/{deletionId}/events"],
  ["GET", "/v1/deletions/{deletionId}/residue"],
  ["POST", "/v1/deletions/{deletionId}/retry"],
  ["GET", "/v1/receipts/{goneUid}"],
  ["POST", "/v1/sign-in-codes", {}],
  ["GET", "/v1/doctor"],
  ["GET", "/v1/settings"],
  ["GET", "/v1/sessions/current"],
  ["DELETE", "/v1/sessions/current"],
  ["POST", "/v1/tokens", { name: "mine", rights: ["admin"] }],
  ["GET", "/v1/tokens"],
  ["DELETE", "/v1/tokens/{tokenId}"],
  ["GET", "/v1/audit-log"],
  ["GET", "/v1/webhooks"],
  ["POST", "/v1/webhooks/{webhookId}/test"],
  ["POST", "/v1/webhooks/{webhookId}/retry"],
  ["POST", "/v1/debug/cleanup-project/{id}"],
  ["POST", "/v1/debug/cleanup-project/{id}?dryRun=false"],
  ["GET", "/v1/debug/verify-cleanup/{id}"],
  ["GET", "/v1/debug/project-files/{id}"],
  ["POST", "/v1/debug/self-test"],
  ["GET", "/metrics"],
  ["POST", "/v1/debug/sweeps", { prefix: "old/", confirm: "old/" }],
  ["GET", "/v1/debug/sweeps/{sweepId}"],
  ["POST", "/v1/audits", {}],
  ["GET", "/v1/audits"],
  ["GET", "/v1/audits/{auditId}"],
  ["GET", "/v1/audits/{auditId}/findings"],
  ["POST", "/v1/adoptions", {}],
  ["GET", "/v1/adoptions/{adoptionId}"],
  ["GET", "/v1/adoptions/{adoptionId}/projects"],
  ["GET", "/v1/adoptions/{adoptionId}/refusals"],
  ["POST", "/v1/relayouts", {}],
  ["GET", "/v1/relayouts"],
  ["GET", "/v1/relayouts/{relayoutId}"],
  ["GET", "/v1/relayouts/{relayoutId}/spared"],
  ["POST", "/v1/relayouts/{relayoutId}/finish", {}],
  ["POST", "/v1/relayouts/{relayoutId}/undo", {}],
];

const ADMIN_ONLY =
  /\/hold$|\/debug\/|\/metrics$|\/tokens|\/audits|\/adoptions|\/relayouts|\/sign-in-codes|\/webhooks|\/audit-log$|\/doctor$|\/settings$/;
/** About the caller itself: they demand no right, but a session. */
const OF_SESSIONS = /\/sessions\//;

function at(route: string): string {
  return route.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => ids[name] ?? "missing");
}

test("the routes that the access tests go through are all that ask for a token", async () => {
  const document = jsonOf(await http.call({ as: "", method: "GET", url: "/openapi.json" }));
  const paths = document["paths"] as Record<string, Record<string, { security?: unknown[] }>>;
  const documented = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([, { security }]) => security === undefined)
      .map(([method]) => `${method.toUpperCase()} ${path}`.replaceAll(/\{\w+\}/g, "{}")),
  );
  const tested = ROUTES.map(([method, url]) =>
    `${method} ${url.replace(/\?.*/, "")}`
      .replace("/parts/1", "/parts/{}")
      .replaceAll(/\{\w+\}/g, "{}"),
  );
  expect([...new Set(tested)].sort()).toEqual(documented.sort());
});

test.each(ROUTES)(
  "%s %s without a valid token is answered with 401",
  async (method, url, payload) => {
    const body = payload === undefined ? {} : { payload };
    const answers = [];
    for (const authorization of [
      undefined,
      "Bearer wrong",
      "Basic YTpi",
      "Bearer",
      "Bearer admin x",
    ]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const answer = await http.call({ as: "", method, url: at(url), headers, ...body });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe('Bearer realm="expunge"');
      if (method === "HEAD") continue;
      const { instance: _instance, ...problem } = expectProblem(answer, 401, "unauthorized");
      answers.push(JSON.stringify(problem));
    }
    expect(new Set(answers).size).toBeLessThanOrEqual(1);
  },
);

test.each(ROUTES.filter(([, url]) => url.includes("{")))(
  "%s %s of another owner is answered as if it did not exist",
  async (method, url, payload) => {
    const body = payload === undefined ? {} : { payload };
    const before = http.metadata.snapshot();
    const foreign = await http.call({ as: "bob", method, url: at(url), ...body });
    const missing = await http.call({
      as: "bob",
      method,
      url: at(url)
        .replace("/p1", "/nope")
        .replace(ids["deletionId"] ?? "", "DELETE-000000000000")
        .replace(ids["goneUid"] ?? "", "nope")
        .replace(ids["tokenId"] ?? "", "nope"),
      ...body,
    });
    expect(foreign.statusCode).toBe(ADMIN_ONLY.test(url.replace(/\?.*/, "")) ? 403 : 404);
    const tidy = (text: string): string => text.replaceAll(/'(p1|nope)'|"instance":"[^"]*"/g, "");
    expect([foreign.statusCode, tidy(foreign.body)]).toEqual([
      missing.statusCode,
      tidy(missing.body),
    ]);
    expect(http.metadata.snapshot()).toEqual(before);
  },
);

test.each(ROUTES.filter(([, url]) => !OF_SESSIONS.test(url)))(
  "%s %s with a token that may only read changes nothing",
  async (method, url, payload) => {
    const body = payload === undefined ? {} : { payload };
    const before = http.metadata.snapshot();
    const answer = await http.call({ as: "alice-reads", method, url: at(url), ...body });
    const reads = method === "GET" || method === "HEAD" || /:check$|\/urls$/.test(url);
    if (!reads || ADMIN_ONLY.test(url.replace(/\?.*/, "")) || /uploads\/.*parts/.test(url)) {
      expectProblem(answer, 403, "forbidden");
    } else expect(answer.statusCode).toBe(200);
    expect(http.metadata.snapshot()).toEqual(before);
  },
);

/** The right that each route demands. */
function rightOf(method: Call["method"], url: string): Right {
  if (ADMIN_ONLY.test(url.replace(/\?.*/, ""))) return "admin";
  if (/^\/v1\/projects(:delete|\/\{id\}(\/restore)?)(\?|$)/.test(url)) {
    if (method === "DELETE" || url.endsWith(":delete") || url.endsWith("/restore"))
      return "projects:delete";
  }
  if (url.endsWith("/retry")) return "projects:delete";
  if (url.includes("/uploads")) return "projects:write";
  const reads = method === "GET" || method === "HEAD" || /:check$|\/urls$/.test(url);
  return reads ? "projects:read" : "projects:write";
}

test.each(ROUTES.filter(([, url]) => !OF_SESSIONS.test(url)))(
  "%s %s demands one right, and names it to a token that has all the others",
  async (method, url, payload) => {
    const right = rightOf(method, url);
    const rights = RIGHTS.filter((each) => each !== right && each !== "admin");
    const token = await http.services.tokens.create(ADMIN, { name: "n", owner: "alice", rights });
    const before = http.metadata.snapshot();
    const body = payload === undefined ? {} : { payload };
    const answer = await http.call({ as: token.secret, method, url: at(url), ...body });
    expect(answer.statusCode).toBe(403);
    if (method === "HEAD") return;
    expect(expectProblem(answer, 403, "forbidden")["detail"]).toContain(`'${right}'`);
    expect({ ...http.metadata.snapshot().rows, tokens: null }).toEqual({
      ...before.rows,
      tokens: null,
    });
  },
);

test("the scheme of a token is read without regard to case", async () => {
  const headers = { authorization: "bearer admin" };
  expect(
    (await http.call({ as: "", method: "GET", url: "/v1/projects", headers })).statusCode,
  ).toBe(200);
});

test("an authenticator that fails is an error of ours and lets nobody in", async () => {
  const broken = await startHttp({
    http: {
      authenticate: async () => {
        throw new Error("the key server says: secret");
      },
    },
  });
  const answer = await broken.call({ method: "GET", url: "/v1/projects" });
  expectProblem(answer, 500, "internal");
  expect(answer.body).not.toContain("secret");
  await broken.close();
  const busy = await startHttp({
    http: {
      authenticate: async () => {
        throw new ExpungeError("rate-limited", "Too many.", { details: { retryAfterSeconds: 9 } });
      },
    },
  });
  const limited = await busy.app.inject({
    method: "GET",
    url: "/v1/projects",
    headers: { authorization: "Bearer x" },
  });
  expectProblem(limited, 429, "rate-limited");
  expect(limited.headers["retry-after"]).toBe("9");
  await busy.close();
});
