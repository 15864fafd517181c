import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unpackBlankCluster } from "../../src/adapters/pglite/blank-cluster.ts";
import { type EmbeddedDatabase, openEmbedded } from "../../src/adapters/pglite/open.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";
import { newProject } from "../contract/metadata/fixture.ts";

const CHILD = fileURLToPath(new URL("./pglite-child.ts", import.meta.url));
const KILLS = 10;

type Child = ChildProcessByStdio<null, Readable, Readable>;

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "expunge-pglite-"));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

function start(...args: readonly string[]): Child {
  return spawn(process.execPath, [CHILD, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Resolves once the child has written the text; fails with what it said when it ends before. */
async function said(child: Child, text: string): Promise<void> {
  let output = "";
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    if (output.includes(text)) return;
  }
  throw new Error(`the child ended after '${output}': ${errors}`);
}

async function kill(child: Child): Promise<void> {
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function using<T>(dir: string, work: (database: EmbeddedDatabase) => Promise<T>): Promise<T> {
  const database = await openEmbedded(dir);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

describe("embedded database: one process", () => {
  test("a second process is refused with the directory's name, and let in once the first is killed", async () => {
    const dir = join(root, "locked");
    const child = start("hold", dir);
    await said(child, "open");
    const refused = openEmbedded(dir);
    await expect(refused).rejects.toMatchObject({
      code: "data-dir-locked",
      message: expect.stringContaining(dir) as string,
    });
    await kill(child);
    await using(dir, async ({ session }) => {
      expect((await session.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    });
  });

  test("the same process is refused too, and let in after the first was closed", async () => {
    const dir = join(root, "twice");
    await using(dir, async () => {
      await expect(openEmbedded(dir)).rejects.toMatchObject({ code: "data-dir-locked" });
    });
    await using(dir, async () => {});
  });

  test("opening warns of nothing on standard error, and hides the warnings of nobody else", async () => {
    const child = start("hold", join(root, "quiet"));
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    await said(child, "open");
    await expect.poll(() => errors).toContain("a warning of somebody else");
    await kill(child);
    expect(errors).not.toContain("SQLite");
    expect(errors).not.toContain("Experimental");
  });

  test("a directory that cannot be one is refused by name", async () => {
    const path = join(root, "file");
    await writeFile(path, "");
    await expect(openEmbedded(path)).rejects.toMatchObject({
      code: "data-dir-unusable",
      message: expect.stringContaining(path) as string,
    });
  });
});

describe("embedded database: what it acknowledges is on the disk", () => {
  test("every commit is synced to the disk at least once, and reading is not", async () => {
    await using(join(root, "synced"), async ({ session, dialect, fsyncs }) => {
      const store = await PostgresMetadataStore.open(dialect);
      const before = fsyncs();
      for (let i = 0; i < 50; i++) await store.createProject(newProject());
      const committed = fsyncs();
      expect(committed - before).toBeGreaterThanOrEqual(50);
      for (let i = 0; i < 50; i++) await session.query("select 1");
      expect(fsyncs()).toBe(committed);
    });
  });

  test.each([
    ["begins with the cluster that the build made", unpackBlankCluster, true],
    ["lets initdb make one where none was built", async () => false, false],
  ])("a creation %s, and keeps what it is given", async (begin, unpack, isUnpacked) => {
    const dir = join(root, begin);
    const answers: boolean[] = [];
    const first = await openEmbedded(dir, async (into) => {
      answers.push(await unpack(into));
      return answers.includes(true);
    });
    await first.session.exec("create table kept (n int); insert into kept values (1)");
    await first.close();
    expect(answers).toEqual([isUnpacked]);
    await using(dir, async ({ session }) => {
      expect((await session.query("select n from kept")).rows).toEqual([{ n: 1 }]);
      const { rows } = await session.query("show server_encoding");
      expect(rows).toEqual([{ server_encoding: "UTF8" }]);
    });
  });

  test("a creation that was broken off is begun anew", async () => {
    const dir = join(root, "half");
    await mkdir(join(dir, "cluster"), { recursive: true });
    await writeFile(join(dir, "cluster", "PG_VERSION"), "17\n");
    await writeFile(join(dir, "cluster.making"), "");
    await using(dir, async ({ session }) => {
      await session.exec("create table kept (n int); insert into kept values (1)");
    });
    // What was made whole is never made anew.
    await using(dir, async ({ session }) => {
      expect((await session.query("select n from kept")).rows).toEqual([{ n: 1 }]);
    });
  });

  test("a kill in the midst of commits loses no row that was acknowledged", async () => {
    const dir = join(root, "killed");
    const project = newProject();
    await using(dir, async ({ dialect }) => {
      await (await PostgresMetadataStore.open(dialect)).createProject(project);
    });
    const acknowledged = new Set<string>();
    for (let run = 0; run < KILLS; run++) {
      const lines = await commitsUntilKilled(dir, project.uid, 20 + run * 7);
      expect(lines.length).toBeGreaterThanOrEqual(20);
      for (const line of lines) acknowledged.add(line);
      await using(dir, async ({ dialect }) => {
        const store = await PostgresMetadataStore.open(dialect);
        const files = await store.listFiles(project.uid, { limit: 100_000 });
        const there = new Set(files.map(({ path }) => path));
        expect([...acknowledged].filter((path) => !there.has(path))).toEqual([]);
        const { fileCount } = (await store.findProjectByUid(project.uid)) ?? {};
        expect(fileCount).toBe(files.length);
      });
    }
  }, 240_000);
});

/** The paths whose commits a child acknowledged before it was killed, after at least so many. */
async function commitsUntilKilled(dir: string, uid: string, count: number): Promise<string[]> {
  const child = start("commit", dir, uid);
  let output = "";
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.split("\n").length > count + 1) child.kill("SIGKILL");
  });
  await ended;
  // The last line may be cut; what has its newline was acknowledged.
  return output.split("\n").slice(1, -1);
}
