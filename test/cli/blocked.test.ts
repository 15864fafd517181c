import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeletionJson } from "../../src/http/schema/index.ts";
import { type Ended, expunge } from "./harness.ts";
import { json, StubService } from "./stub-service.ts";

const ID = "DELETE-0123456789ab";
const COUNTS = { found: 2, deleted: 1, absent: 0, failed: 0, blocked: 1, unknown: 0, bytes: 9 };
const RUNNING: DeletionJson = {
  id: ID,
  projectId: "p1",
  projectUid: "01jd7x8k9m2n3p4q5r6s7t8v9w",
  state: "deleting",
  blocked: null,
  requestedAt: "2026-11-24T00:00:00.000Z",
  requestedBy: "admin",
  purgeAfter: "2026-11-24T00:00:00.000Z",
  completedAt: null,
  attempts: 1,
  surfaces: [{ surface: "canonical", ...COUNTS }],
  residueTotal: 0,
  residue: [],
  receipt: null,
  settle: [],
  amendments: [],
};
const RESIDUE = {
  key: "projects/x/locked",
  surface: "canonical",
  outcome: "blocked",
  code: "read-only",
  message: "it cannot be changed",
} as const;

let service: StubService;

beforeEach(async () => {
  service = await StubService.open();
});

afterEach(() => service.close());

function blocked(nextRetryAt: string): DeletionJson {
  const since = "2026-11-24T00:00:01.000Z";
  return {
    ...RUNNING,
    blocked: { reason: "1 key cannot be removed", code: "read-only", since, nextRetryAt },
    residueTotal: 1,
    residue: [RESIDUE],
  };
}

const BLOCKED = blocked("2026-11-24T00:00:31.000Z");

async function deletion(...argv: string[]): Promise<Ended> {
  return await expunge(argv, { env: { EXPUNGE_URL: service.url, EXPUNGE_TOKEN: "t" } });
}

/** Answers the looks at the deletion one after the other, the last one for ever. */
function answerInTurn(first: DeletionJson, ...looks: readonly DeletionJson[]): void {
  let turn = 0;
  service.answer = (request, response) => {
    if (request.method === "GET") json(response, 200, looks[turn++] ?? looks.at(-1) ?? first);
    else json(response, 202, first);
  };
}

test("a deletion that gets blocked ends with exit code 3 and lists the residue", async () => {
  answerInTurn(RUNNING, RUNNING, BLOCKED);
  const { code, stdout } = await deletion("project", "delete", "p1", "--yes");
  expect(code).toBe(3);
  expect(stdout).toMatch(/projects\/x\/locked +blocked +read-only +it cannot be changed/);
  expect(stdout).toContain(`expunge deletion retry ${ID}`);
});

test("a blocked deletion with --json is one document with its residue and the error's code", async () => {
  answerInTurn(RUNNING, BLOCKED);
  const { code, stdout } = await deletion("project", "delete", "p1", "--yes", "--json");
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({
    id: ID,
    residue: [RESIDUE],
    error: { code: "deletion-blocked" },
  });
});

test("a deletion that was blocked before it was asked for again ends at once with its residue", async () => {
  service.answer = (_request, response) =>
    json(response, 409, { code: "deletion-blocked", detail: "no", deletion: BLOCKED });
  const { code, stdout } = await deletion("project", "delete", "p1", "--yes", "--json");
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ id: ID, residueTotal: 1 });
});

test("a retry looks past the block it was asked for and ends with the deletion", async () => {
  answerInTurn(BLOCKED, BLOCKED, { ...RUNNING, state: "completed", receipt: "a.b.c" });
  const { code } = await deletion("deletion", "retry", ID);
  expect(code).toBe(0);
});

test("a retry that is blocked again ends with exit code 3", async () => {
  answerInTurn(BLOCKED, BLOCKED, blocked("2026-11-24T00:02:00.000Z"));
  expect((await deletion("deletion", "retry", ID)).code).toBe(3);
});

test("a retry that is not waited for ends with exit code 8", async () => {
  answerInTurn(BLOCKED);
  expect((await deletion("deletion", "retry", ID, "--no-wait")).code).toBe(8);
});
