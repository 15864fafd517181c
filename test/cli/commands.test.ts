import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { expunge, serve, type Service, temporaryDir } from "./harness.ts";

interface Answered {
  readonly code: number;
  readonly document: Record<string, unknown>;
}

/** A start makes the database the first time; this is for machines that do much else. */
const START_TIMEOUT_MS = 120_000;

let service: Service;

beforeAll(async () => {
  service = await serve(await temporaryDir());
}, START_TIMEOUT_MS);

async function ask(...argv: string[]): Promise<Answered> {
  const { code, stdout, stderr } = await expunge([...argv, "--json"], { env: service.env });
  expect(stderr, "nothing but the document with --json").toBe("");
  return { code, document: JSON.parse(stdout) as Record<string, unknown> };
}

async function put(project: string, path: string, stdin: string): Promise<void> {
  const argv = ["file", "put", project, "-", "--as", path];
  expect((await expunge(argv, { env: service.env, stdin })).code).toBe(0);
}

test("projects are created, shown, listed and told apart by exit codes", async () => {
  expect(await ask("project", "create", "p1", "--name", "One")).toMatchObject({
    code: 0,
    document: { id: "p1", name: "One", state: "active" },
  });
  expect((await ask("project", "create", "p1")).code).toBe(7);
  expect((await ask("project", "create", "not an id")).code).toBe(2);
  expect((await ask("project", "show", "p1")).document).toMatchObject({ id: "p1", fileCount: 0 });
  expect((await ask("project", "show", "p2")).code).toBe(6);
  await ask("project", "create", "p10");
  expect((await ask("project", "list")).document).toMatchObject({
    items: [{ id: "p1" }, { id: "p10" }],
  });
});

test("files are put, listed, moved and deleted from the command line", async () => {
  await ask("project", "create", "b1");
  await put("b1", "a.txt", "one");
  await put("b1", "dir/ü b#.txt", "two");
  const listed = await ask("file", "list", "b1");
  expect(listed.document).toMatchObject({ items: [{ path: "a.txt" }, { path: "dir/ü b#.txt" }] });
  const prefixed = await ask("file", "list", "b1", "--prefix", "dir/");
  expect(prefixed.document["items"]).toHaveLength(1);
  expect((await ask("file", "move", "b1", "a.txt", "c.txt")).document).toMatchObject({
    path: "c.txt",
  });
  expect((await ask("file", "move", "b1", "c.txt", "dir/ü b#.txt")).code).toBe(7);
  expect(await ask("file", "delete", "b1", "c.txt")).toEqual({
    code: 0,
    document: { path: "c.txt", outcome: "deleted" },
  });
  expect((await ask("file", "delete", "b1", "c.txt")).code).toBe(6);
  expect((await ask("file", "put", "b1", "/no/such/file")).code).toBe(2);
});

test("a project is deleted with a receipt that the command line verifies offline", async () => {
  await ask("project", "create", "c1");
  await put("c1", "a.txt", "one");
  const plan = await ask("project", "delete", "c1", "--dry-run");
  expect(plan).toMatchObject({ code: 0, document: { dryRun: true, objects: 1, bytes: 3 } });
  const tooMany = await ask("project", "delete", "c1", "--yes", "--max-objects", "0");
  expect(tooMany).toMatchObject({ code: 7, document: { error: { code: "too-many-objects" } } });
  const deleted = await ask("project", "delete", "c1", "--yes");
  expect(deleted).toMatchObject({ code: 0, document: { state: "completed", blocked: null } });
  expect((await ask("project", "show", "c1")).code).toBe(6);
  const shown = await ask("receipt", "show", "c1");
  expect(shown.document).toMatchObject({ payload: { totals: { deleted: 1, bytes: 3 } } });
  const file = join(await temporaryDir(), "receipt.jws");
  const jws = await expunge(["receipt", "show", "c1", "--jws"], { env: service.env });
  await writeFile(file, jws.stdout);
  expect((await ask("receipt", "verify", file)).document).toMatchObject({ valid: true });
  const again = await ask("project", "delete", "c1", "--yes");
  expect(again.document["receipt"]).toBe(deleted.document["receipt"]);
});

test("a deletion in grace ends with exit code 8 and can be restored or brought forward", async () => {
  await ask("project", "create", "d1");
  const trashed = await ask("project", "delete", "d1", "--yes", "--grace", "72h");
  expect(trashed).toMatchObject({ code: 8, document: { state: "trashed" } });
  const id = String(trashed.document["id"]);
  expect((await ask("deletion", "watch", id, "--wait", "0s")).code).toBe(8);
  expect(await ask("project", "restore", "d1")).toMatchObject({
    code: 0,
    document: { state: "active" },
  });
  expect((await ask("project", "restore", "d1")).code).toBe(7);
  await ask("project", "delete", "d1", "--yes", "--grace", "72h");
  expect((await ask("project", "delete", "d1", "--yes", "--grace", "0s")).code).toBe(0);
  const { document } = await ask("deletion", "list", "--project", "d1");
  expect(document["items"]).toMatchObject([{ state: "completed" }, { state: "restored" }]);
  expect((await ask("deletion", "show", "DELETE-000000000000")).code).toBe(6);
});

test("a deletion that is not waited for ends with exit code 8 and is watched to its end", async () => {
  await ask("project", "create", "e1");
  await put("e1", "a.txt", "one");
  const { code, document } = await ask("project", "delete", "e1", "--yes", "--no-wait");
  expect([0, 8]).toContain(code);
  const watched = await ask("deletion", "watch", String(document["id"]));
  expect(watched).toMatchObject({ code: 0, document: { state: "completed" } });
});

test("a held project is refused with exit code 7 until it is released", async () => {
  await ask("project", "create", "f1");
  const held = await ask("project", "hold", "f1", "--reason", "court order");
  expect(held.document).toMatchObject({ hold: { reason: "court order" } });
  expect(await ask("project", "delete", "f1", "--yes")).toMatchObject({
    code: 7,
    document: { error: { code: "project-held" } },
  });
  expect((await ask("project", "release", "f1")).document).toMatchObject({ hold: null });
  expect((await ask("project", "delete", "f1", "--yes")).code).toBe(0);
});

test("people get tables and sentences on standard output", async () => {
  await ask("project", "create", "g1");
  await put("g1", "a.txt", "one");
  const list = await expunge(["project", "list"], { env: service.env });
  expect(list.stdout).toMatch(/^id +state +owner/);
  const deleted = await expunge(["project", "delete", "g1", "--yes"], { env: service.env });
  expect(deleted.stderr).toBe("");
  expect(deleted.stdout).toContain("deleted and verified: g1 (DELETE-");
  expect(deleted.stdout).toContain("expunge receipt show ");
});

test("a bucket's prefix is swept while the service runs, its sibling untouched", async () => {
  const { document } = await ask("project", "create", "h1");
  await ask("project", "create", "h10");
  await put("h1", "a.txt", "one");
  await put("h10", "a.txt", "two");
  const objects = join(String(service.env["EXPUNGE_DATA_DIR"]), "objects");
  const swept = await ask("sweep", `file:${objects}/projects/${String(document["uid"])}/`, "--yes");
  expect(swept).toMatchObject({ code: 0, document: { found: 1, deleted: 1, verified: true } });
  const got = await expunge(["file", "get", "h10", "a.txt"], { env: service.env });
  expect(got.stdout).toBe("two");
});

test("several projects are deleted at once, by their ids or by the beginning of their names", async () => {
  for (const id of ["h1", "h2", "many-1", "many-2", "many-3"]) await ask("project", "create", id);
  await put("h1", "a.txt", "one");
  const plan = await ask("project", "delete", "h1", "h2", "--dry-run");
  expect(plan).toMatchObject({ code: 0, document: { dryRun: true, plans: [{ objects: 1 }, {}] } });
  const some = await ask("project", "delete", "h1", "h2", "none", "--yes");
  expect(some).toMatchObject({
    code: 7,
    document: {
      deletions: [{ state: "completed" }, { state: "completed" }],
      refused: [{ id: "none", code: "project-not-found" }],
    },
  });
  expect((await ask("project", "delete", "--name-prefix", "many-")).code).toBe(7);
  await ask("project", "hold", "many-2", "--reason", "court order");
  const named = await expunge(["project", "delete", "--name-prefix", "many-", "--yes"], {
    env: service.env,
  });
  expect(named.code).toBe(7);
  expect(named.stdout).toContain("refused: many-2 (project-held)");
  expect(named.stdout).toContain("2 of 3 projects deleted and verified");
  expect((await ask("project", "show", "many-1")).code).toBe(6);
  expect((await ask("project", "show", "many-2")).code).toBe(0);
  for (const argv of [[], ["--name-prefix", ""], ["h1", "--name-prefix", "h"]]) {
    expect((await ask("project", "delete", ...argv, "--yes")).code).toBe(2);
  }
});

test("the audit log is listed from the command line, for one project or for all", async () => {
  await ask("project", "create", "audited");
  await ask("project", "delete", "audited", "--yes");
  const { code, document } = await ask("audit-log", "list", "--project", "audited");
  expect(code).toBe(0);
  expect(document["items"]).toMatchObject([
    { operation: "deleteProject", outcome: "accepted", callerKind: "admin" },
    { operation: "createProject", outcome: "done", projectId: "audited" },
  ]);
  const shown = await expunge(["audit-log", "list"], { env: service.env });
  expect(shown.stdout).toContain("admin admin");
});
