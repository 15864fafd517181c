import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { freePorts } from "./free-ports.ts";
import { HeldProcess } from "./held-process.ts";
import { postgresBinaries } from "./postgres-binaries.ts";

/** A PostgreSQL server of ours. It ends with this process, whatever that dies of. */
export interface PostgresServer {
  /** Of a database on it, as a user who may do everything. */
  readonly url: string;
  /** It dies at once and says nothing to anybody. */
  readonly kill: () => Promise<void>;
  /** It takes leave of its clients and ends in order. */
  readonly shutDown: () => Promise<void>;
  /** Comes up again on the same port, with what was committed. */
  readonly start: () => Promise<void>;
  /** Ends it and removes its data. Idempotent. */
  readonly stop: () => Promise<void>;
}

const SCRIPT = new URL("postgres-up.sh", import.meta.url);
const SUPERUSER = "expunge";

/**
 * Starts a server on 127.0.0.1 from nothing, beside others that run.
 * @param settings further lines of its configuration, e.g. `max_connections`
 */
export async function startPostgres(
  settings: Readonly<Record<string, string | number>> = {},
): Promise<PostgresServer> {
  const [port = 0] = await freePorts(1);
  const password = randomBytes(12).toString("hex");
  const held = new HeldProcess(SCRIPT, {
    NATIVE: await postgresBinaries(),
    DIR: await mkdtemp(join(tmpdir(), "expunge-postgres-")),
    PORT: String(port),
    SUPERUSER,
    PASSWORD: password,
    SETTINGS: Object.entries(settings)
      .map(([name, value]) => `${name}=${value}`)
      .join("\n"),
  });
  await held.expect("ready");
  return {
    url: `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`,
    kill: () => held.tell("kill", "killed"),
    shutDown: () => held.tell("shut-down", "down"),
    start: () => held.tell("start", "ready"),
    stop: () => held.stop(),
  };
}

/** The server that whoever runs the tests has named, or null. */
export function givenPostgres(env: NodeJS.ProcessEnv): string | null {
  const url = env["EXPUNGE_TEST_DATABASE"] ?? "";
  return url === "" ? null : url;
}

/** A database of its own on a server. */
export interface TestDatabase {
  readonly url: string;
  /** Removes it with all connections to it. */
  readonly drop: () => Promise<void>;
}

/** Makes an empty database. @param clauses what follows in `create database`, e.g. its encoding */
export async function createDatabase(serverUrl: string, clauses = ""): Promise<TestDatabase> {
  const name = `expunge_test_${randomBytes(8).toString("hex")}`;
  await runSql(serverUrl, `create database ${name} ${clauses}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => runSql(serverUrl, `drop database if exists ${name} with (force)`),
  };
}

/** Runs statements on a connection of its own, past everything of expunge. */
export async function runSql(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
