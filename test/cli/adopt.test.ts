import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Ended, expunge, serve, type Service, temporaryDir } from "./harness.ts";

/** A start makes the database the first time; this is for machines that do much else. */
const START_TIMEOUT_MS = 120_000;

let service: Service;
let objects: string;

beforeAll(async () => {
  const dir = await temporaryDir();
  const layouts = [{ name: "audio", template: "audio/{project}/**" }];
  await writeFile(join(dir, "expunge.config.json"), JSON.stringify({ layouts }));
  service = await serve(dir, { cwd: dir });
  objects = join(service.env["EXPUNGE_DATA_DIR"] ?? dir, "objects");
}, START_TIMEOUT_MS);

async function lay(...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await mkdir(dirname(join(objects, key)), { recursive: true });
    await writeFile(join(objects, key), key);
  }
}

async function adopt(...argv: string[]): Promise<Ended> {
  return await expunge(["adopt", "--min-age", "0s", ...argv], { env: service.env });
}

async function expungeJson(...argv: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await expunge([...argv, "--json"], { env: service.env });
  expect(stderr, "nothing but the document with --json").toBe("");
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function call(...argv: readonly string[]): Promise<Ended> {
  return await expunge([...argv], { env: service.env });
}

async function adopted(...keys: readonly string[]): Promise<void> {
  await lay(...keys);
  expect((await adopt("--yes")).code).toBe(0);
}

async function isThere(key: string): Promise<boolean> {
  return (await readdir(join(objects, dirname(key)))).includes(basename(key));
}

const idOf = ({ stdout }: Ended): string => /RELAYOUT-[0-9a-z]{12}/.exec(stdout)?.[0] ?? "";

test("adopt plans first, makes files only when it is told to, and their deletion takes them alone", async () => {
  await lay("audio/p1/a.mp3", "audio/p1/b.mp3", "audio/p10/a.mp3", "strange");
  const plan = await adopt();
  expect([plan.code, plan.stderr]).toEqual([0, ""]);
  expect(plan.stdout).toContain("3  would be adopted (43 B)");
  expect(plan.stdout).toContain("nothing was made; add --yes to do it");
  expect((await expunge(["project", "show", "p1"], { env: service.env })).code).toBe(6);
  const lines = (await adopt("--projects")).stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { projectId: "p1", isNew: true, objects: 2, bytes: 28 },
    { projectId: "p10", isNew: true, objects: 1, bytes: 15 },
  ]);
  const done = await expungeJson("adopt", "--min-age", "0s", "--yes", "--owner", "carol");
  expect(done).toMatchObject({
    state: "completed",
    complete: true,
    dryRun: false,
    owner: "carol",
    adopted: 3,
    projects: 2,
    newProjects: 2,
    foreign: 1,
    refused: 0,
    requests: { list: 1, head: 3 },
  });
  const shown = await expungeJson("adopt", "--id", String(done["id"]));
  expect(shown).toMatchObject({ id: done["id"], adopted: 3 });
  const got = await expunge(["file", "get", "p1", "audio/p1/a.mp3"], { env: service.env });
  expect(got.stdout).toBe("audio/p1/a.mp3");
  expect(
    (await expunge(["audit", "--min-age", "0s", "--json"], { env: service.env })).stdout,
  ).toContain('"orphans": 0');
  expect((await expunge(["project", "delete", "p1", "--yes"], { env: service.env })).code).toBe(0);
  expect(await readdir(join(objects, "audio"))).toEqual(["p10"]);
});

test("relayout plans, copies, holds, and removes the old objects when it is told to", async () => {
  await adopted("audio/q1/a", "audio/q1/b");
  const plan = await call("relayout", "--project", "q1");
  expect([plan.code, plan.stderr]).toEqual([0, ""]);
  expect(plan.stdout).toContain("2  would be copied (20 B)");
  expect(plan.stdout).toContain("nothing was done; add --yes to do it");
  const made = await call("relayout", "--yes", "--project", "q1");
  expect(made.code).toBe(0);
  expect(made.stdout).toContain("2  copied (20 B; 40 B read to prove it)");
  expect(made.stdout).toContain("2  old objects held (20 B)");
  const id = idOf(made);
  expect(made.stdout).toContain(`expunge relayout --finish ${id} --yes removes them`);
  expect((await call("file", "get", "q1", "audio/q1/a")).stdout).toBe("audio/q1/a");
  const shown = await call("relayout", "--id", id, "--json");
  expect(JSON.parse(shown.stdout)).toMatchObject({
    id,
    action: "copy",
    of: null,
    complete: true,
    done: 2,
    held: { objects: 2, bytes: 20 },
  });
  expect((await call("audit", "--min-age", "0s")).stdout).toContain("0  orphans");
  const would = await call("relayout", "--finish", id);
  expect(would.stdout).toContain("2  would be finished (20 B)");
  expect(await isThere("audio/q1/a")).toBe(true);
  const finished = await call("relayout", "--finish", id, "--yes");
  expect([finished.code, await readdir(join(objects, "audio"))]).toEqual([0, ["p10"]]);
  expect(finished.stdout).toContain("2  objects removed, and verified gone");
  expect((await call("file", "get", "q1", "audio/q1/b")).stdout).toBe("audio/q1/b");
  const list = await call("relayout", "--list");
  expect(list.stdout).toMatch(new RegExp(`finish of ${id} +completed`));
  expect((await call("project", "delete", "q1", "--yes")).code).toBe(0);
});

test("relayout gives the old objects back, says what it left as it was, and ends with 4 then", async () => {
  await adopted("audio/q2/a", "audio/q2/b");
  const id = idOf(await call("relayout", "--yes", "--project", "q2"));
  await writeFile(join(objects, "audio/q2/b"), "other");
  const undone = await call("relayout", "--undo", id, "--yes");
  expect(undone.code).toBe(4);
  expect(undone.stdout).toMatch(/changed +q2 +audio\/q2\/b/);
  expect(undone.stdout).toContain("1  undone (10 B)");
  expect(await readFile(join(objects, "audio/q2/a"), "utf8")).toBe("audio/q2/a");
  const again = await call("relayout", "--undo", id, "--yes", "--spared");
  expect(again.stdout.trimEnd()).toBe(
    JSON.stringify({ key: "audio/q2/b", code: "changed", projectId: "q2" }),
  );
});

test("relayout refuses flags that exclude each other, and what it does not know", async () => {
  for (const flags of [
    ["--yes", "--dry-run"],
    ["--finish", "RELAYOUT-0", "--undo", "RELAYOUT-0"],
    ["--list", "--project", "q1"],
    ["--json", "--spared"],
  ]) {
    expect((await call("relayout", ...flags)).code).toBe(2);
  }
  expect((await call("relayout", "--id", "RELAYOUT-000000000000")).code).toBe(6);
  expect((await call("relayout", "--finish", "RELAYOUT-000000000000")).code).toBe(6);
  expect((await call("relayout", "--project", "none")).code).toBe(6);
});

test("adopt says which objects it refuses, and ends with 4", async () => {
  await lay("audio/p1/late.mp3", "audio/p11/ok");
  const { code, stdout } = await adopt("--yes");
  expect(code).toBe(4);
  expect(stdout).toMatch(/project-deleted +p1 +audio\/p1\/late\.mp3/);
  const refused = await adopt("--refused");
  expect(refused.stdout.trimEnd()).toBe(
    JSON.stringify({ key: "audio/p1/late.mp3", code: "project-deleted", projectId: "p1" }),
  );
});

test("adopt refuses flags that contradict each other, and ids that it does not know", async () => {
  expect((await adopt("--yes", "--dry-run")).code).toBe(2);
  expect((await adopt("--projects", "--refused")).code).toBe(2);
  expect((await adopt("--id", "ADOPT-000000000000")).code).toBe(6);
});
