import type { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { SCHEMA } from "../schema.ts";
import * as initial from "./0001-initial.ts";

/** In order; a name that was published is never changed. There is no way down: rows are evidence. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-initial": initial,
};

/** Brings the tables up to this version. Safe to be called by several processes at once. */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
    migrationTableSchema: SCHEMA,
    migrationTableName: "migrations",
    migrationLockTableName: "migrations_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new Error("The database's tables could not be brought up to date.", { cause: error });
  }
}
