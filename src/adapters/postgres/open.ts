import { type Dialect, PostgresDialect } from "kysely";
import { Client, type ClientConfig, Pool, TypeOverrides, types } from "pg";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Log } from "../../ports/log.ts";
import { type Place, startError } from "./failures.ts";
import { ConnectionPool } from "./pool.ts";

const VERSION_MIN = 150_000;

/** All bigints here are milliseconds, bytes and counts: a number holds them exactly. */
function exactNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is no exact number`);
  return value;
}

export interface PostgresDatabase {
  readonly dialect: Dialect;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What a process allows itself; tests take less of it. */
export interface PoolBounds {
  readonly connections: number;
  /** How long it is tried to connect, or waited for a connection that others use. */
  readonly connectTimeoutMs: number;
  /** After this the server breaks a statement off. */
  readonly statementTimeoutMs: number;
  /** After this its answer is not waited for any more: the connection may have died silently. */
  readonly queryTimeoutMs: number;
}

const BOUNDS: PoolBounds = {
  connections: LIMITS.databasePoolConnections,
  connectTimeoutMs: LIMITS.databaseConnectTimeoutMs,
  statementTimeoutMs: LIMITS.databaseStatementTimeoutMs,
  queryTimeoutMs: LIMITS.databaseQueryTimeoutMs,
};

/**
 * Connects to a PostgreSQL server, 15 or newer, whose database is in UTF-8.
 * @throws ExpungeError `invalid-config` where it is another one or lets nobody in,
 *   `database-unavailable` where it is not reached; the password stands in neither
 */
export async function openPostgres(
  url: string,
  log: Log,
  bounds: Partial<PoolBounds> = {},
): Promise<PostgresDatabase> {
  const { connections, connectTimeoutMs, statementTimeoutMs, queryTimeoutMs } = {
    ...BOUNDS,
    ...bounds,
  };
  const parsers = new TypeOverrides();
  parsers.setTypeParser(types.builtins.INT8, exactNumber);
  const options: ClientConfig = {
    connectionString: url,
    application_name: "expunge",
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: LIMITS.databaseKeepAliveMs,
    idle_in_transaction_session_timeout: LIMITS.databaseIdleTransactionTimeoutMs,
    types: parsers,
  };
  const place = await checkServer(options);
  const pool = new ConnectionPool(
    new Pool({ ...options, max: connections }),
    place,
    connectTimeoutMs,
    log,
  );
  return {
    // Ended by kysely too, when the store that uses it is closed.
    dialect: new PostgresDialect({ pool }),
    close: () => pool.end(),
  };
}

/** On a connection of its own: a pool leaves one open that it could not make. */
async function checkServer(options: ClientConfig): Promise<Place> {
  const client = new Client(options);
  // What fails is told by the call that fails.
  client.on("error", () => {});
  // As the driver reads the URL, and with its defaults.
  const { host, port, database = "", user = "" } = client;
  const place = { host, port, database, user };
  try {
    await client.connect();
    const { rows } = await client.query<ServerFacts>(
      `select current_setting('server_version_num') as version,
        current_setting('server_encoding') as encoding`,
    );
    refuseUnfit(rows[0]);
    return place;
  } catch (error) {
    throw startError(error, place);
  } finally {
    await client.end();
  }
}

interface ServerFacts {
  readonly version: string;
  readonly encoding: string;
}

function refuseUnfit(server: ServerFacts | undefined): void {
  const version = Number(server?.version);
  if (version < VERSION_MIN) {
    throw new ExpungeError(
      "invalid-config",
      `The database server is PostgreSQL ${Math.floor(version / 10_000)}; 15 or newer is needed.`,
      {
        remedy:
          "Upgrade the server to PostgreSQL 15 or newer, or name another in EXPUNGE_DATABASE.",
      },
    );
  }
  if (server?.encoding !== "UTF8") {
    throw new ExpungeError(
      "invalid-config",
      `The database is encoded in ${server?.encoding ?? "something unknown"}; ` +
        "make one with 'encoding UTF8'.",
      {
        remedy:
          "Make it by 'create database NAME template template0 encoding UTF8', and name it in EXPUNGE_DATABASE.",
      },
    );
  }
}
