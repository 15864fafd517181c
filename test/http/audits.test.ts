import { afterEach, beforeEach, expect, test } from "vitest";
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
beforeEach(async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "x");
});
afterEach(() => http.close());

async function audit(payload: object = { minAge: "0s" }): Promise<string> {
  const started = await http.call({ method: "POST", url: "/v1/audits", payload });
  expect(started.statusCode).toBe(202);
  const id = fieldOf(started, "id");
  expect(started.headers["location"]).toBe(`/v1/audits/${id}`);
  expect(started.headers["retry-after"]).toBeDefined();
  return id;
}

async function ended(id: string): Promise<Record<string, unknown>> {
  const read = async (): Promise<Record<string, unknown>> =>
    jsonOf(await http.call({ method: "GET", url: `/v1/audits/${id}` }));
  await expect.poll(async () => (await read())["state"], { timeout: 10_000 }).toBe("completed");
  return await read();
}

test("an audit is begun, counted and told line by line", async () => {
  await http.objects.put("strange/\u0001", new Uint8Array(3));
  const id = await audit();
  expect(await ended(id)).toMatchObject({
    id,
    complete: true,
    fix: "none",
    minAge: "0s",
    requestedBy: "admin",
    objects: 2,
    rows: 1,
    orphans: 0,
    dangling: 0,
    mismatched: 0,
    residueOfDeleted: 0,
    staleUploads: 0,
    foreign: 1,
    orphanBytes: 0,
    unjudged: [],
  });
  const findings = await http.call({ method: "GET", url: `/v1/audits/${id}/findings` });
  expect(findings.headers["content-type"]).toContain("application/x-ndjson");
  const [line = "", ...others] = findings.body.trimEnd().split("\n");
  expect(others).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({
    kind: "foreign",
    key: "strange/\u0001",
    sizeBytes: 3,
    projectUid: null,
    path: null,
    outcome: null,
  });
});

test("an audit that runs still is not complete, whatever it has found", async () => {
  const { context } = http;
  const { id } = await context.metadata.createAudit({
    id: "AUDIT-waits",
    requestedBy: "admin",
    fix: "none",
    minAgeMs: 0,
    readPercent: 0,
    listingConcurrency: 4,
    quarantine: false,
  });
  const running = await http.call({ method: "GET", url: `/v1/audits/${id}` });
  expect(jsonOf(running)).toMatchObject({ state: "running", complete: false, completedAt: null });
});

test("audits are listed in pages, the newest first, each as it is by itself", async () => {
  const ids = [await audit(), await audit()].toReversed();
  for (const id of ids) await ended(id);
  const list = async (query: string): Promise<Record<string, unknown>> =>
    jsonOf(await http.call({ method: "GET", url: `/v1/audits${query}` }));
  const [newest, oldest] = await Promise.all(ids.map((id) => ended(id)));
  const first = await list("?limit=1");
  expect(first["items"]).toEqual([newest]);
  const cursor = String(first["nextCursor"]);
  expect(await list(`?cursor=${cursor}`)).toEqual({ items: [oldest], nextCursor: null });
  const foreign = await http.call({ method: "GET", url: `/v1/tokens?cursor=${cursor}` });
  expectProblem(foreign, 400, "invalid-cursor");
});

test("audits are for administrators", async () => {
  const id = await audit();
  for (const url of ["/v1/audits", `/v1/audits/${id}`, `/v1/audits/${id}/findings`]) {
    const method = url === "/v1/audits" ? "POST" : "GET";
    const payload = method === "POST" ? { payload: {} } : {};
    expectProblem(await http.call({ as: "alice", method, url, ...payload }), 403, "forbidden");
  }
});

test("an audit that is not there is not found, and one with an odd age or fix is not begun", async () => {
  for (const url of ["/v1/audits/AUDIT-none", "/v1/audits/AUDIT-none/findings"]) {
    expectProblem(await http.call({ method: "GET", url }), 404, "audit-not-found");
  }
  for (const payload of [
    { minAge: "soon" },
    { minAge: 5 },
    { fix: "everything" },
    { readDataPercent: 101 },
    { quarantine: true },
    { quarantine: true, fix: "dangling" },
    { listingConcurrency: 0 },
    { listingConcurrency: 33 },
    { other: 1 },
  ]) {
    const refused = await http.call({ method: "POST", url: "/v1/audits", payload });
    expectProblem(refused, 400, "invalid-request");
  }
});
