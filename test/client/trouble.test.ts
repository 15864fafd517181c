import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient, type ExpungeClient } from "../../src/client/index.ts";
import { json, StubService } from "../cli/stub-service.ts";
import { failureOf } from "./support.ts";

let stub: StubService;
let client: ExpungeClient;
let asked: string[];

beforeEach(async () => {
  stub = await StubService.open();
  client = createClient({ url: stub.url, token: "secret" });
  asked = [];
});
afterEach(() => stub.close());

const PROBLEM = { type: "about:blank", title: "no", detail: "So it is.", remedy: "Wait." };

/** Answers the first `times` requests so, and the later ones with an empty object. */
function failing(times: number, status: number, headers: Record<string, string> = {}): void {
  stub.answer = (request, response) => {
    asked.push(request.method ?? "");
    request.resume();
    if (asked.length > times) return json(response, 200, {});
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    return json(response, status, { ...PROBLEM, status, code: "not-ready" });
  };
}

const BUSY = { "retry-after": "0" };

test("a call that may be repeated is, until the service can answer it", async () => {
  failing(2, 503, BUSY);
  await client.projects.get("p1");
  await client.projects.delete("p1", { waitMs: 0 });
  await client.files.put("p1", "f", "body");
  expect(asked).toEqual(["GET", "GET", "GET", "DELETE", "PUT"]);
});

test.each([
  ["moving a file", (one: ExpungeClient) => one.files.move("p", "a", "b")],
  ["making a token", (one: ExpungeClient) => one.tokens.create({ name: "t", rights: [] })],
  ["a conditional PUT", (one: ExpungeClient) => one.files.put("p", "a", "b", { ifAbsent: true })],
  ["deleting a file", (one: ExpungeClient) => one.files.delete("p", "a")],
  [
    "a body that is a stream",
    (one: ExpungeClient) => one.files.put("p", "a", new Blob(["b"]).stream() as ReadableStream),
  ],
])("what a second time could mean otherwise is sent once: %s", async (_, call) => {
  failing(1, 503, BUSY);
  expect(await failureOf(call(client))).toEqual({ code: "not-ready", status: 503 });
  expect(asked).toHaveLength(1);
});

test.each([
  ["a project", (one: ExpungeClient) => one.projects.create()],
  ["an upload", (one: ExpungeClient) => one.uploads.open("p", { path: "a", sizeBytes: 1 })],
])(
  "a creation of %s is repeated under one Idempotency-Key, and another one has its own",
  async (_, call) => {
    const keys: unknown[] = [];
    stub.answer = (request, response) => {
      keys.push(request.headers["idempotency-key"]);
      request.resume();
      if (keys.length % 3 === 0) return json(response, 201, {});
      response.setHeader("retry-after", "0");
      return json(response, 503, { ...PROBLEM, status: 503, code: "not-ready" });
    };
    await call(client);
    await call(client);
    expect(keys).toHaveLength(6);
    expect(keys.slice(0, 3)).toEqual(Array(3).fill(expect.stringMatching(/^[0-9a-f]{32}$/)));
    expect(new Set(keys).size).toBe(2);
  },
);

test("attempts are bounded, and a failure that is final is not repeated", async () => {
  failing(99, 503, BUSY);
  expect(await failureOf(client.projects.get("p1"))).toMatchObject({ code: "not-ready" });
  expect(asked).toHaveLength(5);
  const once = createClient({ url: stub.url, token: "t", attemptsMax: 1 });
  expect(await failureOf(once.projects.get("p1"))).toMatchObject({ code: "not-ready" });
  failing(99, 503);
  expect(await failureOf(client.projects.get("p1"))).toMatchObject({ code: "not-ready" });
  failing(99, 423, BUSY);
  expect(await failureOf(client.projects.get("p1"))).toMatchObject({ status: 423 });
  expect(asked).toHaveLength(8);
});

test("a pause that the service asks for is kept, and one that is too long is left to the caller", async () => {
  failing(1, 429, { "retry-after": "1" });
  const before = performance.now();
  await client.projects.get("p1");
  expect(performance.now() - before).toBeGreaterThan(990);
  asked = [];
  failing(1, 429, { "retry-after": "3600" });
  await expect(client.projects.get("p1")).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
  expect(asked).toHaveLength(1);
});

test("a connection that breaks off in an answer counts as none, and the call is repeated", async () => {
  stub.answer = (request, response) => {
    asked.push(request.method ?? "");
    if (asked.length > 1) return json(response, 200, { id: "p1" });
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
    response.write('{"id":');
    return setImmediate(() => request.socket.destroy());
  };
  expect(await client.projects.get("p1")).toEqual({ id: "p1" });
  expect(asked).toHaveLength(2);
});

test("a signal ends a call also while it pauses between attempts", async () => {
  failing(99, 503, { "retry-after": "20" });
  const stop = new AbortController();
  const call = client.projects.get("p1", { signal: stop.signal });
  stub.answer = ((answer) => (request, response) => {
    answer(request, response);
    response.once("finish", () => setImmediate(() => stop.abort(new Error("enough"))));
  })(stub.answer);
  await expect(call).rejects.toThrow("enough");
});

test("where nothing answers, or something else does, the error says so", async () => {
  stub.answer = (_request, response) => response.end("<html>");
  expect(await failureOf(client.projects.get("p1"))).toEqual({ code: "internal", status: 200 });
  stub.close();
  expect(await failureOf(client.projects.get("p1"))).toEqual({
    code: "service-unreachable",
    status: 0,
  });
});

test("the token and the headers of a client go to the service and to no other address", async () => {
  const seen: (string | undefined)[][] = [];
  const other = stub.url.replace("127.0.0.1", "localhost");
  stub.answer = (request, response) => {
    const { authorization, "x-app": app } = request.headers;
    seen.push([authorization, String(app)]);
    request.resume();
    if (request.method === "PUT") return response.end();
    return json(response, 200, { url: `${other}/elsewhere`, headers: {}, expiresAt: "" });
  };
  const own = createClient({ url: stub.url, token: "secret", headers: { "x-app": "mine" } });
  await own.uploads.sendPart("p1", "u1", 1, "bytes");
  expect(seen).toEqual([
    ["Bearer secret", "mine"],
    [undefined, "undefined"],
  ]);
});

test("no redirect is followed: the token would go along", async () => {
  stub.answer = (_request, response) => {
    response.writeHead(307, { location: "/elsewhere" }).end();
  };
  const once = createClient({ url: stub.url, token: "secret", attemptsMax: 1 });
  expect(await failureOf(once.projects.get("p1"))).toMatchObject({ code: "service-unreachable" });
});

function event(id: number, state: string): string {
  const data = JSON.stringify({ id: "DELETE-1", state, blocked: null });
  return `event: ${state === "completed" ? "completed" : "progress"}\nid: ${id}\ndata: ${data}\n\n`;
}

test("events go on behind the last one when a connection breaks off or ends", async () => {
  const lasts: (string | undefined)[] = [];
  stub.answer = (request, response) => {
    const last = request.headers["last-event-id"];
    lasts.push(typeof last === "string" ? last : undefined);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event(lasts.length, lasts.length < 3 ? "deleting" : "completed"));
    if (lasts.length === 1) setImmediate(() => request.socket.destroy());
    else response.end(": still here\n\n");
  };
  const ids: string[] = [];
  for await (const { id } of client.deletions.follow("DELETE-1")) ids.push(id);
  expect([ids, lasts]).toEqual([
    ["1", "2", "3"],
    [undefined, "1", "2"],
  ]);
});

test("events that only ever break off end in an error, and what the consumer throws comes through", async () => {
  stub.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(": nothing\n\n");
  };
  const follow = async (): Promise<void> => {
    for await (const _ of client.deletions.follow("DELETE-1")) throw new Error("of the consumer");
  };
  expect(await failureOf(follow())).toMatchObject({ code: "service-unreachable" });
  stub.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(event(1, "deleting"));
  };
  await expect(follow()).rejects.toThrow("of the consumer");
});
