import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Ended, expunge, serve, type Service, temporaryDir } from "./harness.ts";

/** A start makes the database the first time; this is for machines that do much else. */
const START_TIMEOUT_MS = 120_000;

let service: Service;
let objects: string;

beforeAll(async () => {
  const dir = await temporaryDir();
  service = await serve(dir);
  objects = join(service.env["EXPUNGE_DATA_DIR"] ?? dir, "objects");
}, START_TIMEOUT_MS);

async function audit(...argv: string[]): Promise<Ended> {
  return await expunge(["audit", "--min-age", "0s", ...argv], { env: service.env });
}

async function summary(...argv: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await audit("--json", ...argv);
  expect(stderr, "nothing but the document with --json").toBe("");
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function put(project: string, path: string): Promise<void> {
  const argv = ["file", "put", project, "-", "--as", path];
  expect((await expunge(argv, { env: service.env, stdin: "some bytes" })).code).toBe(0);
}

test("an audit tells by its exit code whether store and rows agree, and which differ", async () => {
  await expunge(["project", "create", "p1"], { env: service.env });
  for (const path of ["a", "b"]) await put("p1", path);
  expect((await audit()).code).toBe(0);
  expect(await summary()).toMatchObject({ complete: true, objects: 2, rows: 2, foreign: 0 });
  const [uid = ""] = await readdir(join(objects, "projects"));
  const [first = ""] = await readdir(join(objects, "projects", uid));
  await rm(join(objects, "projects", uid, first));
  await writeFile(join(objects, "projects", uid, "orphan"), "12345");
  await mkdir(join(objects, "other"));
  await writeFile(join(objects, "other", "ü \u{1f600}"), "1");
  const found = await audit();
  expect(found.code).toBe(4);
  expect(found.stdout).toContain("dangling");
  expect(found.stdout).toContain(`projects/${uid}/orphan`);
  expect(found.stdout).toContain("complete: 3 objects against 2 rows");
  expect(await summary()).toMatchObject({
    complete: true,
    objects: 3,
    rows: 2,
    orphans: 1,
    dangling: 1,
    mismatched: 0,
    residueOfDeleted: 0,
    staleUploads: 0,
    foreign: 1,
    orphanBytes: 5,
  });
  expect(await summary("--listing-concurrency", "7")).toMatchObject({ listingConcurrency: 7 });
  expect((await audit("--listing-concurrency", "0")).code).toBe(2);
  const lines = (await audit("--ndjson")).stdout.trimEnd().split("\n");
  const findings = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const kinds = new Set(findings.map(({ kind }) => kind));
  expect([findings.length, kinds]).toEqual([3, new Set(["dangling", "foreign", "orphan"])]);
  expect(findings.find(({ kind }) => kind === "dangling")?.["path"]).toMatch(/^[ab]$/);
});

test("an orphan is put in quarantine, where a sweep of all quarantines finds it", async () => {
  const [uid = ""] = await readdir(join(objects, "projects"));
  const mended = await summary("--fix", "orphans", "--quarantine", "--yes");
  expect(mended).toMatchObject({ quarantine: true, orphans: 1, fixes: { fixed: 1 } });
  const [copy = ""] = await readdir(join(objects, "projects", uid, "quarantine"));
  const path = join(objects, "projects", uid, "quarantine", copy, "orphan");
  expect(await readFile(path, "utf8")).toBe("12345");
  const seen = await audit();
  expect(seen.stdout).toContain("1 object (5 B) in quarantine");
  const argv = ["sweep", `file:${objects}/projects/`, "--include", "*/quarantine/**", "--yes"];
  expect((await expunge(argv, { env: service.env })).code).toBe(0);
  expect(await summary()).toMatchObject({ orphans: 0, quarantined: 0, rows: 2 });
  expect((await audit("--quarantine")).code).toBe(2);
  expect((await audit("--fix", "dangling", "--quarantine", "--yes")).code).toBe(2);
});

test("a report is one page with all charts, in which no key becomes markup", async () => {
  await writeFile(join(objects, '<b>&"bold.txt'), "12");
  const dir = await temporaryDir();
  const argv = ["audit", "--min-age", "0s", "--html", "report.html"];
  expect((await expunge(argv, { env: service.env, cwd: dir })).code).toBe(4);
  const page = await readFile(join(dir, "report.html"), "utf8");
  for (const text of ["by prefix", "by age", "Cost a month", "Cloudflare R2", "AWS S3"]) {
    expect(page).toContain(text);
  }
  expect(page).toContain("&lt;b&gt;&amp;&quot;bold.txt");
  expect(page).not.toContain("<b>");
  expect(page).not.toMatch(/<script|https?:\/\//);
});

test("an audit is accepted and left, and shown later by its id", async () => {
  const begun = await audit("--no-wait", "--json");
  expect(begun.code).toBe(8);
  const { id, state } = JSON.parse(begun.stdout) as Record<string, unknown>;
  expect(state).toBe("running");
  const shown = await expunge(["audit", "--id", String(id), "--json"], { env: service.env });
  expect(shown.code).toBe(4);
  expect(JSON.parse(shown.stdout)).toMatchObject({ id, state: "completed" });
});

test("wrong usage of audit is refused before anything is asked for", async () => {
  const refused: readonly (readonly [number, readonly string[]])[] = [
    [2, ["--ndjson", "--json"]],
    [2, ["--fix", "everything"]],
    [2, ["--read-data-subset", "200%"]],
    [2, ["--min-age", "soon"]],
    [7, ["--fix", "orphans"]],
    [6, ["--id", "AUDIT-none"]],
  ];
  for (const [code, argv] of refused)
    expect((await audit(...argv)).code, argv.join(" ")).toBe(code);
});
