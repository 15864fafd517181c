import { existsSync } from "node:fs";
import { JOBS_SCHEMA } from "../adapters/pgboss-jobs.ts";
import { openEmbedded } from "../adapters/pglite/open.ts";
import { type DatabaseCondition, databaseCondition } from "../adapters/postgres/condition.ts";
import { openPostgres } from "../adapters/postgres/open.ts";
import type { Config } from "../config.ts";
import { isExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { SECOND_MS } from "../core/limits/units.ts";
import type { Log } from "../ports/log.ts";
import { type Check, look, notApplicable, passed, Unexpected } from "../services/doctor/checks.ts";

const DATABASE_REMEDY =
  "Check EXPUNGE_DATABASE: the address, the user, the password and the database's name.";
const MIGRATIONS_REMEDY =
  "Run the expunge that made them or a newer one, or name another database in EXPUNGE_DATABASE.";
const JOBS_REMEDY =
  "Start a process with EXPUNGE_ROLE=worker or all on this database, or look at the log of the one that runs.";

/**
 * Reads what the database says of itself; nothing is changed there, no migration made.
 * @param open asks the one that this process has open, where it has
 */
export async function examineDatabase(
  { database }: Pick<Config, "database">,
  log: Log,
  open: (() => Promise<DatabaseCondition>) | null = null,
): Promise<readonly Check[]> {
  let condition: DatabaseCondition | null = null;
  const reached = await look("database", DATABASE_REMEDY, async () => {
    if (open !== null) {
      condition = await open();
      return passed(`PostgreSQL ${condition.version} answers this service`);
    }
    if (database.kind === "postgres") {
      const server = await openPostgres(database.url, log);
      condition = await databaseCondition(server.dialect, JOBS_SCHEMA);
      return passed(`PostgreSQL ${condition.version} answers, in an encoding that fits`);
    }
    if (!existsSync(database.dir)) return notApplicable("made at the first start");
    try {
      const embedded = await openEmbedded(database.dir);
      try {
        condition = await databaseCondition(embedded.dialect, JOBS_SCHEMA);
      } finally {
        await embedded.close();
      }
    } catch (error) {
      if (!isExpungeError(error, "data-dir-locked")) throw error;
      return passed("a running process has it open");
    }
    return passed(`the embedded database opens: PostgreSQL ${condition.version}`);
  });
  const seen = condition as DatabaseCondition | null;
  if (seen === null) return [reached];
  return [
    reached,
    await look("database-migrations", MIGRATIONS_REMEDY, async () => migrations(seen)),
    await look("database-jobs", JOBS_REMEDY, async () => jobs(seen)),
  ];
}

function migrations({ pending, foreign }: DatabaseCondition): { ok: true; detail: string } {
  if (foreign.length > 0) {
    throw new Unexpected(`the tables are of a newer expunge: ${foreign.join(", ")}`);
  }
  if (pending.length === 0) return passed("the tables are of this version");
  return passed(`the next start makes ${pending.length} migrations: ${pending.join(", ")}`);
}

function jobs({ oldestDueMs }: DatabaseCondition): { ok: true; detail: string } {
  if (oldestDueMs === null) return passed("no job waits");
  const seconds = Math.round(oldestDueMs / SECOND_MS);
  if (oldestDueMs > LIMITS.doctorJobDueMaxMs) {
    throw new Unexpected(`a job has been due for ${seconds} s, and no process takes it`);
  }
  return passed(`the oldest job has been due for ${seconds} s`);
}
