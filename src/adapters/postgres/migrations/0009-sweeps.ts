import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** Sweeps of prefixes that administrators asked the service for. */
const STATEMENTS = [
  `create table expunge.sweeps (
    id ${TEXT} primary key,
    prefix ${TEXT} not null,
    requested_by ${TEXT} not null,
    requested_at bigint not null,
    completed_at bigint,
    attempts integer not null default 0,
    found bigint not null default 0,
    token bigint not null default 0,
    lease_until bigint not null default 0,
    ended json,
    check ((completed_at is null) = (ended is null))
  )`,
  `create index sweeps_open on expunge.sweeps (requested_at, id) where completed_at is null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
