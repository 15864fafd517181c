import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { PgBossJobs } from "../../src/adapters/pgboss-jobs.ts";
import type { Jobs } from "../../src/ports/jobs.ts";
import { useDatabase } from "../servers/given.ts";
import { runSql } from "../servers/postgres.ts";
import { jobsContract } from "./jobs.ts";
import { errorLog, type JobsSubject, passReally } from "./jobs-fixture.ts";

const url = useDatabase();
const CHILD = fileURLToPath(new URL("jobs-child.ts", import.meta.url));

async function makeServer(): Promise<JobsSubject> {
  const { log, logged } = errorLog();
  const processes: Jobs[] = [];
  const attach = async (): Promise<Jobs> => {
    const jobs = await PgBossJobs.open({ kind: "postgres", url: url() }, log);
    processes.push(jobs);
    return jobs;
  };
  const jobs = await attach();
  await runSql(url(), "delete from expunge_jobs.job");
  return {
    jobs,
    attach,
    crash: async () => {
      await killAtWork();
      return await attach();
    },
    advance: passReally,
    logged,
    cleanup: async () => {
      for (const one of processes) await one.stop();
    },
  };
}

async function killAtWork(): Promise<void> {
  const child = spawn(process.execPath, [CHILD, url()], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
}

jobsContract("pg-boss on postgres", makeServer);
