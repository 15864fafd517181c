import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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
