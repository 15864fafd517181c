import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeletionJson } from "../../src/http/schema/index.ts";
import { expunge, temporaryDir } from "./harness.ts";
import { json, StubService } from "./stub-service.ts";

const RUNNING: DeletionJson = {
  id: "DELETE-000000000001",
  projectId: "p1",
  projectUid: "0".repeat(26),
  state: "deleting",
  blocked: null,
  requestedAt: "2026-01-01T00:00:00.000Z",
  requestedBy: "admin",
  purgeAfter: "2026-01-01T00:00:00.000Z",
  completedAt: null,
  attempts: 1,
  surfaces: [],
  residueTotal: 0,
  residue: [],
  receipt: null,
  settle: [],
  amendments: [],
};
const COMPLETED: DeletionJson = { ...RUNNING, state: "completed", completedAt: RUNNING.purgeAfter };

let service: StubService;
let asked: string[];
beforeEach(async () => {
  service = await StubService.open();
  asked = [];
});
afterEach(() => service.close());

/** Answers looks by these in turn, the last one again, and the request for events as it is told. */
function answering(
  looks: readonly DeletionJson[],
  events: (response: ServerResponse) => void,
): void {
  let look = 0;
  service.answer = (request, response) => {
    const isEvents = request.url?.endsWith("/events") === true;
    asked.push(isEvents ? "events" : "look");
    if (isEvents) return events(response);
    json(response, 200, looks[Math.min(look++, looks.length - 1)] ?? {});
  };
}

async function watch(...argv: string[]) {
  const cwd = await temporaryDir();
  const env = { EXPUNGE_URL: service.url, EXPUNGE_TOKEN: "t" };
  return await expunge(["deletion", "watch", RUNNING.id, ...argv, "--json"], { cwd, env });
}

test("watch follows a deletion by its events, and looks once", async () => {
  answering([RUNNING], (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const [id, data] of [RUNNING, COMPLETED].entries()) {
      response.write(`event: state\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  });
  const ended = await watch();
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({ state: "completed" });
  expect(asked).toEqual(["look", "events"]);
});

test.each([
  ["another answer", { status: 200, type: "text/html" }],
  ["a refusal", { status: 404, type: "text/html" }],
])(
  "watch goes on by looking where %s comes in the place of events",
  async (_, { status, type }) => {
    answering([RUNNING, RUNNING, COMPLETED], (response) => {
      response.writeHead(status, { "content-type": type });
      response.end("<html>");
    });
    const ended = await watch();
    expect(ended.code).toBe(0);
    expect(asked).toEqual(["look", "events", "look", "look"]);
  },
);

test("watch ends when its time is over, whatever events say", async () => {
  answering([RUNNING], (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: state\nid: 1\ndata: ${JSON.stringify(RUNNING)}\n\n`);
  });
  const ended = await watch("--wait", "1s");
  expect(ended.code).toBe(8);
  expect(JSON.parse(ended.stdout)).toMatchObject({ state: "deleting" });
});
