import { beforeAll, expect, test } from "vitest";
import { type Ended, expunge, serve, type Service, temporaryDir } from "./harness.ts";

/** A start makes the database the first time; this is for machines that do much else. */
const START_TIMEOUT_MS = 120_000;

let service: Service;

beforeAll(async () => {
  service = await serve(await temporaryDir());
}, START_TIMEOUT_MS);

function run(...argv: string[]): Promise<Ended> {
  return expunge(argv, { env: service.env });
}

test("a token made on the command line works there until it is revoked", async () => {
  await run("project", "create", "p1", "--owner", "alice");
  const rights = ["--right", "projects:read", "--right", "projects:write"];
  const made = await run("token", "create", "reader", "--owner", "alice", ...rights, "--ttl", "9d");
  expect(made.code).toBe(0);
  expect(made.stdout).toMatch(/^xp_token_\w{26}_[\w-]{43}\n$/);
  expect(made.stderr).toContain("not shown again");
  const token = made.stdout.trim();
  const shown = await run("project", "show", "p1", "--token", token, "--json");
  expect(JSON.parse(shown.stdout)).toMatchObject({ id: "p1", owner: "alice" });
  const refused = await run("project", "delete", "p1", "--yes", "--token", token);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("projects:delete");
  const list = await run("token", "list");
  expect(list.stdout).toMatch(/^id +name +owner +rights/);
  expect(list.stdout).not.toContain(token.slice(-43));
  const [, id = ""] = /xp_token_(\w{26})_/.exec(token) ?? [];
  const revoked = await run("token", "revoke", id, "--json");
  expect(JSON.parse(revoked.stdout)).toEqual({ id, revoked: true });
  const after = await run("project", "show", "p1", "--token", token);
  expect(after.code).toBe(5);
  expect(after.stderr).toContain("code: token-revoked");
});

test("with --json a new token is one document and nothing else", async () => {
  const made = await run("token", "create", "a", "--right", "admin", "--json");
  expect(made.stderr).toBe("");
  expect(JSON.parse(made.stdout)).toMatchObject({ name: "a", owner: "admin", rights: ["admin"] });
});

test("a right that does not exist is wrong usage, and so is none", async () => {
  expect((await run("token", "create", "a", "--right", "all")).code).toBe(2);
  expect((await run("token", "create", "a")).code).toBe(2);
  expect((await run("token", "revoke", "none")).code).toBe(6);
});
