import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type { Pool, PoolClient } from "pg";
import type { DatabaseError } from "../../core/database-errors.ts";
import type { Log } from "../../ports/log.ts";
import { connectingError, databaseErrorOf, endsConnection, type Place } from "./failures.ts";

/**
 * The driver's pool as kysely uses it, with what both leave open: an error of a connection that is in
 * use ends no process; a connection on which an answer did not come is never used again, since that
 * answer could still come; and every failure of the database is a `DatabaseError`.
 */
export class ConnectionPool implements PostgresPool {
  readonly #pool: Pool;
  readonly #place: Place;
  readonly #waitMs: number;

  /** @param waitMs how long the pool waits for a connection, for the message */
  constructor(pool: Pool, place: Place, waitMs: number, log: Log) {
    this.#pool = pool;
    this.#place = place;
    this.#waitMs = waitMs;
    // Unheard, it would end the process. The pool replaces such a connection.
    pool.on("error", (error) => log.warn({ err: error }, "idle database connection lost"));
  }

  get options(): object {
    return this.#pool.options;
  }

  /** @throws DatabaseError `unreachable`, `busy` */
  async connect(): Promise<PostgresPoolClient> {
    let client: PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw connectingError(error, this.#place, this.#waitMs);
    }
    return new Connection(client);
  }

  async end(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }
}

/** One use of a connection. */
class Connection implements PostgresPoolClient {
  readonly #client: PoolClient;
  #broken: DatabaseError | null = null;
  /**
   * Heard although a statement under way fails by itself: the pool has taken its own ear off, and what
   * nobody hears ends the process. Between two statements it is the only news.
   */
  readonly #onError = (error: Error): void => {
    this.#broken ??= databaseErrorOf(error);
  };

  constructor(client: PoolClient) {
    this.#client = client;
    client.on("error", this.#onError);
  }

  query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    text: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof text === "string") return this.#run<R>(text, parameters);
    throw new Error("no cursor is held open here: page by key instead");
  }

  async #run<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    // Not sent any more: a rollback would wait for an answer once more, and a COMMIT has no effect.
    if (this.#broken) throw this.#broken;
    try {
      const result: unknown = await this.#client.query(text, [...parameters]);
      return result as PostgresQueryResult<R>;
    } catch (error) {
      const failure = databaseErrorOf(error, text === "commit");
      if (!failure) throw error;
      if (endsConnection(failure)) this.#broken = failure;
      throw failure;
    }
  }

  release(destroy = false): void {
    this.#client.off("error", this.#onError);
    this.#client.release(destroy || this.#broken !== null);
  }
}
