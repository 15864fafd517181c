import { type Dialect, Kysely, sql } from "kysely";
import { MIGRATION_NAMES } from "./migrations/index.ts";
import { SCHEMA } from "./schema.ts";

/** What can be seen of a database without changing it. */
export interface DatabaseCondition {
  /** As the server calls itself. */
  readonly version: string;
  /** Migrations that the next start makes. */
  readonly pending: readonly string[];
  /** Migrations of a newer expunge. */
  readonly foreign: readonly string[];
  /** For how long the oldest job has been due, in milliseconds; null where none is. */
  readonly oldestDueMs: number | null;
}

/** Closes the dialect's connections when it is done. @throws DatabaseError */
export async function databaseCondition(
  dialect: Dialect,
  jobsSchema: string,
): Promise<DatabaseCondition> {
  const db = new Kysely<never>({ dialect });
  try {
    const jobs = `${jobsSchema}.job`;
    const facts = await sql<{ version: string; hasTables: boolean; hasJobs: boolean }>`
      select current_setting('server_version') as version,
        to_regclass(${`${SCHEMA}.migrations`}) is not null as "hasTables",
        to_regclass(${jobs}) is not null as "hasJobs"`.execute(db);
    const { version = "", hasTables = false, hasJobs = false } = facts.rows[0] ?? {};
    const done = hasTables
      ? await sql<{ name: string }>`select name from ${sql.table(`${SCHEMA}.migrations`)}`.execute(
          db,
        )
      : { rows: [] };
    const names = new Set(done.rows.map(({ name }) => name));
    const due = hasJobs
      ? await sql<{ ms: number | null }>`
          select (extract(epoch from now() - min(start_after)) * 1000)::float8 as ms
          from ${sql.table(jobs)}
          where state in ('created', 'retry') and start_after <= now()`.execute(db)
      : { rows: [] };
    return {
      version,
      pending: MIGRATION_NAMES.filter((name) => !names.has(name)),
      foreign: [...names].filter((name) => !MIGRATION_NAMES.includes(name)),
      oldestDueMs: due.rows[0]?.ms ?? null,
    };
  } finally {
    await db.destroy();
  }
}
