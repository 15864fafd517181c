import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** What a CDN is to purge for a deletion: by name until it was accepted, then by its hash. */
const STATEMENTS = [
  `create table expunge.cdn_targets (
    deletion bigint not null,
    hash bytea not null,
    target ${TEXT},
    accepted_at bigint,
    primary key (deletion, hash),
    check ((target is null) = (accepted_at is not null))
  )`,
  `create index cdn_targets_pending on expunge.cdn_targets (deletion, hash) where accepted_at is null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
