import { type Kysely, sql } from "kysely";

/** One row at most: the store that the rows belong to. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create table expunge.store_binding (
        single boolean primary key default true check (single),
        store_id text collate "C" not null
      )`,
    )
    .execute(db);
}
