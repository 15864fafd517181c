import { afterEach, expect, test } from "vitest";
import type { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import {
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  makeProject,
  putFile,
  startHttp,
} from "./support.ts";
import type { TestServiceOptions } from "../support/context.ts";

let http: HttpService;
afterEach(() => http.close());

const URL = "/v1/projects/p1";

async function begin(options: TestServiceOptions = {}, files = 3): Promise<void> {
  http = await startHttp(options);
  await makeProject(http, "p1");
  for (let i = 0; i < files; i++) await putFile(http, "p1", `f${i}.txt`, `text ${i}`);
}

function lock(objects: MemoryObjectStore): void {
  objects.failures.refuse = () => ({
    result: "blocked",
    retryable: false,
    code: "object-locked",
    message: "the object is locked",
  });
}

test("DELETE answers 200 with the completed deletion and its receipt, and nothing is left", async () => {
  await begin();
  const deleted = await http.call({ as: "alice", method: "DELETE", url: URL });
  expect(deleted.statusCode).toBe(200);
  expect(jsonOf(deleted)).toMatchObject({
    state: "completed",
    blocked: null,
    residue: [],
    settle: [],
  });
  const left = [...http.objects.snapshot().objects.keys()].filter(
    (key) => !key.startsWith(".expunge/"),
  );
  expect(left).toEqual([]);
  const receipt = await http.call({
    as: "alice",
    method: "GET",
    url: `/v1/receipts/${fieldOf(deleted, "projectUid")}`,
  });
  expect(jsonOf(receipt)).toMatchObject({ receipt: fieldOf(deleted, "receipt"), amendments: [] });
});

test("a repeated DELETE of a deleted project answers 200 with the same receipt, and a GET 410 with its link", async () => {
  await begin();
  const first = await http.call({ method: "DELETE", url: URL });
  const second = await http.call({ method: "DELETE", url: URL });
  expect([second.statusCode, jsonOf(second)]).toEqual([200, jsonOf(first)]);
  const uid = fieldOf(first, "projectUid");
  for (const url of [URL, `${URL}/files`, `${URL}/files/f0.txt`]) {
    const gone = expectProblem(await http.call({ method: "GET", url }), 410, "project-deleted");
    expect(gone["receipt"]).toBe(`/v1/receipts/${uid}`);
  }
  expectProblem(
    await http.call({ method: "DELETE", url: `${URL}?dryRun=true` }),
    410,
    "project-deleted",
  );
});

test("a dry run answers the plan and changes nothing", async () => {
  await begin();
  const plan = await http.call({ method: "DELETE", url: `${URL}?dryRun=true` });
  expect(jsonOf(plan)).toMatchObject({ projectId: "p1", dryRun: true, objects: 3, bytes: 18 });
  expect(jsonOf(await http.call({ method: "GET", url: URL }))["state"]).toBe("active");
});

test("maxObjects refuses a larger project and changes nothing", async () => {
  await begin();
  expectProblem(
    await http.call({ method: "DELETE", url: `${URL}?maxObjects=2` }),
    409,
    "too-many-objects",
  );
  expect(jsonOf(await http.call({ method: "GET", url: URL }))["state"]).toBe("active");
  const deleted = await http.call({ method: "DELETE", url: `${URL}?maxObjects=3` });
  expect(deleted.statusCode).toBe(200);
});

test.each([
  "maxObjects=-1",
  "maxObjects=1.5",
  "grace=3",
  "grace=soon",
  "dryRun=yes",
  "dryrun=true",
])("DELETE of a project refuses the query '%s'", async (query) => {
  await begin({}, 0);
  const refused = await http.call({ method: "DELETE", url: `${URL}?${query}` });
  expectProblem(refused, 400, "invalid-request");
});

test("with a grace DELETE answers 202 at once, files stay readable, and restore undoes it", async () => {
  await begin();
  const deleted = await http.call({ method: "DELETE", url: `${URL}?grace=72h` });
  expect(deleted.statusCode).toBe(202);
  expect(jsonOf(deleted)).toMatchObject({ state: "trashed", receipt: null });
  expect(deleted.headers["location"]).toBe(`/v1/deletions/${fieldOf(deleted, "id")}`);
  expect(Number(deleted.headers["retry-after"])).toBeGreaterThan(72 * 3600 - 60);
  expect((await http.call({ method: "GET", url: `${URL}/files/f0.txt` })).body).toBe("text 0");
  const put = await http.call({ method: "PUT", url: `${URL}/files/new`, payload: "x" });
  expectProblem(put, 409, "project-not-active");
  const restored = await http.call({ as: "alice", method: "POST", url: `${URL}/restore` });
  expect(jsonOf(restored)).toMatchObject({ id: "p1", state: "active", fileCount: 3 });
  expectProblem(await http.call({ method: "POST", url: `${URL}/restore` }), 409, "not-restorable");
});

test("a smaller grace brings the purge forward, and then DELETE waits for it", async () => {
  await begin();
  const first = await http.call({ method: "DELETE", url: `${URL}?grace=72h` });
  const second = await http.call({ method: "DELETE", url: `${URL}?grace=0s` });
  expect([second.statusCode, fieldOf(second, "id")]).toEqual([200, fieldOf(first, "id")]);
});

test("respond-async answers 202 without waiting, and says that it was applied", async () => {
  await begin({ work: false });
  const deleted = await http.call({
    method: "DELETE",
    url: URL,
    headers: { prefer: "respond-async" },
  });
  expect(deleted.statusCode).toBe(202);
  expect(deleted.headers["preference-applied"]).toBe("respond-async");
  expect(deleted.headers["retry-after"]).toBe("2");
});

test("wait=N answers 202 when the wait is over before the deletion is", async () => {
  await begin({ work: false });
  const startedAt = Date.now();
  const deleted = await http.call({
    method: "DELETE",
    url: URL,
    headers: { prefer: 'respond-async, wait="1"; foo=bar' },
  });
  expect(deleted.statusCode).toBe(202);
  expect(deleted.headers["preference-applied"]).toBe("wait=1");
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990);
});

test("a blocked deletion is answered with 409 and the residue at once, also asynchronously and repeatedly", async () => {
  await begin();
  lock(http.objects);
  const startedAt = Date.now();
  for (const headers of [{}, { prefer: "respond-async" }, { prefer: "wait=60" }] as const) {
    const blocked = await http.call({ as: "alice", method: "DELETE", url: URL, headers });
    if (blocked.statusCode === 202) throw new Error("a blocked deletion is not on its way");
    const problem = expectProblem(blocked, 409, "deletion-blocked");
    expect(problem["residue"]).toHaveLength(3);
    expect(problem["residue"]).toMatchObject([
      { outcome: "blocked", code: "object-locked" },
      {},
      {},
    ]);
    expect(problem["deletion"]).toMatchObject({
      state: "deleting",
      residueTotal: 3,
      receipt: null,
    });
  }
  expect(Date.now() - startedAt).toBeLessThan(8000);
  const read = await http.call({ method: "GET", url: `${URL}/files/f0.txt` });
  expectProblem(read, 409, "project-not-active");
});

test("who may only delete gets the receipt of what it deleted", async () => {
  await begin();
  const deleted = await http.call({ as: "alice-deletes", method: "DELETE", url: URL });
  expect([deleted.statusCode, jsonOf(deleted)["receipt"]]).toEqual([
    200,
    expect.stringContaining("."),
  ]);
});
