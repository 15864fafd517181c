import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { expect, it } from "vitest";
import { PgBossJobs } from "../../src/adapters/pgboss-jobs.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { errorLog } from "../contract/jobs-fixture.ts";
import { useDatabase } from "../servers/given.ts";

const url = useDatabase();
const CHILD = fileURLToPath(new URL("stopped-enqueuer.ts", import.meta.url));
const KEY = "DELETE-000000000000";
/** What a stopped process leaves open ends by itself; the rest is a busy machine's. */
const WAIT_MAX_MS = LIMITS.databaseIdleTransactionTimeoutMs + 3000;
const HELD = `select count(*)::int as held from pg_stat_activity
  where application_name = 'expunge-jobs' and datname = current_database()
    and state = 'idle in transaction' and backend_xid is not null`;

it("a process that is stopped while it queues a job keeps no other one waiting for long (I9)", async () => {
  const sql = new Client({ connectionString: url() });
  await sql.connect();
  const child = spawn(process.execPath, [CHILD, url(), KEY], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let jobs: PgBossJobs | null = null;
  try {
    await once(child.stdout, "data");
    await stopInTransaction(child, sql);
    jobs = await PgBossJobs.open({ kind: "postgres", url: url() }, errorLog().log);
    const before = performance.now();
    await jobs.enqueue("settle", { deletionId: KEY }, { key: KEY });
    expect(performance.now() - before).toBeLessThan(WAIT_MAX_MS);
    const { rows } = await sql.query<{ readonly held: number }>(HELD);
    expect(rows).toEqual([{ held: 0 }]);
  } finally {
    child.kill("SIGKILL");
    await once(child, "close");
    await sql.end();
    await jobs?.stop();
  }
});

/** Stops and continues it until the stop falls between the statements of a transaction. */
async function stopInTransaction(child: ReturnType<typeof spawn>, sql: Client): Promise<void> {
  for (;;) {
    child.kill("SIGSTOP");
    const { rows } = await sql.query<{ readonly held: number }>(HELD);
    // A statement that was on its way when the process stopped has to come to its end first.
    const again = await sql.query<{ readonly held: number }>(HELD);
    if (rows[0]?.held === 1 && again.rows[0]?.held === 1) return;
    child.kill("SIGCONT");
    await sql.query("select pg_sleep(random() * 0.02)");
  }
}
