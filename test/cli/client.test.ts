import { afterEach, beforeEach, expect, test } from "vitest";
import { expunge, temporaryDir } from "./harness.ts";
import { type Answer, json, StubService } from "./stub-service.ts";

let service: StubService;

beforeEach(async () => {
  service = await StubService.open();
});

afterEach(() => service.close());

function problem(status: number, body: object): Answer {
  return (_request, response) =>
    json(response, status, { type: "about:blank", title: "no", status, ...body });
}

async function show(...argv: string[]): Promise<{ code: number; stdout: string }> {
  const cwd = await temporaryDir();
  const env = { EXPUNGE_URL: service.url, EXPUNGE_TOKEN: "t" };
  return await expunge(["project", "show", "p1", ...argv, "--json"], { cwd, env });
}

test.each([
  [401, "unauthorized", 5],
  [404, "project-not-found", 6],
  [423, "project-held", 7],
  [503, "not-ready", 10],
])(
  "a problem %i of the service with the code %s ends with exit code %i",
  async (status, code, exit) => {
    service.answer = problem(status, { code, detail: "So it is.", extra: 7 });
    const ended = await show();
    expect(ended.code).toBe(exit);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: { code, message: "So it is.", extra: 7 },
    });
  },
);

test("a problem with a code that only the service knows keeps its words", async () => {
  service.answer = problem(405, { code: "method-not-allowed", detail: "Not here." });
  const ended = await show();
  expect(ended.code).toBe(2);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    error: { message: "Not here.", serviceCode: "method-not-allowed" },
  });
});

test("an answer that is none of expunge's is an unexpected error", async () => {
  service.answer = (_request, response) => response.end("<html>");
  expect((await show()).code).toBe(1);
});

test("a proxy that finds no service behind it counts as an unreachable service", async () => {
  service.answer = (_request, response) => {
    response.statusCode = 502;
    response.end("<html>");
  };
  expect((await show()).code).toBe(10);
});

test("a service that does not answer ends a command with exit code 10", async () => {
  service.close();
  const { code, stdout } = await show();
  expect(code).toBe(10);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: "service-unreachable", url: service.url },
  });
});

test("deleting a project without --yes is refused in a pipe before anything is asked of the service", async () => {
  let asked = 0;
  service.answer = (_request, response) => {
    asked++;
    response.end("{}");
  };
  const env = { EXPUNGE_URL: service.url, EXPUNGE_TOKEN: "t" };
  const ended = await expunge(["project", "delete", "p1", "--json"], { env });
  expect(ended.code).toBe(7);
  expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: "confirmation-needed" } });
  expect(asked).toBe(0);
});

test("a command that waits for the service ends with 130 as soon as it is interrupted", async () => {
  const stop = new AbortController();
  service.answer = () => stop.abort("SIGINT");
  const env = { EXPUNGE_URL: service.url, EXPUNGE_TOKEN: "t" };
  const ended = await expunge(["project", "list"], { env, interrupt: stop.signal });
  expect(ended).toEqual({ code: 130, stdout: "", stderr: "" });
});
