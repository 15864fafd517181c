import { afterEach, expect, test } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import {
  expectProblem,
  type HttpService,
  jsonOf,
  makeProject,
  putFile,
  startHttp,
} from "./support.ts";

let http: HttpService;
afterEach(() => http.close());

const URL = "/v1/projects:delete";

async function begin(ids: readonly string[]): Promise<void> {
  http = await startHttp();
  for (const id of ids) {
    await makeProject(http, id);
    await putFile(http, id, "a.txt", "text");
  }
}

async function ended(id: string): Promise<unknown> {
  const url = `/v1/projects/${id}`;
  await expect.poll(async () => (await http.call({ method: "GET", url })).statusCode).toBe(410);
  return jsonOf(await http.call({ method: "GET", url }));
}

test("projects are deleted by their ids, each by a deletion of its own", async () => {
  await begin(["p1", "p2", "p3"]);
  const body = { ids: ["p1", "p2", "p1", "none"] };
  const answer = await http.call({ method: "POST", url: URL, payload: body });
  expect(answer.statusCode).toBe(202);
  expect(jsonOf(answer)).toMatchObject({
    deletions: [{ projectId: "p1" }, { projectId: "p2" }],
    refused: [{ id: "none", code: "project-not-found" }],
    more: false,
  });
  await ended("p1");
  await ended("p2");
  expect((await http.call({ method: "GET", url: "/v1/projects/p3" })).statusCode).toBe(200);
});

test("projects are deleted by the beginning of their names, and a held one is refused by its code", async () => {
  await begin(["test-1", "test-2", "other"]);
  await http.call({ method: "PUT", url: "/v1/projects/test-2/hold", payload: { reason: "court" } });
  const answer = await http.call({ method: "POST", url: URL, payload: { namePrefix: "test-" } });
  expect(jsonOf(answer)).toMatchObject({
    deletions: [{ projectId: "test-1" }],
    refused: [{ id: "test-2", code: "project-held" }],
  });
  await ended("test-1");
  for (const id of ["test-2", "other"]) {
    const url = `/v1/projects/${id}`;
    expect(jsonOf(await http.call({ method: "GET", url }))).toMatchObject({ state: "active" });
  }
});

test("a dry run answers the plans and changes nothing", async () => {
  await begin(["p1", "p2"]);
  const body = { ids: ["p1", "none"] };
  const answer = await http.call({ method: "POST", url: `${URL}?dryRun=true`, payload: body });
  expect([answer.statusCode, jsonOf(answer)]).toMatchObject([
    200,
    {
      dryRun: true,
      plans: [{ projectId: "p1", objects: 1 }],
      refused: [{ id: "none", code: "project-not-found" }],
    },
  ]);
  expect(jsonOf(await http.call({ method: "GET", url: "/v1/projects/p1" }))).toMatchObject({
    state: "active",
  });
});

test("a project that is larger than allowed is refused, and the others are not", async () => {
  await begin(["p1", "p2"]);
  await putFile(http, "p1", "b.txt", "text");
  const url = `${URL}?maxObjects=1&grace=1h`;
  const answer = await http.call({ method: "POST", url, payload: { ids: ["p1", "p2"] } });
  expect(jsonOf(answer)).toMatchObject({
    deletions: [{ projectId: "p2", state: "trashed" }],
    refused: [{ id: "p1", code: "too-many-objects" }],
  });
});

test("another owner's projects are neither found by id nor by name", async () => {
  await begin(["p1"]);
  const byId = await http.call({ as: "bob", method: "POST", url: URL, payload: { ids: ["p1"] } });
  expect(jsonOf(byId)).toMatchObject({
    deletions: [],
    refused: [{ id: "p1", code: "project-not-found" }],
  });
  const body = { namePrefix: "p" };
  const byName = await http.call({ as: "bob", method: "POST", url: URL, payload: body });
  expect(jsonOf(byName)).toEqual({ deletions: [], refused: [], more: false });
});

test("nothing, everything and too much are refused", async () => {
  await begin([]);
  const tooMany = Array.from({ length: LIMITS.bulkItemsMax + 1 }, (_, i) => `p${i}`);
  for (const body of [
    {},
    { ids: [] },
    { namePrefix: "" },
    { ids: tooMany },
    { ids: ["a"], namePrefix: "a" },
  ]) {
    expectProblem(
      await http.call({ method: "POST", url: URL, payload: body }),
      400,
      "invalid-request",
    );
  }
});
