import { afterEach, expect, test } from "vitest";
import { withLimit } from "../support/limits.ts";
import {
  type HttpService,
  jsonOf,
  listen,
  makeProject,
  putFile,
  sendRaw,
  startHttp,
} from "./support.ts";

let http: HttpService;
afterEach(() => http.close());

const AUTH = { authorization: "Bearer admin" };

test("a caller that goes away during DELETE changes nothing: the deletion is completed", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "x");
  let locked = true;
  http.objects.failures.refuse = () =>
    locked ? { result: "unknown", retryable: true, code: "throttled", message: "slow down" } : null;
  const { origin } = await listen(http);
  const leaving = fetch(`${origin}/v1/projects/p1`, {
    method: "DELETE",
    headers: AUTH,
    signal: AbortSignal.timeout(100),
  });
  await expect(leaving).rejects.toThrow();
  locked = false;
  const done = await http.call({ method: "DELETE", url: "/v1/projects/p1" });
  expect(jsonOf(done)).toMatchObject({ state: "completed", attempts: 1 });
});

test("a download that breaks in the store is broken off, not ended as if it were whole", async () => {
  http = await startHttp({
    wrap: (store) =>
      new Proxy(store, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name !== "get") {
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          }
          return async (key: string) => {
            const body = async function* () {
              yield new Uint8Array(3);
              throw new Error("the store broke off");
            };
            return { key, sizeBytes: 10, etag: "e", modifiedAt: 0, body: body() };
          };
        },
      }),
  });
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "0123456789");
  const { origin } = await listen(http);
  const got = await fetch(`${origin}/v1/projects/p1/files/a`, { headers: AUTH });
  expect(got.status).toBe(200);
  await expect(got.arrayBuffer()).rejects.toThrow();
  expect(http.log.lines.join("")).toContain("answer broken off");
});

test("closing answers who waits for a deletion with 202 and ends streams of events", async () => {
  http = await startHttp({ work: false });
  await makeProject(http, "p1");
  const { origin } = await listen(http);
  const waiting = fetch(`${origin}/v1/projects/p1`, { method: "DELETE", headers: AUTH });
  await expect
    .poll(
      async () =>
        (await http.services.projects.find({ subject: "admin", rights: new Set(["admin"]) }, "p1"))
          .state,
    )
    .toBe("trashed");
  const list = jsonOf(await http.call({ method: "GET", url: "/v1/deletions" }));
  const [{ id } = { id: "" }] = list["items"] as { id: string }[];
  const events = await fetch(`${origin}/v1/deletions/${id}/events`, { headers: AUTH });
  const startedAt = Date.now();
  const closed = http.app.close();
  const answer = await waiting;
  expect([answer.status, answer.headers.get("connection")]).toEqual([202, "close"]);
  expect(await answer.json()).toMatchObject({ id, state: "trashed" });
  expect(await events.text()).toContain("event: state");
  await closed;
  expect(Date.now() - startedAt).toBeLessThan(3000);
});

test("a request whose headers do not come to an end is answered with a problem, and closed", async () => {
  await withLimit("httpTimeoutsCheckedEveryMs", 20, async () => {
    await withLimit("httpHeadersTimeoutMs", 50, async () => {
      http = await startHttp();
      const { port } = await listen(http);
      const answer = await sendRaw(port, "GET /v1/projects HTTP/1.1\r\nHost: a\r\n");
      expect(answer.status).toBe(408);
      expect(JSON.parse(answer.body)).toMatchObject({ code: "request-timeout", status: 408 });
    });
  });
});
