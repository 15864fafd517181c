import { type Dialect, Kysely, type RawBuilder } from "kysely";
import type { Instant } from "../../core/model.ts";
import { migrate } from "./migrations/index.ts";
import type { Tables } from "./schema.ts";
import { DATABASE_CLOCK, read, type Session, transact } from "./session.ts";
import { type Upkeep, UpkeepSchedule } from "./upkeep.ts";

export interface PostgresStoreOptions {
  /** Null (the default) where the database looks after itself. */
  readonly upkeep?: Upkeep | null;
  /** How the database's time is read; tests add to it. */
  readonly clock?: RawBuilder<Instant>;
}

/** A database whose tables are up to date. */
export interface Migrated {
  readonly db: Kysely<Tables>;
}

export async function openMigrated(dialect: Dialect): Promise<Migrated> {
  const db = new Kysely<Tables>({ dialect });
  await migrate(db);
  return { db };
}

/** How the operations are run. */
export abstract class StoreBase {
  readonly #session: Session;
  protected readonly upkeep: UpkeepSchedule;

  constructor({ db }: Migrated, options: PostgresStoreOptions = {}) {
    this.#session = { db, clock: options.clock ?? DATABASE_CLOCK };
    this.upkeep = new UpkeepSchedule(options.upkeep ?? null);
  }

  protected transact<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return transact(this.#session, work);
  }

  /** A single statement, or several that need not be of one moment. */
  protected read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return read(this.#session, work);
  }

  protected async insert<T>(count: number, work: (session: Session) => Promise<T>): Promise<T> {
    await this.upkeep.inserting(count);
    return await this.transact(work);
  }

  /** Lets go of the database's connections. An embedded database is closed by who opened it. */
  async close(): Promise<void> {
    await this.#session.db.destroy();
  }
}
