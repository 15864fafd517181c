import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { expunge, serve, type Service, temporaryDir } from "./harness.ts";

interface Answered {
  readonly code: number;
  readonly document: Record<string, unknown>;
}

let service: Service;

beforeEach(async () => {
  service = await serve(await temporaryDir());
});

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
  await ask("project", "create", "p1");
  await put("p1", "a.txt", "one");
  await put("p1", "dir/ü b#.txt", "two");
  const listed = await ask("file", "list", "p1");
  expect(listed.document).toMatchObject({ items: [{ path: "a.txt" }, { path: "dir/ü b#.txt" }] });
  const prefixed = await ask("file", "list", "p1", "--prefix", "dir/");
  expect(prefixed.document["items"]).toHaveLength(1);
  expect((await ask("file", "move", "p1", "a.txt", "c.txt")).document).toMatchObject({
    path: "c.txt",
  });
  expect((await ask("file", "move", "p1", "c.txt", "dir/ü b#.txt")).code).toBe(7);
  expect(await ask("file", "delete", "p1", "c.txt")).toEqual({
    code: 0,
    document: { path: "c.txt", outcome: "deleted" },
  });
  expect((await ask("file", "delete", "p1", "c.txt")).code).toBe(6);
  expect((await ask("file", "put", "p1", "/no/such/file")).code).toBe(2);
});

test("a project is deleted with a receipt that the command line verifies offline", async () => {
  await ask("project", "create", "p1");
  await put("p1", "a.txt", "one");
  const plan = await ask("project", "delete", "p1", "--dry-run");
  expect(plan).toMatchObject({ code: 0, document: { dryRun: true, objects: 1, bytes: 3 } });
  const tooMany = await ask("project", "delete", "p1", "--yes", "--max-objects", "0");
  expect(tooMany).toMatchObject({ code: 7, document: { error: { code: "too-many-objects" } } });
  const deleted = await ask("project", "delete", "p1", "--yes");
  expect(deleted).toMatchObject({ code: 0, document: { state: "completed", blocked: null } });
  expect((await ask("project", "show", "p1")).code).toBe(6);
  const shown = await ask("receipt", "show", "p1");
  expect(shown.document).toMatchObject({ payload: { totals: { deleted: 1, bytes: 3 } } });
  const file = join(await temporaryDir(), "receipt.jws");
  const jws = await expunge(["receipt", "show", "p1", "--jws"], { env: service.env });
  await writeFile(file, jws.stdout);
  expect((await ask("receipt", "verify", file)).document).toMatchObject({ valid: true });
  const again = await ask("project", "delete", "p1", "--yes");
  expect(again.document["receipt"]).toBe(deleted.document["receipt"]);
});

test("a deletion in grace ends with exit code 8 and can be restored or brought forward", async () => {
  await ask("project", "create", "p1");
  const trashed = await ask("project", "delete", "p1", "--yes", "--grace", "72h");
  expect(trashed).toMatchObject({ code: 8, document: { state: "trashed" } });
  const id = String(trashed.document["id"]);
  expect((await ask("deletion", "watch", id, "--wait", "0s")).code).toBe(8);
  expect(await ask("project", "restore", "p1")).toMatchObject({
    code: 0,
    document: { state: "active" },
  });
  expect((await ask("project", "restore", "p1")).code).toBe(7);
  await ask("project", "delete", "p1", "--yes", "--grace", "72h");
  expect((await ask("project", "delete", "p1", "--yes", "--grace", "0s")).code).toBe(0);
  const { document } = await ask("deletion", "list", "--project", "p1");
  expect(document["items"]).toMatchObject([{ state: "completed" }, { state: "restored" }]);
  expect((await ask("deletion", "show", "DELETE-000000000000")).code).toBe(6);
});

test("a deletion that is not waited for ends with exit code 8 and is watched to its end", async () => {
  await ask("project", "create", "p1");
  await put("p1", "a.txt", "one");
  const { code, document } = await ask("project", "delete", "p1", "--yes", "--no-wait");
  expect([0, 8]).toContain(code);
  const watched = await ask("deletion", "watch", String(document["id"]));
  expect(watched).toMatchObject({ code: 0, document: { state: "completed" } });
});

test("a held project is refused with exit code 7 until it is released", async () => {
  await ask("project", "create", "p1");
  const held = await ask("project", "hold", "p1", "--reason", "court order");
  expect(held.document).toMatchObject({ hold: { reason: "court order" } });
  expect(await ask("project", "delete", "p1", "--yes")).toMatchObject({
    code: 7,
    document: { error: { code: "project-held" } },
  });
  expect((await ask("project", "release", "p1")).document).toMatchObject({ hold: null });
  expect((await ask("project", "delete", "p1", "--yes")).code).toBe(0);
});

test("people get tables and sentences on standard output", async () => {
  await ask("project", "create", "p1");
  await put("p1", "a.txt", "one");
  const list = await expunge(["project", "list"], { env: service.env });
  expect(list.stdout).toMatch(/^id +state +owner/);
  const deleted = await expunge(["project", "delete", "p1", "--yes"], { env: service.env });
  expect(deleted.stderr).toBe("");
  expect(deleted.stdout).toContain("deleted and verified: p1 (DELETE-");
  expect(deleted.stdout).toContain("expunge receipt show ");
});

test("a bucket's prefix is swept while the service runs, its sibling untouched", async () => {
  await ask("project", "create", "p1");
  const { document } = await ask("project", "create", "p10");
  await put("p1", "a.txt", "one");
  await put("p10", "a.txt", "two");
  const objects = join(String(service.env["EXPUNGE_DATA_DIR"]), "objects");
  const [first = ""] = (await readdir(join(objects, "projects"))).filter(
    (uid) => uid !== document["uid"],
  );
  const swept = await ask("sweep", `file:${objects}/projects/${first}/`, "--yes");
  expect(swept).toMatchObject({ code: 0, document: { found: 1, deleted: 1, verified: true } });
  const got = await expunge(["file", "get", "p10", "a.txt"], { env: service.env });
  expect(got.stdout).toBe("two");
});
