import type { LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bucketLimiter } from "../../src/adapters/memory/rate-limiter.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { expectProblem, fieldOf, type HttpService, jsonOf, startHttp } from "./support.ts";

let http: HttpService;
beforeAll(async () => {
  http = await startHttp({ http: { trustedProxies: ["127.0.0.1"] } });
});
afterAll(() => http.close());

type Headers = Readonly<Record<string, string>>;

const HTTPS: Headers = { host: "files.example", "x-forwarded-proto": "https" };
const OWN: Headers = { ...HTTPS, origin: "https://files.example", "sec-fetch-site": "same-origin" };

async function newCode(payload?: object): Promise<string> {
  const body = payload === undefined ? {} : { payload };
  const made = await http.call({ method: "POST", url: "/v1/sign-in-codes", ...body });
  expect(made.statusCode).toBe(201);
  const code = fieldOf(made, "code");
  expect(fieldOf(made, "url")).toBe(`http://localhost:80/#code=${code}`);
  return code;
}

function signIn(code: string, headers: Headers = OWN): Promise<LightMyRequestResponse> {
  const payload = { code };
  return http.call({ as: "", method: "POST", url: "/v1/sessions", payload, headers });
}

/** The cookie that an answer sets, as a browser sends it back. */
function cookieOf(answer: LightMyRequestResponse): string {
  return String(answer.headers["set-cookie"]).split(";", 1)[0] ?? "";
}

async function signedIn(payload?: object): Promise<string> {
  const answer = await signIn(await newCode(payload));
  expect(answer.statusCode).toBe(201);
  return cookieOf(answer);
}

function ask(
  method: "GET" | "POST" | "DELETE",
  url: string,
  headers: Headers,
  payload?: object,
): Promise<LightMyRequestResponse> {
  return http.call({ as: "", method, url, headers, ...(payload ? { payload } : {}) });
}

test("over https a session's cookie is for this host alone, and no script reads it", async () => {
  const answer = await signIn(await newCode());
  expect(answer.headers["set-cookie"]).toMatch(
    /^__Host-expunge=xp_session_\w{26}_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/,
  );
  expect(jsonOf(answer)).toMatchObject({ owner: "admin", rights: ["admin"] });
  expect(answer.body).not.toContain("xp_session");
});

test("over http a session is to be had on the own machine only, with a cookie of another name", async () => {
  const local = { host: "127.0.0.1:3000", origin: "http://127.0.0.1:3000" };
  const answer = await signIn(await newCode(), local);
  expect(answer.headers["set-cookie"]).toMatch(/^expunge=xp_session_.*Max-Age=43200$/);
  const url = "/v1/sessions/current";
  expect((await ask("GET", url, { ...local, cookie: cookieOf(answer) })).statusCode).toBe(200);
  const planted = { ...HTTPS, cookie: cookieOf(answer) };
  expectProblem(await ask("GET", url, planted), 401, "unauthorized");
  const code = await newCode();
  const open = { host: "files.example", origin: "http://files.example" };
  const refused = await signIn(code, open);
  expectProblem(refused, 403, "https-required");
  expect(refused.headers["set-cookie"]).toBeUndefined();
  expect((await signIn(code)).statusCode, "the code is not used up").toBe(201);
});

test("whoever is signed in asks with the cookie alone, until signing out ends it everywhere", async () => {
  const cookie = await signedIn({ owner: "alice", rights: ["projects:read", "projects:write"] });
  const headers = { ...OWN, cookie };
  const made = await ask("POST", "/v1/projects", headers, {});
  expect(jsonOf(made)).toMatchObject({ owner: "alice" });
  const id = fieldOf(made, "id");
  expect((await ask("GET", `/v1/projects/${id}`, { ...HTTPS, cookie })).statusCode).toBe(200);
  const remove = await ask("DELETE", `/v1/projects/${id}`, headers);
  expect(expectProblem(remove, 403, "forbidden")["detail"]).toContain("'projects:delete'");
  const current = await ask("GET", "/v1/sessions/current", { ...HTTPS, cookie });
  expect(jsonOf(current)).toMatchObject({ owner: "alice" });
  const out = await ask("DELETE", "/v1/sessions/current", headers);
  expect(out.statusCode).toBe(204);
  expect(out.headers["set-cookie"]).toMatch(/^__Host-expunge=; Path=\/; .*Max-Age=0; Secure$/);
  expectProblem(await ask("GET", "/v1/projects", { ...HTTPS, cookie }), 401, "unauthorized");
});

test("a code that was used, or is none, signs nobody in", async () => {
  const code = await newCode();
  expect((await signIn(code)).statusCode).toBe(201);
  for (const wrong of [code, "", "xp_code_x", `${code.slice(0, -2)}AA`]) {
    const answer = await signIn(wrong);
    expectProblem(answer, 401, "sign-in-refused");
    expect(answer.headers["set-cookie"]).toBeUndefined();
  }
});

const ELSEWHERE: readonly [string, Headers][] = [
  ["another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
  ["another site, by an old browser", { origin: "https://evil.example" }],
  ["a sibling host", { origin: "https://a.files.example", "sec-fetch-site": "same-site" }],
  ["another port", { origin: "https://files.example:8443" }],
  ["http on the same host", { origin: "http://files.example" }],
  ["a page that hides its origin", { origin: "null" }],
  [
    "a site that is said to be the same",
    { origin: "https://evil.example", "sec-fetch-site": "same-origin" },
  ],
  [
    "a site that is said to be another",
    { origin: "https://files.example", "sec-fetch-site": "cross-site" },
  ],
  ["a person's address bar", { "sec-fetch-site": "none" }],
  ["nowhere that is told", {}],
];

test.each(ELSEWHERE)(
  "an unsafe request with a session from %s changes nothing",
  async (_, from) => {
    const headers = { ...HTTPS, ...from, cookie: await signedIn() };
    const { sessions: _sessions, ...before } = http.metadata.snapshot().rows;
    for (const [method, url, payload] of [
      ["POST", "/v1/projects", {}],
      ["DELETE", "/v1/projects/p1", undefined],
      ["POST", "/v1/tokens", { name: "mine", rights: ["admin"] }],
      ["POST", "/v1/sign-in-codes", undefined],
      ["DELETE", "/v1/sessions/current", undefined],
    ] as const) {
      expectProblem(await ask(method, url, headers, payload), 403, "cross-site");
    }
    const { sessions: _after, ...after } = http.metadata.snapshot().rows;
    expect(after).toEqual(before);
    expect((await ask("GET", "/v1/projects", headers)).statusCode, "reads need no such word").toBe(
      200,
    );
  },
);

test.each(ELSEWHERE)("a page on %s signs nobody in", async (_, from) => {
  const code = await newCode();
  expectProblem(await signIn(code, { ...HTTPS, ...from }), 403, "cross-site");
  expect((await signIn(code)).statusCode).toBe(201);
});

test("a token needs no word of where it comes from, and is never mixed with a session", async () => {
  const headers = { ...HTTPS, origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const payload = { name: "by token" };
  const made = await http.call({ method: "POST", url: "/v1/projects", payload, headers });
  expect(made.statusCode).toBe(201);
  const cookie = await signedIn();
  for (const as of ["admin", "wrong"]) {
    const both = { ...OWN, cookie };
    const answer = await http.call({ as, method: "GET", url: "/v1/projects", headers: both });
    expectProblem(answer, 400, "invalid-request");
  }
  const current = await http.call({ method: "GET", url: "/v1/sessions/current" });
  expectProblem(current, 401, "unauthorized");
});

test("other cookies count for nothing, and a session's cookie that is there twice neither", async () => {
  const cookie = await signedIn();
  const url = "/v1/projects";
  const among = { ...HTTPS, cookie: `theme=dark; ${cookie}; x__Host-expunge=1` };
  expect((await ask("GET", url, among)).statusCode).toBe(200);
  const twice = { ...HTTPS, cookie: `__Host-expunge=planted; ${cookie}` };
  expectProblem(await ask("GET", url, twice), 401, "unauthorized");
  const withToken = { ...HTTPS, cookie: "theme=dark" };
  expect((await http.call({ method: "GET", url, headers: withToken })).statusCode).toBe(200);
});

test("guesses of codes are limited like refused tokens", async () => {
  const failures = bucketLimiter({ limit: 1, windowSeconds: 60 }, new SystemRandom());
  const limited = await startHttp({
    http: { limits: { callers: null, addresses: null, failures } },
  });
  const guess = () =>
    limited.call({
      as: "",
      method: "POST",
      url: "/v1/sessions",
      payload: { code: "guess" },
      headers: { origin: "http://localhost" },
    });
  expectProblem(await guess(), 401, "sign-in-refused");
  expectProblem(await guess(), 429, "rate-limited");
  await limited.close();
});
