import { type Dialect, PostgresDialect } from "kysely";
import { Pool, TypeOverrides, types } from "pg";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Log } from "../../ports/log.ts";

const VERSION_MIN = 150_000;

/** All bigints here are milliseconds, bytes and counts: a number holds them exactly. */
function exactNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is no exact number`);
  return value;
}

export interface PostgresDatabase {
  readonly dialect: Dialect;
  close(): Promise<void>;
}

/**
 * Connects to a PostgreSQL server, 15 or newer, whose database is in UTF-8.
 * @throws ExpungeError `invalid-config` where it is another one; driver errors where it is not reached
 */
export async function openPostgres(url: string, log: Log): Promise<PostgresDatabase> {
  const parsers = new TypeOverrides();
  parsers.setTypeParser(types.builtins.INT8, exactNumber);
  const pool = new Pool({
    connectionString: url,
    application_name: "expunge",
    max: LIMITS.databasePoolConnections,
    connectionTimeoutMillis: LIMITS.databaseConnectTimeoutMs,
    statement_timeout: LIMITS.databaseStatementTimeoutMs,
    // The server's own limit does not reach us through a connection that has silently died.
    query_timeout: LIMITS.databaseQueryTimeoutMs,
    keepAlive: true,
    idle_in_transaction_session_timeout: LIMITS.databaseIdleTransactionTimeoutMs,
    types: parsers,
  });
  // A connection that breaks while idle: the pool makes a new one. Unheard, it would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "idle database connection lost"));
  try {
    await checkServer(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  // Ended by kysely, when the store that uses it is closed, or here.
  return {
    dialect: new PostgresDialect({ pool }),
    close: async () => {
      if (!pool.ended) await pool.end();
    },
  };
}

async function checkServer(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ version: string; encoding: string }>(
    `select current_setting('server_version_num') as version,
      current_setting('server_encoding') as encoding`,
  );
  const [server] = rows;
  if (Number(server?.version) < VERSION_MIN) {
    throw new ExpungeError("invalid-config", "The database must be PostgreSQL 15 or newer.");
  }
  if (server?.encoding !== "UTF8") {
    throw new ExpungeError(
      "invalid-config",
      `The database's encoding must be UTF8; it is ${server?.encoding ?? "unknown"}.`,
    );
  }
}
