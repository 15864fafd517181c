import { afterEach, expect, test } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import { aroundStore } from "../../src/ports/around-store.ts";
import { runPrefixSweep } from "../../src/services/prefix-sweeps.ts";
import {
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  makeProject,
  putFile,
  startHttp,
} from "./support.ts";

let http: HttpService;
afterEach(() => http.close());

const NEVER = new AbortController().signal;

async function request(prefix: string): Promise<string> {
  const asked = await http.call({
    method: "POST",
    url: "/v1/debug/sweeps",
    payload: { prefix, confirm: prefix },
  });
  expect(asked.statusCode).toBe(202);
  expect(asked.headers["location"]).toBe(`/v1/debug/sweeps/${fieldOf(asked, "id")}`);
  return fieldOf(asked, "id");
}

async function stateOf(id: string): Promise<Record<string, unknown>> {
  return jsonOf(await http.call({ method: "GET", url: `/v1/debug/sweeps/${id}` }));
}

/** A worker's run, as the job does it. */
async function sweepNow(prefix: string): Promise<Record<string, unknown>> {
  const id = await request(prefix);
  await runPrefixSweep(http.context, id, NEVER);
  return await stateOf(id);
}

const bytes = new Uint8Array(3);

test("a sweep empties a prefix that no row names, uploads included, and leaves its siblings", async () => {
  http = await startHttp({ work: false });
  for (const key of ["old/a", "old/b/c", "older"]) await http.objects.put(key, bytes);
  await http.objects.createUpload("old/half", "text/plain");
  const id = await request("old/");
  expect(await stateOf(id)).toMatchObject({ state: "running", attempts: 0, completedAt: null });
  await runPrefixSweep(http.context, id, NEVER);
  expect(await stateOf(id)).toMatchObject({
    prefix: "old/",
    state: "swept",
    requestedBy: "admin",
    found: 3,
    deleted: 3,
    verified: true,
    residue: [],
    error: null,
  });
  const left = (await http.objects.list("old")).entries.map(({ key }) => key);
  expect(left).toEqual(["older"]);
});

test("a worker that finds the sweep by the scan carries it out without being asked", async () => {
  http = await startHttp();
  await http.objects.put("old/a", bytes);
  const id = await request("old/");
  await expect.poll(async () => (await stateOf(id))["state"]).toBe("swept");
});

test("a slip is refused before anything is recorded", async () => {
  http = await startHttp({ work: false });
  const ask = (payload: object) => http.call({ method: "POST", url: "/v1/debug/sweeps", payload });
  expectProblem(await ask({ prefix: "old/", confirm: "older/" }), 400, "confirmation-needed");
  expectProblem(await ask({ prefix: "old", confirm: "old" }), 400, "invalid-request");
  expectProblem(await ask({ prefix: "", confirm: "" }), 400, "invalid-request");
  expectProblem(await ask({ prefix: "a\0/", confirm: "a\0/" }), 400, "invalid-request");
  const kept = ".expunge/tombstones/";
  expectProblem(await ask({ prefix: kept, confirm: kept }), 400, "invalid-request");
  expect(http.metadata.view().rows.sweeps.size).toBe(0);
});

test("the canonical prefix of a live project, and of all, is refused; that of a deleted one is not", async () => {
  http = await startHttp();
  const live = await makeProject(http, "live");
  const gone = await makeProject(http, "gone");
  await http.call({ method: "DELETE", url: "/v1/projects/gone" });
  for (const prefix of ["projects/", `projects/${live}/`, `projects/${live}/x/`]) {
    const answer = await http.call({
      method: "POST",
      url: "/v1/debug/sweeps",
      payload: { prefix, confirm: prefix },
    });
    expectProblem(answer, 409, "prefix-in-use");
  }
  await http.objects.put(`projects/${gone}/late`, bytes);
  const id = await request(`projects/${gone}/`);
  await expect.poll(async () => (await stateOf(id))["state"]).toBe("swept");
});

test("where a row names a key below the prefix nothing at all is removed (I2)", async () => {
  http = await startHttp({ work: false });
  const uid = await makeProject(http, "p1");
  await putFile(http, "p1", "a", "kept");
  await http.objects.put("old/a", bytes);
  // As an adopted file has it: its object lies where some other system put it.
  const file = http.metadata.view().rows.files.get(uid)?.get("a");
  if (!file) throw new Error("the file should be there");
  await http.objects.put("old/z", bytes);
  http.metadata
    .view()
    .rows.files.get(uid)
    ?.set("a", { ...file, key: "old/z" });
  expect(await sweepNow("old/")).toMatchObject({
    state: "refused",
    deleted: 0,
    verified: false,
    error: { code: "prefix-in-use" },
  });
  expect((await http.objects.list("old/")).entries).toHaveLength(2);
});

test("what cannot be removed is named, and the sweep is not called verified", async () => {
  http = await startHttp({ work: false });
  await http.objects.put("old/a", bytes);
  http.objects.failures.refuse = () => ({
    result: "blocked",
    retryable: false,
    code: "object-locked",
    message: "locked",
  });
  expect(await sweepNow("old/")).toMatchObject({
    state: "residue",
    found: 1,
    deleted: 0,
    blocked: 1,
    verified: false,
    residue: [{ key: "old/a", outcome: "blocked", code: "object-locked", message: "locked" }],
  });
});

test("a store that may not be listed ends the sweep as failed; one that is away is tried again", async () => {
  let trouble = new StoreError("store-unavailable", "retryable", "away");
  let isBroken = true;
  http = await startHttp({
    work: false,
    pauseMaxMs: 1,
    wrap: (store) =>
      aroundStore(store, async ({ call }, run) => {
        if (call === "list" && isBroken) throw trouble;
        return await run();
      }),
  });
  await http.objects.put("old/a", bytes);
  const id = await request("old/");
  await runPrefixSweep(http.context, id, NEVER);
  expect(await stateOf(id)).toMatchObject({ state: "running", attempts: 1 });
  const row = http.metadata.view().rows.sweeps.get(id);
  if (row) row.leaseUntil = 0;
  isBroken = false;
  await runPrefixSweep(http.context, id, NEVER);
  expect(await stateOf(id)).toMatchObject({ state: "swept", attempts: 2, deleted: 1 });
  isBroken = true;
  trouble = new StoreError("access-denied", "unknown", "no");
  expect(await sweepNow("old/")).toMatchObject({
    state: "failed",
    error: { code: "access-denied", message: "no" },
  });
});

test("a worker that is stopped gives the sweep back at once, and another one ends it", async () => {
  const stop = new AbortController();
  http = await startHttp({
    work: false,
    wrap: (store) =>
      aroundStore(store, async ({ call }, run) => {
        if (call === "remove" && !stop.signal.aborted) stop.abort();
        return await run();
      }),
  });
  for (const key of ["old/a", "old/b"]) await http.objects.put(key, bytes);
  const id = await request("old/");
  await runPrefixSweep(http.context, id, stop.signal);
  expect((await stateOf(id))["state"]).toBe("running");
  expect(await http.metadata.dueSweeps(10)).toEqual([id]);
  await runPrefixSweep(http.context, id, NEVER);
  expect(await stateOf(id)).toMatchObject({ state: "swept", attempts: 2, verified: true });
});

test("a worker that lost its claim writes nothing, and a sweep that has ended is not run again", async () => {
  http = await startHttp({ work: false });
  await http.objects.put("old/a", bytes);
  const id = await request("old/");
  const finish = http.metadata.finishSweep.bind(http.metadata);
  http.metadata.finishSweep = async (sweepId, _token, end) => await finish(sweepId, -1, end);
  await runPrefixSweep(http.context, id, NEVER);
  expect((await stateOf(id))["state"]).toBe("running");
  http.metadata.finishSweep = finish;
  const row = http.metadata.view().rows.sweeps.get(id);
  if (row) row.leaseUntil = 0;
  await runPrefixSweep(http.context, id, NEVER);
  await runPrefixSweep(http.context, id, NEVER);
  expect(await stateOf(id)).toMatchObject({ state: "swept", attempts: 2 });
});

test("an unknown or malformed id is a sweep that is not there", async () => {
  http = await startHttp({ work: false });
  for (const id of ["SWEEP-000000000000", "nope"]) {
    const answer = await http.call({ method: "GET", url: `/v1/debug/sweeps/${id}` });
    expectProblem(answer, 404, "sweep-not-found");
  }
});
