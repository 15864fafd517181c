import { afterEach, beforeEach, expect, test } from "vitest";
import {
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  makeProject,
  startHttp,
} from "./support.ts";

let http: HttpService;
beforeEach(async () => {
  http = await startHttp();
});
afterEach(() => http.close());

const PROJECTS = { as: "alice", method: "POST", url: "/v1/projects" } as const;
const keyed = (key: string) => ({ headers: { "idempotency-key": key } });
const opening = (sizeBytes: number) =>
  ({
    as: "alice",
    method: "POST",
    url: "/v1/projects/p1/uploads",
    payload: { path: "a", sizeBytes },
    ...keyed("k"),
  }) as const;

test("a repeated creation of a project makes nothing new and answers the same project", async () => {
  const ask = { ...PROJECTS, payload: { name: "film" } };
  const first = await http.call({ ...ask, ...keyed('"k-1"') });
  expect(first.statusCode).toBe(201);
  expect(first.headers["idempotent-replayed"]).toBeUndefined();
  // Quoted or bare, it is the same key.
  const again = await http.call({ ...ask, ...keyed("k-1") });
  expect([again.statusCode, again.headers["idempotent-replayed"]]).toEqual([201, "true"]);
  expect([jsonOf(again), again.headers["location"]]).toEqual([
    jsonOf(first),
    first.headers["location"],
  ]);
  const other = await http.call({ ...ask, ...keyed("k-2") });
  expect(fieldOf(other, "uid")).not.toBe(fieldOf(first, "uid"));
  const listed = jsonOf(await http.call({ as: "alice", method: "GET", url: "/v1/projects" }));
  expect(listed["items"]).toHaveLength(2);
});

test("requests at the same time with one key make one project", async () => {
  const answers = await Promise.all(
    [1, 2, 3].map(() => http.call({ ...PROJECTS, payload: {}, ...keyed("k") })),
  );
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201]);
  expect(new Set(answers.map((answer) => fieldOf(answer, "uid"))).size).toBe(1);
});

test("a request that looked before another one was through gets what that one made", async () => {
  const { metadata } = http;
  const look = metadata.findIdempotent.bind(metadata);
  let looks = 0;
  metadata.findIdempotent = async (...args) => (++looks <= 2 ? null : await look(...args));
  const first = await http.call({ ...PROJECTS, payload: {}, ...keyed("k") });
  const second = await http.call({ ...PROJECTS, payload: {}, ...keyed("k") });
  expect(looks).toBe(3);
  expect(second.headers["idempotent-replayed"]).toBe("true");
  expect(jsonOf(second)).toEqual(jsonOf(first));
});

test("where even then nothing is found the request is refused, and made no second project", async () => {
  const { metadata } = http;
  metadata.findIdempotent = async () => null;
  await http.call({ ...PROJECTS, payload: {}, ...keyed("k") });
  const second = await http.call({ ...PROJECTS, payload: {}, ...keyed("k") });
  expectProblem(second, 422, "idempotency-key-reused");
  expect(metadata.view().rows.projects.size).toBe(1);
});

test("a key that another request of the same caller used is refused with 422", async () => {
  await http.call({ ...PROJECTS, payload: { name: "a" }, ...keyed("k") });
  const other = await http.call({ ...PROJECTS, payload: { name: "b" }, ...keyed("k") });
  expectProblem(other, 422, "idempotency-key-reused");
});

test("the same key of another caller is another key (I10)", async () => {
  const first = await http.call({ ...PROJECTS, payload: {}, ...keyed("k") });
  const second = await http.call({ ...PROJECTS, as: "bob", payload: {}, ...keyed("k") });
  expect(second.headers["idempotent-replayed"]).toBeUndefined();
  expect(fieldOf(second, "uid")).not.toBe(fieldOf(first, "uid"));
  expect(fieldOf(second, "owner")).toBe("bob");
});

test.each(["", '""', "two words", '"open', "é", "k".repeat(256), "a, b"])(
  "the key %j is refused with a problem that says what a key is",
  async (key) => {
    const answer = await http.call({ ...PROJECTS, payload: {}, ...keyed(key) });
    const problem = expectProblem(answer, 400, "invalid-request");
    expect(problem["detail"]).toMatch(/Idempotency-Key/);
  },
);

test("a repeated opening of an upload answers the same upload, and says when it has ended", async () => {
  await makeProject(http, "p1");
  const open = opening(5);
  const first = await http.call(open);
  const again = await http.call(open);
  expect([again.statusCode, again.headers["idempotent-replayed"]]).toEqual([201, "true"]);
  expect(jsonOf(again)).toEqual(jsonOf(first));
  const elsewhere = await http.call({ ...open, payload: { path: "b", sizeBytes: 5 } });
  expectProblem(elsewhere, 422, "idempotency-key-reused");
  const url = `/v1/projects/p1/uploads/${fieldOf(first, "uploadId")}`;
  expect((await http.call({ as: "alice", method: "DELETE", url })).statusCode).toBe(204);
  expectProblem(await http.call(open), 409, "upload-not-open");
});

test("an upload that the store has ended is not answered again as if it were open", async () => {
  await makeProject(http, "p1");
  const open = opening(5);
  await http.call(open);
  const { entries } = await http.objects.listUploads("");
  for (const { key, uploadId } of entries) await http.objects.abortUpload(key, uploadId);
  expectProblem(await http.call(open), 409, "upload-not-open");
});

test("an empty file's upload is repeated too, without an object", async () => {
  await makeProject(http, "p1");
  const open = opening(0);
  const first = await http.call(open);
  expect(jsonOf(await http.call(open))).toEqual(jsonOf(first));
});

test("the key of a deleted project makes another one, since nothing of the first is kept (R7)", async () => {
  const first = await http.call({ ...PROJECTS, payload: {}, ...keyed("k") });
  const url = `/v1/projects/${fieldOf(first, "id")}`;
  expect((await http.call({ as: "alice", method: "DELETE", url })).statusCode).toBe(200);
  const again = await http.call({ ...PROJECTS, payload: {}, ...keyed("k") });
  expect(again.statusCode).toBe(201);
  expect(fieldOf(again, "uid")).not.toBe(fieldOf(first, "uid"));
});

test("nothing but hashes of a key and of its request is kept", async () => {
  await http.call({ ...PROJECTS, payload: { name: "film" }, ...keyed("order-4711") });
  const { idempotent } = http.metadata.view().rows;
  expect(idempotent.size).toBe(1);
  expect(JSON.stringify([...idempotent])).not.toContain("4711");
});
