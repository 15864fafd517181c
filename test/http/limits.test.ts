import { afterEach, expect, test, vi } from "vitest";
import { bucketLimiter, rateLimiter } from "../../src/adapters/memory/rate-limiter.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { networkOf } from "../../src/http/address.ts";
import type { AppDeps } from "../../src/http/app.ts";
import { expectProblem, fieldOf, type HttpService, makeProject, startHttp } from "./support.ts";

const WINDOW = { windowSeconds: 60 };

const running: HttpService[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const http of running.splice(0)) await http.close();
});

async function start(deps: Partial<AppDeps>, deletionsPerHour?: number): Promise<HttpService> {
  const cap = deletionsPerHour === undefined ? {} : { deletionsPerHour };
  const http = await startHttp({ http: deps, ...cap });
  running.push(http);
  return http;
}

const NONE = { callers: null, addresses: null, failures: null };

test("a caller that asks too often is answered with 429 until the window ends, and nobody else is", async () => {
  const http = await start({
    limits: { ...NONE, callers: rateLimiter({ limit: 3, ...WINDOW }) },
  });
  const ask = (as: string) => http.call({ as, method: "GET", url: "/v1/projects" });
  for (const remaining of [2, 1, 0]) {
    const answer = await ask("alice");
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["ratelimit-policy"]).toBe('"caller";q=3;w=60');
    expect(answer.headers["ratelimit"]).toMatch(new RegExp(`^"caller";r=${remaining};t=\\d+$`));
  }
  const refused = await ask("alice");
  expectProblem(refused, 429, "rate-limited");
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(50);
  expect(refused.headers["ratelimit"]).toMatch(/^"caller";r=0;t=\d+$/);
  expect((await ask("bob")).statusCode).toBe(200);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
  expect((await ask("alice")).statusCode).toBe(200);
});

test("each token of one owner has a limit of its own, and an admin has none", async () => {
  const http = await start({
    limits: { ...NONE, callers: rateLimiter({ limit: 1, ...WINDOW }) },
  });
  const secrets = [];
  for (const name of ["a", "b"]) {
    const payload = { name, owner: "alice", rights: ["projects:read"] };
    const made = await http.call({ method: "POST", url: "/v1/tokens", payload });
    secrets.push(fieldOf(made, "token"));
  }
  for (const as of secrets) {
    expect((await http.call({ as, method: "GET", url: "/v1/projects" })).statusCode).toBe(200);
  }
  const [as = ""] = secrets;
  expectProblem(await http.call({ as, method: "GET", url: "/v1/projects" }), 429, "rate-limited");
});

test("refused tokens are limited per address, and lock out nobody whose token is good", async () => {
  const failures = bucketLimiter({ limit: 2, ...WINDOW }, new SystemRandom());
  const http = await start({ limits: { ...NONE, failures } });
  const guess = (remoteAddress: string, as = "guess") =>
    http.call({ as, method: "GET", url: "/v1/projects", remoteAddress });
  for (let times = 0; times < 2; times++) {
    expectProblem(await guess("192.0.2.1"), 401, "unauthorized");
  }
  const refused = await guess("192.0.2.1");
  expectProblem(refused, 429, "rate-limited");
  expect(refused.headers["retry-after"]).toMatch(/^\d+$/);
  expectProblem(await guess("192.0.2.1", ""), 429, "rate-limited");
  expect((await guess("192.0.2.1", "admin")).statusCode).toBe(200);
  expectProblem(await guess("198.51.100.7"), 401, "unauthorized");
});

test("what needs no token is limited per address, but for the questions whether the service lives", async () => {
  const addresses = bucketLimiter({ limit: 1, ...WINDOW }, new SystemRandom());
  const http = await start({ limits: { ...NONE, addresses } });
  const ask = (url: string) =>
    http.call({ as: "", method: "GET", url, remoteAddress: "192.0.2.1" });
  expect((await ask("/.well-known/jwks.json")).statusCode).toBe(200);
  expectProblem(await ask("/.well-known/jwks.json"), 429, "rate-limited");
  for (let times = 0; times < 3; times++) {
    expect((await ask("/healthz")).statusCode).toBe(200);
    expect((await ask("/readyz")).statusCode).toBe(200);
  }
});

test("the address that a trusted proxy names counts, and of nobody else's word any", async () => {
  const failures = bucketLimiter({ limit: 1, ...WINDOW }, new SystemRandom());
  const http = await start({ limits: { ...NONE, failures }, trustedProxies: ["10.0.0.0/8"] });
  const guess = (remoteAddress: string, forwarded: string) =>
    http.call({
      as: "guess",
      method: "GET",
      url: "/v1/projects",
      remoteAddress,
      headers: { "x-forwarded-for": forwarded },
    });
  expect((await guess("10.0.0.1", "192.0.2.1")).statusCode).toBe(401);
  expect((await guess("10.0.0.1", "192.0.2.2")).statusCode).toBe(401);
  expect((await guess("10.0.0.1", "192.0.2.1")).statusCode).toBe(429);
  expect((await guess("203.0.113.5", "192.0.2.77")).statusCode).toBe(401);
  expect((await guess("203.0.113.5", "192.0.2.78")).statusCode).toBe(429);
});

test("the cap of deletions is answered with 429 and when to come again", async () => {
  const http = await start({}, 1);
  for (const id of ["p1", "p2"]) await makeProject(http, id, "alice");
  const remove = (id: string) =>
    http.call({ as: "alice", method: "DELETE", url: `/v1/projects/${id}?grace=1h` });
  expect((await remove("p1")).statusCode).toBe(202);
  const refused = await remove("p2");
  expectProblem(refused, 429, "too-many-deletions");
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(3500);
  expect((await remove("p1")).statusCode, "a repeat joins").toBe(202);
});

test("a DELETE that the least grace keeps back is answered at once, whatever grace was asked for", async () => {
  // Longer than the test may take: were the grace waited for, there would be no answer.
  const http = await startHttp({
    minGraceMs: 3_600_000,
    http: ({ context }) => ({ settings: { ...context.settings, deleteWaitMs: 3_600_000 } }),
  });
  running.push(http);
  await makeProject(http, "p1", "alice");
  const url = "/v1/projects/p1?grace=0s";
  const answer = await http.call({ as: "alice", method: "DELETE", url });
  expect(answer.statusCode).toBe(202);
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(3500);
  const brought = await http.call({ as: "admin", method: "DELETE", url });
  expect(brought.statusCode, "an admin brings it forward").toBe(200);
});

test("an IPv6 network of 64 bits counts as one address, and an IPv4 address in its mapped form as itself", () => {
  const same = ["2001:db8:1:2::1", "2001:DB8:1:2:ffff::", "2001:0db8:0001:0002:1:2:3:4"];
  expect(new Set(same.map((address) => networkOf(address)))).toEqual(
    new Set(["2001:db8:1:2::/64"]),
  );
  expect(networkOf("2001:db8:1:3::1")).toBe("2001:db8:1:3::/64");
  expect(networkOf("::1")).toBe("0:0:0:0::/64");
  expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
});
