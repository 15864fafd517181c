import type { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { DatabaseError } from "../../../core/database-errors.ts";
import { ExpungeError, messageOf } from "../../../core/errors.ts";
import { sqlState } from "../session.ts";
import { SCHEMA } from "../schema.ts";
import * as initial from "./0001-initial.ts";
import * as storeBinding from "./0002-store-binding.ts";
import * as afterCompletion from "./0003-after-completion.ts";
import * as tokens from "./0004-tokens.ts";
import * as webhooks from "./0005-webhooks.ts";
import * as auditLog from "./0006-audit-log.ts";
import * as idempotent from "./0008-idempotent.ts";
import * as sweeps from "./0009-sweeps.ts";
import * as audits from "./0010-audits.ts";
import * as cdnTargets from "./0011-cdn-targets.ts";
import * as runs from "./0012-runs.ts";
import * as relayouts from "./0013-relayouts.ts";
import * as auditListing from "./0014-audit-listing.ts";

/** In order; a name that was published is never changed. There is no way down: rows are evidence. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-initial": initial,
  "0002-store-binding": storeBinding,
  "0003-after-completion": afterCompletion,
  "0004-tokens": tokens,
  "0005-webhooks": webhooks,
  "0006-audit-log": auditLog,
  "0008-idempotent": idempotent,
  "0009-sweeps": sweeps,
  "0010-audits": audits,
  "0011-cdn-targets": cdnTargets,
  "0012-runs": runs,
  "0013-relayouts": relayouts,
  "0014-audit-listing": auditListing,
};

/** Of every migration of this version, in order. */
export const MIGRATION_NAMES: readonly string[] = Object.keys(MIGRATIONS);

const PRIVILEGE_MISSING = "42501";
/** How the migrator speaks of one that is done and that this version does not know. */
const NEWER = /previously executed migration (\S+) is missing/;

/**
 * Brings the tables up to this version. Safe to be called by several processes at once.
 * @throws ExpungeError `invalid-config` where the user may not make them, or they are of a newer version
 */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
    migrationTableSchema: SCHEMA,
    migrationTableName: "migrations",
    migrationLockTableName: "migrations_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw failure(error);
}

function failure(cause: unknown): unknown {
  if (cause instanceof DatabaseError) return cause;
  if (sqlState(cause) === PRIVILEGE_MISSING) {
    const message =
      "The user of the database may not make expunge's tables in it; grant it CREATE on the database.";
    return new ExpungeError("invalid-config", message, { cause });
  }
  const newer = NEWER.exec(messageOf(cause))?.[1];
  if (newer !== undefined) {
    const message = `The database's tables are those of a newer expunge ('${newer}'); run that one.`;
    return new ExpungeError("invalid-config", message, { cause });
  }
  return new Error("The database's tables could not be brought up to date.", { cause });
}
