import type { PGlite, Transaction } from "@electric-sql/pglite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PGliteAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";
import type { Mutex } from "./mutex.ts";

/**
 * Kysely on PGlite. The built-in driver keeps the transaction of its one connection in a field and
 * waits for ever when BEGIN fails; this one hands the session to one holder at a time, by a mutex that
 * all users of the database share (the job queue too), and fails where the database fails.
 */
export class EmbeddedDialect implements Dialect {
  readonly #pglite: PGlite;
  readonly #mutex: Mutex;

  constructor(pglite: PGlite, mutex: Mutex) {
    this.#pglite = pglite;
    this.#mutex = mutex;
  }

  createAdapter(): PGliteAdapter {
    return new PGliteAdapter();
  }

  createDriver(): Driver {
    return new EmbeddedDriver(this.#pglite, this.#mutex);
  }

  createIntrospector(db: Kysely<unknown>): PostgresIntrospector {
    return new PostgresIntrospector(db);
  }

  createQueryCompiler(): PostgresQueryCompiler {
    return new PostgresQueryCompiler();
  }
}

class EmbeddedDriver implements Driver {
  readonly #pglite: PGlite;
  readonly #mutex: Mutex;

  constructor(pglite: PGlite, mutex: Mutex) {
    this.#pglite = pglite;
    this.#mutex = mutex;
  }

  async init(): Promise<void> {
    await this.#pglite.waitReady;
  }

  async acquireConnection(): Promise<EmbeddedConnection> {
    return new EmbeddedConnection(this.#pglite, await this.#mutex.acquire());
  }

  async releaseConnection(connection: EmbeddedConnection): Promise<void> {
    connection.release();
  }

  /** One session has nobody to be isolated from: the isolation level that was asked for is moot. */
  async beginTransaction(connection: EmbeddedConnection): Promise<void> {
    await connection.begin();
  }

  async commitTransaction(connection: EmbeddedConnection): Promise<void> {
    await connection.commit();
  }

  async rollbackTransaction(connection: EmbeddedConnection): Promise<void> {
    await connection.rollback();
  }

  /** Who opened the database closes it. */
  async destroy(): Promise<void> {}
}

interface Open {
  readonly tx: Transaction;
  readonly end: (outcome: "commit" | "rollback") => void;
  readonly ended: Promise<void>;
}

class EmbeddedConnection implements DatabaseConnection {
  readonly #pglite: PGlite;
  readonly release: () => void;
  #open: Open | null = null;

  constructor(pglite: PGlite, release: () => void) {
    this.#pglite = pglite;
    this.release = release;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const target = this.#open?.tx ?? this.#pglite;
    const result = await target.query<R>(query.sql, [...query.parameters]);
    const affected = result.affectedRows;
    return {
      rows: result.rows,
      ...(affected === undefined ? {} : { numAffectedRows: BigInt(affected) }),
    };
  }

  /** PGlite's own transactions keep out those who use the database past the mutex. */
  async begin(): Promise<void> {
    const { promise: opened, resolve: open, reject: fail } = Promise.withResolvers<Open>();
    const { promise: decided, resolve: end } = Promise.withResolvers<"commit" | "rollback">();
    const ended = this.#pglite.transaction(async (tx) => {
      open({ tx, end, ended: settled });
      if ((await decided) === "rollback") await tx.rollback();
    });
    const settled = ended.then(() => undefined);
    // Only a failing BEGIN gets here before the transaction is open; later `end` reports it.
    settled.catch(fail);
    this.#open = await opened;
  }

  async commit(): Promise<void> {
    await this.#finish("commit");
  }

  async rollback(): Promise<void> {
    await this.#finish("rollback");
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    yield await Promise.reject(new Error("PGlite has one session: page by key instead"));
  }

  async #finish(outcome: "commit" | "rollback"): Promise<void> {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    open.end(outcome);
    await open.ended;
  }
}
