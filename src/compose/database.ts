import { JOBS_SCHEMA, PgBossJobs } from "../adapters/pgboss-jobs.ts";
import { openEmbedded } from "../adapters/pglite/open.ts";
import { type DatabaseCondition, databaseCondition } from "../adapters/postgres/condition.ts";
import { PostgresMetadataStore } from "../adapters/postgres/metadata-store.ts";
import { openPostgres } from "../adapters/postgres/open.ts";
import type { Config } from "../config.ts";
import type { Jobs } from "../ports/jobs.ts";
import type { Log } from "../ports/log.ts";
import type { MetadataStore } from "../ports/metadata/index.ts";

export interface Database {
  readonly metadata: MetadataStore;
  readonly jobs: Jobs;
  /** What the database says of itself; on a server by a connection of its own. @throws DatabaseError */
  readonly condition: () => Promise<DatabaseCondition>;
  /** Closes what was opened; the jobs are to be stopped before. */
  readonly close: () => Promise<void>;
}

/** Opens the database that the configuration names, its tables and its job queue. */
export async function openDatabase(
  { database }: Pick<Config, "database">,
  log: Log,
): Promise<Database> {
  switch (database.kind) {
    case "pglite":
      return await openEmbeddedDatabase(database.dir, log);
    case "postgres":
      return await openServerDatabase(database.url, log);
  }
}

async function openEmbeddedDatabase(dir: string, log: Log): Promise<Database> {
  const embedded = await openEmbedded(dir);
  try {
    const metadata = await PostgresMetadataStore.open(embedded.dialect, { upkeep: embedded });
    // Whoever held a claim here is dead: nobody else can have this directory open.
    await metadata.releaseAllClaims();
    const jobs = await PgBossJobs.open({ kind: "embedded", session: embedded.session }, log);
    const condition = (): Promise<DatabaseCondition> =>
      databaseCondition(embedded.dialect, JOBS_SCHEMA);
    return { metadata, jobs, condition, close: () => embedded.close() };
  } catch (error) {
    await embedded.close();
    throw error;
  }
}

async function openServerDatabase(url: string, log: Log): Promise<Database> {
  const server = await openPostgres(url, log);
  try {
    const metadata = await PostgresMetadataStore.open(server.dialect);
    const jobs = await PgBossJobs.open({ kind: "postgres", url }, log);
    const condition = async (): Promise<DatabaseCondition> =>
      databaseCondition((await openPostgres(url, log)).dialect, JOBS_SCHEMA);
    return { metadata, jobs, condition, close: () => metadata.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}
