import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { aroundStore } from "../../src/ports/around-store.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { measuredStore } from "../../src/adapters/measured-store.ts";
import { PrometheusMetrics } from "../../src/adapters/prometheus-metrics.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { expectProblem, type HttpService, makeProject, putFile, startHttp } from "./support.ts";

let http: HttpService | undefined;
afterEach(async () => {
  await http?.close();
  http = undefined;
});

const IDLE = {
  deletions: { trashed: 0, deleting: 0, verifying: 0 },
  blocked: 0,
  overdueMs: 0,
  removals: 0,
  uncopied: 0,
};

/** The value of one series; null where there is none. */
function valueOf(page: string, series: string): number | null {
  const line = page.split("\n").find((text) => text.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

test("the page of metrics counts requests by route, deletions, jobs and the store's calls", async () => {
  const metrics = new PrometheusMetrics("1.2.3");
  const clock = new SystemClock();
  http = await startHttp({
    metrics,
    http: { metrics },
    wrap: (store) => measuredStore(store, { metrics, clock }),
  });
  await makeProject(http, "p1");
  await putFile(http, "p1", "secret-name.txt", "hello");
  const deleted = await http.call({ method: "DELETE", url: "/v1/projects/p1" });
  expect(deleted.statusCode).toBe(200);
  await http.call({ method: "GET", url: "/v1/nothing/here" });
  const answer = await http.call({ method: "GET", url: "/metrics" });
  expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  const page = answer.body;
  const requests = "expunge_http_request_duration_seconds_count";
  expect(valueOf(page, `${requests}{method="DELETE",route="/v1/projects/:id",status="200"}`)).toBe(
    1,
  );
  expect(valueOf(page, `${requests}{method="",route="",status="404"}`)).toBe(1);
  expect(valueOf(page, `expunge_store_keys_removed_total{result="gone"}`)).toBe(1);
  expect(valueOf(page, `expunge_purge_run_duration_seconds_count{end="completed"}`)).toBe(1);
  expect(valueOf(page, "expunge_deletion_duration_seconds_count")).toBe(1);
  expect(valueOf(page, `expunge_job_duration_seconds_count{job="purge",result="ok"}`)).toBe(1);
  expect(
    valueOf(page, `expunge_store_call_duration_seconds_count{call="completeUpload",result="ok"}`),
  ).toBe(1);
  expect(valueOf(page, `expunge_info{version="1.2.3"}`)).toBe(1);
  expect(valueOf(page, "process_resident_memory_bytes")).toBeGreaterThan(0);
  expect(page).not.toContain("secret-name");
  expect(page).not.toContain("p1");
});

test("gauges say what waits in the database, and a blocked deletion shows", async () => {
  http = await startHttp({
    wrap: (store) =>
      aroundStore(store, async ({ call }, run) => {
        if (call === "list") throw new StoreError("access-denied", "unknown", "no listing");
        return await run();
      }),
  });
  await makeProject(http, "p1");
  await makeProject(http, "p2");
  await http.call({ method: "DELETE", url: "/v1/projects/p2?grace=72h" });
  expectProblem(
    await http.call({ method: "DELETE", url: "/v1/projects/p1" }),
    409,
    "deletion-blocked",
  );
  const page = (await http.call({ method: "GET", url: "/metrics" })).body;
  expect(valueOf(page, "expunge_deletions_blocked")).toBe(1);
  expect(valueOf(page, `expunge_deletions{state="trashed"}`)).toBe(1);
  expect(valueOf(page, `expunge_purge_run_duration_seconds_count{end="blocked"}`)).toBe(1);
});

test("metrics are for administrators: others are refused, and nobody gets them without a token", async () => {
  http = await startHttp();
  expectProblem(await http.call({ as: "alice", method: "GET", url: "/metrics" }), 403, "forbidden");
  expectProblem(await http.call({ as: "", method: "GET", url: "/metrics" }), 401, "unauthorized");
});

test("failed calls of the store and failed jobs are counted by their code", async () => {
  const metrics = new PrometheusMetrics("1.2.3");
  const clock = new SystemClock();
  http = await startHttp();
  const inner = aroundStore(http.objects, async ({ call }, run) => {
    if (call === "head") throw new StoreError("throttled", "retryable", "slow down");
    if (call === "listParts") throw new TypeError("odd");
    return await run();
  });
  const failing = measuredStore(inner, { metrics, clock });
  await expect(failing.head("k")).rejects.toThrow("slow down");
  await expect(failing.listParts("k", "u")).rejects.toThrow("odd");
  metrics.job("settle", "failed", 20);
  const page = await metrics.render(IDLE);
  const calls = "expunge_store_call_duration_seconds_count";
  expect(valueOf(page, `${calls}{call="head",result="throttled"}`)).toBe(1);
  expect(valueOf(page, `${calls}{call="listParts",result="error"}`)).toBe(1);
  expect(valueOf(page, `expunge_job_duration_seconds_count{job="settle",result="failed"}`)).toBe(1);
});

test("docs/monitoring.md lists every series of expunge, and none that does not exist", async () => {
  const page = await new PrometheusMetrics("1.2.3").render(IDLE);
  const real = [...page.matchAll(/^# TYPE (expunge_\w+) /gm)].map(([, name]) => name ?? "");
  const text = await readFile(new URL("../../docs/monitoring.md", import.meta.url), "utf8");
  const documented = [...text.matchAll(/^\| `(expunge_\w+)`/gm)].map(([, name]) => name ?? "");
  expect(documented.sort()).toEqual(real.sort());
});

test("readiness says no when the database fails or does not answer in time", async () => {
  http = await startHttp({ pauseMaxMs: 20 });
  const { metadata } = http;
  const ready = { as: "", method: "GET", url: "/readyz" } as const;
  expect((await http.call(ready)).statusCode).toBe(200);
  const real = metadata.now.bind(metadata);
  metadata.now = async () => {
    throw new Error("password of the database");
  };
  const failed = expectProblem(await http.call(ready), 503, "not-ready");
  expect(failed).toMatchObject({ ready: false, reason: "the database does not answer" });
  metadata.now = () => new Promise(() => undefined);
  const hung = expectProblem(await http.call(ready), 503, "not-ready");
  expect(hung).toMatchObject({ reason: "the database does not answer in time" });
  metadata.now = real;
  expect((await http.call(ready)).statusCode).toBe(200);
});
