import { type Kysely, sql } from "kysely";
import { DATABASE_CLOCK } from "../../src/adapters/postgres/session.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";
import type { Migrated } from "../../src/adapters/postgres/store-base.ts";
import type { Subject } from "./metadata-store.ts";

/** A table that only tests have: how far the database's clock is moved, for all its sessions. */
const MAKE_OFFSET = sql`
  create schema expunge_test
  create table clock (offset_ms bigint not null)`;
const MOVED_CLOCK = sql<number>`(${DATABASE_CLOCK} + (select offset_ms from expunge_test.clock))`;

/** Deleting is quicker than truncating where there is little; in the order of the references. */
const TABLES =
  "adopted_projects run_notes runs audit_findings audits amendments receipts returned settles residue removal_log surface_counts deletions removals uploads files projects public_keys " +
  "store_binding idempotent tokens sweeps sessions sign_in_codes webhooks deliveries";

/** Adds to a database whose tables are there what the suite moves its clock by. */
export async function makeMovable<T>(db: Kysely<T>): Promise<void> {
  await MAKE_OFFSET.execute(db);
  await sql`insert into expunge_test.clock values (0)`.execute(db);
}

/** The store for one test, in a database that all tests of a file use: empty, the clock unmoved. */
export async function emptied(migrated: Migrated): Promise<Subject> {
  const { db } = migrated;
  await db.transaction().execute(async (tx) => {
    for (const table of TABLES.split(" "))
      await sql.raw(`delete from expunge.${table}`).execute(tx);
    // Nobody else may: the trigger is what the migration's test is about.
    await sql`alter table expunge.audit_log disable trigger all`.execute(tx);
    await sql`delete from expunge.audit_log`.execute(tx);
    await sql`alter table expunge.audit_log enable trigger all`.execute(tx);
    await sql`update expunge.chain_head set sequence = 0, hash = null`.execute(tx);
    await sql`update expunge_test.clock set offset_ms = 0`.execute(tx);
  });
  return {
    store: new PostgresMetadataStore(migrated, { clock: MOVED_CLOCK }),
    advance: async (ms) => {
      await sql`update expunge_test.clock set offset_ms = offset_ms + ${ms}`.execute(db);
    },
    cleanup: () => Promise.resolve(),
  };
}
