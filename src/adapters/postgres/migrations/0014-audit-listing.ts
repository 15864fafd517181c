import { type Kysely, sql } from "kysely";

/**
 * How many ranges of keys an audit compares at a time, and whether it puts orphans aside: whoever goes on
 * with it keeps to that.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table expunge.audits
    add column listing_concurrency integer not null default 1 check (listing_concurrency > 0),
    add column quarantine boolean not null default false`.execute(db);
}
