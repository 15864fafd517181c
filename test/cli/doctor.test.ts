import { join } from "node:path";
import { expect, test } from "vitest";
import { JOBS_SCHEMA, PgBossJobs } from "../../src/adapters/pgboss-jobs.ts";
import { openEmbedded } from "../../src/adapters/pglite/open.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";
import { examineDatabase } from "../../src/compose/doctor-database.ts";
import { openLog } from "../../src/compose.ts";
import { examineStore } from "../../src/services/doctor/store.ts";
import { openStore, systemError, watched } from "../adapters/filesystem/fixture.ts";
import { refuseWith } from "../wire/fault-kinds.ts";
import { useBucket } from "./bucket.ts";
import { doctor } from "./doctor-support.ts";
import { freePorts } from "../servers/free-ports.ts";
import { expunge, serve, temporaryDir } from "./harness.ts";

const serveBucket = useBucket();

test("the examination of a store on a full disk says that it is full, and what to do", async () => {
  const full = watched((call) => {
    if (call.name === "handle.writev") throw systemError("ENOSPC", call);
  });
  const clock = { now: () => 0, sleep: async () => {} };
  const random = { bytes: (length: number) => new Uint8Array(length) };
  const store = await openStore(await temporaryDir(), full);
  const checks = await examineStore({ store, clock, random });
  expect(checks.find(({ name }) => name === "store-write")).toMatchObject({
    ok: false,
    detail: expect.stringContaining("no space left on the device") as string,
    remedy: expect.stringContaining("free space on it or raise its quota") as string,
  });
});

test("doctor is content with pages, rules and rights that fit, and says what it saw", async () => {
  const { env } = await serveBucket(
    {},
    {
      corsOrigins: ["https://app.example.com"],
      lifecycle: [
        { id: "uploads", prefix: "", endsUploadsAfterDays: 8 },
        { id: "elsewhere", prefix: "logs/", expiresAfterDays: 1 },
      ],
    },
  );
  const cwd = await temporaryDir();
  const settings = {
    ...env,
    EXPUNGE_STORE: `${env["EXPUNGE_STORE"]}/app`,
    EXPUNGE_CORS_ORIGINS: "https://app.example.com",
  };
  const { code, checks } = await doctor(settings, cwd);
  const said = new Map(checks.map(({ name, ok, detail }) => [name, [ok, detail]]));
  expect(code).toBe(0);
  expect(said.get("bucket-retention")).toEqual([null, "no default retention locks new objects"]);
  expect(said.get("bucket-lifecycle")).toEqual([true, "incomplete uploads are ended after 8 days"]);
  expect(said.get("bucket-cors")).toEqual([
    true,
    "pages of https://app.example.com may send parts",
  ]);
  expect(said.get("bucket-rights")).toEqual([
    null,
    expect.stringContaining("s3:ListAllMyBuckets") as string,
  ]);
  expect(said.get("store-clock")?.[0]).toBe(true);
});

test("doctor takes a key that sees one bucket alone, and rules that it may not read, as they should be", async () => {
  const served = await serveBucket();
  const operation = [
    "ListBuckets",
    "GetBucketLifecycleConfiguration",
    "GetObjectLockConfiguration",
  ] as const;
  served.server.faults.plan({ operation }, refuseWith("AccessDenied"));
  const { code, checks } = await doctor(served.env, await temporaryDir());
  const said = new Map(checks.map(({ name, ok, detail }) => [name, [ok, detail]]));
  expect(code).toBe(0);
  expect(said.get("bucket-rights")?.[0]).toBe(true);
  expect(said.get("bucket-lifecycle")).toEqual([
    null,
    "the lifecycle rules cannot be read (access-denied: s3:GetLifecycleConfiguration)",
  ]);
  expect(said.get("bucket-retention")).toEqual([
    null,
    "the default retention cannot be read (access-denied: s3:GetBucketObjectLockConfiguration)",
  ]);
});

test("doctor tells of tables of a newer version, and of a job that nobody takes", async () => {
  const dir = join(await temporaryDir(), "database");
  const log = openLog({ level: "silent" });
  const look = async (): Promise<(string | boolean | null)[][]> =>
    (await examineDatabase({ database: { kind: "pglite", dir } }, log)).map(
      ({ name, ok, detail }) => [name, ok, detail],
    );
  expect(await look()).toEqual([["database", null, "made at the first start"]]);
  const embedded = await openEmbedded(dir);
  await PostgresMetadataStore.open(embedded.dialect, { upkeep: embedded });
  const jobs = await PgBossJobs.open({ kind: "embedded", session: embedded.session }, log);
  await jobs.enqueue("purge", { deletionId: "none" });
  await jobs.stop();
  await embedded.session.exec(
    `update ${JOBS_SCHEMA}.job set start_after = now() - interval '10 minutes';
     insert into expunge.migrations (name, timestamp) values ('9999-later', '2099-01-01')`,
  );
  await embedded.close();
  expect(await look()).toEqual([
    ["database", true, expect.stringMatching(/opens: PostgreSQL 1\d/)],
    ["database-migrations", false, "the tables are of a newer expunge: 9999-later"],
    ["database-jobs", false, expect.stringMatching(/due for 6\d\d s, and no process takes it/)],
  ]);
}, 120_000);

test("doctor asks the service that runs on the data directory, or looks by itself, and says which", async () => {
  const cwd = await temporaryDir();
  const { env, url } = await serve(cwd);
  const said = async (settings: Readonly<Record<string, string>>) => {
    const { code, checks } = await doctor(settings, cwd);
    return { code, checks: new Map(checks.map(({ name, ok, detail }) => [name, [ok, detail]])) };
  };
  const dataDir = env["EXPUNGE_DATA_DIR"] ?? "";
  const scan = async () => (await said(env)).checks.get("work-scan")?.[0];
  await expect.poll(scan, { timeout: 30_000 }).toBe(true);
  // By its address, and by the port that the configuration names.
  const local = { EXPUNGE_DATA_DIR: dataDir, EXPUNGE_PORT: new URL(url).port };
  for (const settings of [env, local]) {
    const { code, checks } = await said(settings);
    expect(code).toBe(0);
    expect(checks.get("service")).toEqual([true, `asked at ${url}: all below is what it sees`]);
    expect(checks.get("database")?.[1]).toMatch(/^PostgreSQL 1\d\S* answers this service$/);
    expect(checks.get("database-migrations")?.[0]).toBe(true);
    expect(checks.get("database-jobs")?.[0]).toBe(true);
    expect(checks.get("work-scan")?.[0]).toBe(true);
    expect(checks.get("work-deletions")?.[0]).toBe(true);
  }
  const [port = 0] = await freePorts(1);
  const elsewhere = { ...local, EXPUNGE_PORT: String(port) };
  const alone = await said(elsewhere);
  expect(alone.code).toBe(0);
  expect(alone.checks.get("service")?.[0]).toBeNull();
  expect(alone.checks.get("service")?.[1]).toMatch(/^looked at without a service: .+/);
  expect(alone.checks.get("database")).toEqual([true, "a running process has it open"]);
  const named = { ...elsewhere, EXPUNGE_URL: `http://127.0.0.1:${port}` };
  expect((await expunge(["doctor"], { cwd, env: named })).code).toBe(10);
  const stranger = await expunge(["doctor", "--token", "wrong"], { cwd, env });
  expect(stranger.code).toBe(5);
}, 120_000);
