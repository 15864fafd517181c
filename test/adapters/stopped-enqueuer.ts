import { PgBossJobs } from "../../src/adapters/pgboss-jobs.ts";
import { openLog } from "../../src/adapters/pino-log.ts";

/** A process of its own that queues the job of one KEY on the server URL again and again. */
const [, , url = "", key = ""] = process.argv;

const jobs = await PgBossJobs.open({ kind: "postgres", url }, openLog({ level: "silent" }));
process.stdout.write("started\n");
for (;;) await jobs.enqueue("settle", { deletionId: key }, { key });
