import { afterEach, beforeEach, expect, test } from "vitest";
import { expectProblem, fieldOf, type HttpService, makeProject, startHttp } from "./support.ts";

const APP = "https://app.example.com";

let http: HttpService;
beforeEach(async () => {
  http = await startHttp({ http: { corsOrigins: [APP], baseUrl: "https://files.example.com/x/" } });
  await makeProject(http, "p1");
});
afterEach(() => http.close());

const PREFLIGHT = {
  "access-control-request-method": "DELETE",
  "access-control-request-headers": "authorization,prefer",
};

test("a page of a configured origin is let through its preflight without a token", async () => {
  const answer = await http.call({
    as: "",
    method: "OPTIONS",
    url: "/v1/projects/p1",
    headers: { ...PREFLIGHT, origin: APP },
  });
  expect([answer.statusCode, answer.body]).toEqual([204, ""]);
  expect(answer.headers).toMatchObject({
    "access-control-allow-origin": APP,
    "access-control-allow-methods": expect.stringContaining("DELETE") as unknown,
    "access-control-allow-headers": "authorization,prefer",
    "access-control-max-age": "3600",
    vary: "origin, access-control-request-headers",
  });
  expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
});

test("a page of a configured origin reads answers, refusals and their headers", async () => {
  const headers = { origin: APP };
  const read = await http.call({ method: "GET", url: "/v1/projects/p1", headers });
  const refused = await http.call({ as: "", method: "GET", url: "/v1/projects/p1", headers });
  expectProblem(refused, 401, "unauthorized");
  for (const answer of [read, refused]) {
    expect(answer.headers["access-control-allow-origin"]).toBe(APP);
    expect(answer.headers["access-control-expose-headers"]).toContain("etag");
    expect(answer.headers["access-control-expose-headers"]).toContain("x-request-id");
    expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    expect(answer.headers["vary"]).toBe("origin");
  }
});

test("pages of other origins are told nothing, and without a setting nobody is", async () => {
  const plain = await startHttp();
  for (const origin of ["https://evil.example.com", `${APP}.evil.example`, "null", "*"]) {
    for (const one of [http, plain]) {
      const headers = { ...PREFLIGHT, origin };
      const preflight = await one.call({ method: "OPTIONS", url: "/v1/projects/p1", headers });
      expect(preflight.statusCode).toBe(405);
      expect(preflight.headers).not.toHaveProperty("access-control-allow-origin");
      const read = await one.call({ method: "GET", url: "/v1/projects", headers: { origin } });
      expect(read.statusCode).toBe(200);
      expect(read.headers).not.toHaveProperty("access-control-allow-origin");
    }
  }
  const own = await plain.call({ method: "GET", url: "/v1/projects", headers: { origin: APP } });
  expect(own.headers).not.toHaveProperty("access-control-allow-origin");
  await plain.close();
});

test("part URLs may be used from any page, and links begin with the public URL", async () => {
  const opened = await http.call({
    method: "POST",
    url: "/v1/projects/p1/uploads",
    payload: { path: "f", sizeBytes: 1 },
  });
  const part = `/v1/projects/p1/uploads/${fieldOf(opened, "uploadId")}/parts/1`;
  const url = fieldOf(await http.call({ method: "GET", url: part }), "url");
  expect(url).toMatch(/^https:\/\/files\.example\.com\/x\/v1\/upload-parts\//);
  const { pathname, search } = new URL(url.replace("/x/", "/"));
  const sent = await http.call({
    as: "",
    method: "PUT",
    url: pathname + search,
    payload: "x",
    headers: { origin: "https://elsewhere.example.com" },
  });
  expect(sent.statusCode).toBe(200);
  expect(sent.headers["access-control-allow-origin"]).toBe("*");
});
