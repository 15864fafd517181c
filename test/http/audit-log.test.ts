import { afterEach, beforeEach, expect, test } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import type { AuditEntryJson } from "../../src/http/schema/index.ts";
import { withLimit } from "../support/limits.ts";
import {
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  makeProject,
  nextOf,
  putFile,
  startHttp,
} from "./support.ts";

let http: HttpService;
beforeEach(async () => {
  http = await startHttp();
});
afterEach(() => http.close());

async function entries(query = ""): Promise<readonly AuditEntryJson[]> {
  const answer = await http.call({ method: "GET", url: `/v1/audit-log${query}` });
  expect(answer.statusCode).toBe(200);
  return jsonOf(answer)["items"] as AuditEntryJson[];
}

async function newest(): Promise<AuditEntryJson | undefined> {
  return (await entries("?limit=1"))[0];
}

test("each change leaves who, what, which project and how it ended, and no path", async () => {
  await makeProject(http, "p1");
  await putFile(http, "p1", "private/name.txt", "x");
  await http.call({ as: "alice", method: "DELETE", url: "/v1/projects/p1/files/private/name.txt" });
  const deleted = await http.call({ as: "alice", method: "DELETE", url: "/v1/projects/p1" });
  const deletionId = fieldOf(deleted, "id");
  const told = (await entries()).map(({ sequence: _sequence, at: _at, requestId, ...rest }) => {
    expect(requestId).toMatch(/^\w{20}$/);
    return rest;
  });
  const admin = { callerKind: "admin", subject: "admin", tokenId: null };
  const alice = { callerKind: "user", subject: "alice", tokenId: null };
  const done = { projectId: "p1", deletionId: null, outcome: "done" };
  expect(told).toEqual([
    { ...alice, ...done, operation: "deleteProject", deletionId },
    { ...alice, ...done, operation: "deleteFile" },
    { ...admin, ...done, operation: "putFile" },
    { ...admin, ...done, operation: "createProject" },
  ]);
  expect(JSON.stringify(told)).not.toContain("name.txt");
});

test("a refused change is an entry with the code of its refusal", async () => {
  await makeProject(http, "p1");
  await http.call({ method: "PUT", url: "/v1/projects/p1/hold", payload: { reason: "court" } });
  expectProblem(await http.call({ method: "DELETE", url: "/v1/projects/p1" }), 423, "project-held");
  expect(await newest()).toMatchObject({ operation: "deleteProject", outcome: "project-held" });
  await http.call({ as: "bob", method: "DELETE", url: "/v1/projects/p1" });
  expect(await newest()).toMatchObject({
    subject: "bob",
    projectId: "p1",
    outcome: "project-not-found",
  });
  await http.call({ as: "alice-reads", method: "POST", url: "/v1/projects", payload: {} });
  expect(await newest()).toMatchObject({ operation: "createProject", outcome: "forbidden" });
  await http.call({ method: "POST", url: "/v1/projects", payload: { nme: "x" } });
  expect(await newest()).toMatchObject({ projectId: null, outcome: "invalid-request" });
  await http.call({ method: "DELETE", url: `/v1/projects/${"x".repeat(64)}` });
  expect(await newest()).toMatchObject({ operation: "deleteProject", projectId: null });
});

test("a blocked deletion, one that goes on, and many at once are named by their ids", async () => {
  for (const id of ["p1", "p2", "p3"]) await makeProject(http, id);
  await putFile(http, "p1", "a", "x");
  http.objects.failures.refuse = () => ({
    result: "blocked",
    retryable: false,
    code: "object-locked",
    message: "locked",
  });
  await http.call({ method: "DELETE", url: "/v1/projects/p1" });
  const blocked = await newest();
  expect(blocked).toMatchObject({ projectId: "p1", outcome: "deletion-blocked" });
  const deletionId = blocked?.deletionId ?? "";
  http.objects.failures.refuse = null;
  await http.call({ method: "POST", url: `/v1/deletions/${deletionId}/retry` });
  expect(await newest()).toMatchObject({
    operation: "retryDeletion",
    projectId: "p1",
    deletionId,
    outcome: "accepted",
  });
  const ids = ["p2", "p3"];
  await http.call({ method: "POST", url: "/v1/projects:delete", payload: { ids } });
  const both = await entries("?limit=2");
  expect(new Set(both.map(({ projectId }) => projectId))).toEqual(new Set(ids));
  expect(new Set(both.map((one) => one.deletionId)).size).toBe(2);
  expect(new Set(both.map(({ requestId }) => requestId)).size).toBe(1);
});

test("reads, looks and dry runs leave nothing", async () => {
  await makeProject(http, "p1");
  const before = await entries();
  await http.call({ method: "GET", url: "/v1/projects/p1" });
  await http.call({ method: "DELETE", url: "/v1/projects/p1?dryRun=true" });
  await http.call({ method: "POST", url: "/v1/debug/cleanup-project/p1" });
  const payload = { paths: ["a"] };
  await http.call({ method: "POST", url: "/v1/projects/p1/files:check", payload });
  await http.call({ method: "GET", url: "/v1/projects/none" });
  await http.call({ method: "GET", url: "/nowhere" });
  expect(await entries()).toEqual(before);
});

test("who has no valid token is noted too, whatever was asked, up to a rate", async () => {
  await http.call({ as: "wrong", method: "GET", url: "/v1/projects/p1" });
  expect(await entries()).toMatchObject([
    {
      callerKind: "none",
      subject: null,
      operation: "getProject",
      projectId: "p1",
      outcome: "unauthorized",
    },
  ]);
  await withLimit("auditStrangersMax", 3, async () => {
    for (let i = 0; i < 5; i++) await http.call({ as: "", method: "GET", url: "/v1/projects" });
  });
  expect(await entries()).toHaveLength(3);
  const warned = http.log.events().filter(({ msg }) => /too many strangers/.test(String(msg)));
  expect(warned).toHaveLength(3);
  expect(JSON.stringify(await entries()) + http.log.text()).not.toContain("wrong");
});

test("a list goes page by page, within one project where that is asked", async () => {
  for (const id of ["p1", "p2", "p3"]) await makeProject(http, id);
  const first = await http.call({ method: "GET", url: "/v1/audit-log?limit=2" });
  const next = nextOf(first) ?? "";
  const rest = await http.call({ method: "GET", url: `/v1/audit-log?limit=2&cursor=${next}` });
  expect(nextOf(rest)).toBeNull();
  const ids = [first, rest].flatMap((one) =>
    (jsonOf(one)["items"] as AuditEntryJson[]).map(({ projectId }) => projectId),
  );
  expect(ids).toEqual(["p3", "p2", "p1"]);
  expect(await entries("?projectId=p2")).toHaveLength(1);
  const foreign = await http.call({
    method: "GET",
    url: `/v1/audit-log?projectId=p2&cursor=${next}`,
  });
  expectProblem(foreign, 400, "invalid-cursor");
});

test("as lines it comes whole, beyond any page", async () => {
  const record = {
    callerKind: "admin",
    subject: "admin",
    tokenId: null,
    operation: "putFile",
    projectId: "p1",
    deletionId: null,
    outcome: "done",
    requestId: "r",
  } as const;
  const count = LIMITS.pageItemsMax + 5;
  await http.metadata.appendAudit(Array.from({ length: count }, () => record));
  const headers = { accept: "application/x-ndjson" };
  const lines = async (query: string): Promise<number> => {
    const answer = await http.call({ method: "GET", url: `/v1/audit-log${query}`, headers });
    expect(answer.headers["content-type"]).toBe("application/x-ndjson");
    const parsed = answer.body.split("\n").filter((line) => line !== "");
    expect(parsed.map((line) => (JSON.parse(line) as AuditEntryJson).outcome)).toContain("done");
    return parsed.length;
  };
  expect(await lines("")).toBe(count);
  expect(await lines("?limit=7")).toBe(7);
});
