import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import {
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  listen,
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

const URL = "/v1/projects/p1";

async function requestDeletion(query = ""): Promise<string> {
  const deleted = await http.call({
    method: "DELETE",
    url: URL + query,
    headers: { prefer: "respond-async" },
  });
  const { deletion } = jsonOf(deleted);
  return deletion === undefined
    ? fieldOf(deleted, "id")
    : z.object({ id: z.string() }).parse(deletion).id;
}

function lock(): void {
  http.objects.failures.refuse = () => ({
    result: "blocked",
    retryable: false,
    code: "object-locked",
    message: "locked",
  });
}

const eventSchema = z.object({ event: z.string(), id: z.string(), data: z.looseObject({}) });
type Event = z.output<typeof eventSchema>;

/** Reads server-sent events until enough have come or the server ends the stream. */
async function readEvents(
  origin: string,
  id: string,
  options: { lastEventId?: string; enough?: (events: readonly Event[]) => boolean } = {},
): Promise<{ status: number; events: readonly Event[] }> {
  const stop = new AbortController();
  const response = await fetch(`${origin}/v1/deletions/${id}/events`, {
    signal: stop.signal,
    headers: {
      authorization: "Bearer admin",
      ...(options.lastEventId === undefined ? {} : { "last-event-id": options.lastEventId }),
    },
  });
  const events: Event[] = [];
  if (response.status !== 200 || !response.body) return { status: response.status, events };
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks.filter((one) => !one.startsWith(":"))) {
      const fields = block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2));
      const { data, ...rest } = Object.fromEntries(fields) as Record<string, string>;
      events.push(eventSchema.parse({ ...rest, data: JSON.parse(data ?? "") as unknown }));
    }
    if (options.enough?.(events)) break;
  }
  stop.abort();
  return { status: 200, events };
}

test("deletions are listed newest first, by state and project, and read one by one", async () => {
  const first = await requestDeletion("?grace=1h");
  await makeProject(http, "p2", "bob");
  const second = await http.call({ method: "DELETE", url: "/v1/projects/p2" });
  const ids = async (url: string, as = "admin"): Promise<unknown[]> => {
    const { items } = jsonOf(await http.call({ as, method: "GET", url }));
    return z
      .array(z.object({ id: z.string() }))
      .parse(items)
      .map(({ id }) => id);
  };
  expect(await ids("/v1/deletions")).toEqual([fieldOf(second, "id"), first]);
  expect(await ids("/v1/deletions?state=completed")).toEqual([fieldOf(second, "id")]);
  expect(await ids("/v1/deletions?projectId=p1")).toEqual([first]);
  expect(await ids("/v1/deletions", "alice")).toEqual([first]);
  const page = jsonOf(await http.call({ method: "GET", url: "/v1/deletions?limit=1" }));
  expect(await ids(`/v1/deletions?limit=1&cursor=${String(page["nextCursor"])}`)).toEqual([first]);
  const one = await http.call({ method: "GET", url: `/v1/deletions/${first}` });
  expect(jsonOf(one)).toMatchObject({ id: first, projectId: "p1", state: "trashed" });
});

test.each(["DELETE-000000000000", "DELETE-x", "p1", "DELETE-0123456789AB"])(
  "the deletion %s, unknown or malformed, is answered with 404 on every route",
  async (id) => {
    for (const [method, rest] of [
      ["GET", ""],
      ["GET", "/residue"],
      ["GET", "/events"],
      ["POST", "/retry"],
    ] as const) {
      const missing = await http.call({ method, url: `/v1/deletions/${id}${rest}` });
      expectProblem(missing, 404, "deletion-not-found");
    }
  },
);

test("the residue is answered whole, one JSON object per line", async () => {
  for (let i = 0; i < 150; i++) await putFile(http, "p1", `f${i}`, "x");
  lock();
  const blocked = await http.call({ method: "DELETE", url: URL });
  const deletion = z.looseObject({ id: z.string() }).parse(jsonOf(blocked)["deletion"]);
  expect(jsonOf(blocked)["residue"]).toHaveLength(100);
  const residue = await http.call({ method: "GET", url: `/v1/deletions/${deletion.id}/residue` });
  expect(residue.headers["content-type"]).toContain("application/x-ndjson");
  expect(residue.body.endsWith("\n")).toBe(true);
  const lines = residue.body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toHaveLength(151);
  for (const line of lines)
    expect(line).toMatchObject({ outcome: "blocked", code: "object-locked" });
});

test("a blocked deletion is retried with 202 and completes once its cause is gone", async () => {
  lock();
  await http.call({ method: "DELETE", url: URL });
  const id = await requestDeletion();
  http.objects.failures.refuse = null;
  const retried = await http.call({
    as: "alice",
    method: "POST",
    url: `/v1/deletions/${id}/retry`,
  });
  expect([retried.statusCode, retried.headers["location"]]).toEqual([202, `/v1/deletions/${id}`]);
  const stateOf = async (): Promise<unknown> =>
    jsonOf(await http.call({ method: "GET", url: `/v1/deletions/${id}` }))["state"];
  await expect.poll(stateOf).toBe("completed");
  const done = await http.call({ method: "DELETE", url: URL });
  expect([done.statusCode, fieldOf(done, "id")]).toEqual([200, id]);
});

test("events tell how a deletion stands, what blocks it and that it completed, and then end", async () => {
  const { origin } = await listen(http);
  lock();
  await http.call({ method: "DELETE", url: URL });
  const id = await requestDeletion();
  const reading = readEvents(origin, id);
  await new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
  http.objects.failures.refuse = null;
  await http.call({ method: "POST", url: `/v1/deletions/${id}/retry` });
  const { events } = await reading;
  expect(events[0]).toMatchObject({ event: "blocked", data: { id, residueTotal: 1 } });
  expect(events.at(-1)).toMatchObject({ event: "completed", data: { state: "completed" } });
  expect(events.at(-1)?.data["receipt"]).toEqual(expect.stringContaining("."));
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
});

test("events resume after Last-Event-ID without doubles, and end for who has seen the last", async () => {
  const { origin } = await listen(http);
  const id = await requestDeletion("?grace=1h");
  const { events } = await readEvents(origin, id, { enough: ({ length }) => length === 1 });
  const [first] = events;
  expect(first).toMatchObject({ event: "state", data: { state: "trashed" } });
  const resumed = readEvents(origin, id, { lastEventId: first?.id ?? "" });
  await http.call({ method: "DELETE", url: `${URL}?grace=0s` });
  const rest = (await resumed).events;
  expect(rest.map((event) => event.id)).not.toContain(first?.id);
  expect(rest.at(-1)).toMatchObject({ event: "completed" });
  const last = rest.at(-1)?.id ?? "";
  expect((await readEvents(origin, id, { lastEventId: last })).status).toBe(204);
  const unknown = await readEvents(origin, id, { lastEventId: "older" });
  expect(unknown.events.map(({ event }) => event)).toEqual(["completed"]);
});

test("events of an undone deletion end with its state", async () => {
  const { origin } = await listen(http);
  const id = await requestDeletion("?grace=1h");
  const reading = readEvents(origin, id);
  await http.call({ method: "POST", url: `${URL}/restore` });
  const { events } = await reading;
  expect(events.at(-1)).toMatchObject({ event: "state", data: { state: "restored" } });
});

test("receipts are answered read and signed, and their keys are public", async () => {
  const deleted = await http.call({ method: "DELETE", url: URL });
  const uid = fieldOf(deleted, "projectUid");
  const receipt = jsonOf(await http.call({ method: "GET", url: `/v1/receipts/${uid}` }));
  expect(receipt["payload"]).toMatchObject({
    deletion: fieldOf(deleted, "id"),
    project: { id: "p1", uid },
    totals: { deleted: 1, bytes: 1 },
  });
  const keys = await http.call({ as: "", method: "GET", url: "/.well-known/jwks.json" });
  expect(jsonOf(keys)["keys"]).toMatchObject([{ kty: "OKP", crv: "Ed25519" }]);
  expect(keys.body).not.toContain('"d"');
  const none = await http.call({ method: "GET", url: "/v1/receipts/nope" });
  expectProblem(none, 404, "receipt-not-found");
});
