import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PgBossJobs } from "../../src/adapters/pgboss-jobs.ts";
import { openPostgres } from "../../src/adapters/postgres/open.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";
import { DatabaseError } from "../../src/core/database-errors.ts";
import type { Jobs } from "../../src/ports/jobs.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import { errorLog, noting } from "../contract/jobs-fixture.ts";
import { failureOf, newProject } from "../contract/metadata/fixture.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";

/** Not that of the run: it is taken down. */
let server: PostgresServer;
let metadata: MetadataStore;
let jobs: Jobs;
const { log, logged } = errorLog();

beforeAll(async () => {
  server = await startPostgres();
  const { dialect } = await openPostgres(server.url, log);
  metadata = await PostgresMetadataStore.open(dialect);
  jobs = await PgBossJobs.open({ kind: "postgres", url: server.url }, log);
});

afterAll(async () => {
  await jobs.stop();
  await metadata.close();
  await server.stop();
});

/** Uses several connections at once, so that several lie idle afterwards. */
async function useMany(): Promise<void> {
  await Promise.all(Array.from({ length: 8 }, () => metadata.listProjects({ limit: 1 })));
}

describe.each([
  { end: "is killed", take: () => server.kill() },
  { end: "is shut down", take: () => server.shutDown() },
])("a server that $end under a running process", ({ take }) => {
  test("fails the calls meanwhile and serves them again afterwards, with all that was acknowledged", async () => {
    const project = await metadata.createProject(newProject());
    await useMany();
    await take();
    const failure = await failureOf(metadata.findProject(project.id));
    expect(failure).toBeInstanceOf(DatabaseError);
    expect(failure).toMatchObject({ code: "unreachable" });
    expect(await failureOf(jobs.enqueue("uploads", {}))).toBeInstanceOf(DatabaseError);
    await server.start();
    expect(await metadata.findProject(project.id)).toEqual(project);
    await useMany();
  });
});

test("the job queue goes on after the server came back, with jobs from before and after", async () => {
  await jobs.enqueue("removals", { projectUid: "delayed" }, { delayMs: 2000 });
  const { handlers, ran } = noting();
  await jobs.work(handlers);
  await jobs.enqueue("removals", { projectUid: "before" });
  await expect.poll(() => ran.length, { timeout: 10_000 }).toBe(1);
  logged.length = 0;
  await server.kill();
  // Until the queue has met it.
  await expect.poll(() => logged.length, { timeout: 15_000 }).toBeGreaterThan(0);
  await server.start();
  await jobs.enqueue("removals", { projectUid: "after" });
  await expect.poll(() => ran.length, { timeout: 20_000 }).toBe(3);
  expect(new Set(ran)).toEqual(
    new Set(["before", "delayed", "after"].map((projectUid) => ({ projectUid }))),
  );
});
