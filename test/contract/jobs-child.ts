import { PgBossJobs } from "../../src/adapters/pgboss-jobs.ts";
import { openLog } from "../../src/adapters/pino-log.ts";

/** A process of its own that takes up one job on the server `URL` and never ends it. */
const [, , url = ""] = process.argv;

const never = new Promise<void>(() => {});
const begin = async (): Promise<void> => {
  process.stdout.write("started\n");
  await never;
};
const jobs = await PgBossJobs.open({ kind: "postgres", url }, openLog({ level: "silent" }));
await jobs.work({
  purge: begin,
  removals: begin,
  "receipt-copy": begin,
  webhooks: begin,
  settle: begin,
  sweep: begin,
  audit: begin,
  run: begin,
  uploads: begin,
});
