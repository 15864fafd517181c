import { afterEach, beforeEach, expect, test } from "vitest";
import { utf8 } from "../../src/core/encoding.ts";
import { RELAYOUT_BEGINS } from "../../src/core/relayout.ts";
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
  http = await startHttp({ layouts: [{ name: "audio", template: "audio/{project}/**" }] });
  await makeProject(http, "p1");
  await putFile(http, "p1", "own", "x");
  for (const name of ["a", "b"]) await http.objects.put(`audio/p1/${name}`, utf8(name));
  const payload = { dryRun: false, minAge: "0s" };
  await ended("/v1/adoptions", await post("/v1/adoptions", payload));
});
afterEach(() => http.close());

async function post(url: string, payload: object = {}): Promise<string> {
  const begun = await http.call({ method: "POST", url, payload });
  expect(begun.statusCode).toBe(202);
  const id = fieldOf(begun, "id");
  expect(begun.headers["location"]).toMatch(new RegExp(`^/v1/\\w+/${id}$`));
  expect(begun.headers["retry-after"]).toBeDefined();
  return id;
}

async function ended(list: string, id: string): Promise<Record<string, unknown>> {
  const read = async (): Promise<Record<string, unknown>> =>
    jsonOf(await http.call({ method: "GET", url: `${list}/${id}` }));
  await expect.poll(async () => (await read())["state"], { timeout: 10_000 }).toBe("completed");
  return await read();
}

test("a relayout is planned, carried out, finished and listed over HTTP", async () => {
  const plan = await ended("/v1/relayouts", await post("/v1/relayouts"));
  expect(plan).toMatchObject({ action: "copy", dryRun: true, done: 2, held: { objects: 0 } });
  const id = await post("/v1/relayouts", { dryRun: false, projects: ["p1"] });
  expect(await ended("/v1/relayouts", id)).toMatchObject({
    id,
    of: null,
    complete: true,
    projects: ["p1"],
    requestedBy: "admin",
    done: 2,
    doneBytes: 2,
    spared: 0,
    held: { objects: 2, bytes: 2 },
    failure: null,
  });
  await http.objects.put("audio/p1/b", utf8("other"));
  const finish = await post(`/v1/relayouts/${id}/finish`, { dryRun: false });
  expect(await ended("/v1/relayouts", finish)).toMatchObject({
    action: "finish",
    of: id,
    done: 1,
    removed: 1,
    pending: 0,
    spared: 1,
    held: { objects: 1 },
  });
  const spared = await http.call({ method: "GET", url: `/v1/relayouts/${finish}/spared` });
  expect(spared.headers["content-type"]).toContain("application/x-ndjson");
  expect(JSON.parse(spared.body)).toEqual({ key: "audio/p1/b", code: "changed", projectId: "p1" });
  const undo = await ended("/v1/relayouts", await post(`/v1/relayouts/${id}/undo`));
  expect(undo).toMatchObject({ action: "undo", dryRun: true, done: 1 });
  const page = jsonOf(await http.call({ method: "GET", url: "/v1/relayouts?limit=3" }));
  expect(page["items"]).toHaveLength(3);
  const cursor = String(page["nextCursor"]);
  const next = jsonOf(await http.call({ method: "GET", url: `/v1/relayouts?cursor=${cursor}` }));
  expect(next).toMatchObject({ items: [{ id: plan["id"] }], nextCursor: null });
});

test("the audit log has what was asked of a relayout, and takes its id for no project's", async () => {
  const id = await post("/v1/relayouts", { dryRun: false });
  await ended("/v1/relayouts", id);
  await post(`/v1/relayouts/${id}/undo`, { dryRun: false });
  const log = jsonOf(await http.call({ method: "GET", url: "/v1/audit-log?limit=2" }));
  expect(log["items"]).toMatchObject([
    { operation: "undoRelayout", projectId: null, outcome: "accepted" },
    { operation: "startRelayout", projectId: null, outcome: "accepted" },
  ]);
});

test("relayouts that are not there, or copy still, are neither finished nor undone", async () => {
  for (const call of ["finish", "undo"]) {
    const url = `/v1/relayouts/RELAYOUT-0/${call}`;
    const answer = await http.call({ method: "POST", url, payload: {} });
    expectProblem(answer, 404, "relayout-not-found");
  }
  const request = { action: "copy", of: null, dryRun: false, projects: [] } as const;
  const id = "RELAYOUT-0123456789ab";
  await http.metadata.createRun({
    kind: "relayout",
    id,
    requestedBy: "admin",
    request,
    progress: RELAYOUT_BEGINS,
  });
  const url = `/v1/relayouts/${id}/finish`;
  expectProblem(await http.call({ method: "POST", url, payload: {} }), 409, "relayout-running");
  const unknown = { projects: ["nobody"] };
  const started = await http.call({ method: "POST", url: "/v1/relayouts", payload: unknown });
  expectProblem(started, 404, "project-not-found");
});
