import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** Expiry, the later looks at completed deletions, and what they found. */
const STATEMENTS = [
  `create index projects_expiring on expunge.projects (expires_at, uid)
    where state = 'active' and expires_at is not null and hold_placed_at is null`,
  `alter table expunge.deletions
    add column settle_due_at bigint,
    add column settle_later json not null default '[]',
    add column settle_tries integer not null default 0,
    add column settle_left bigint not null default 0`,
  `create index deletions_settling on expunge.deletions (settle_due_at, id)
    where settle_due_at is not null`,
  `create index deletions_buried on expunge.deletions (purge_started_at)
    where tombstone_key is not null`,
  `create table expunge.settles (
    deletion bigint not null,
    ordinal bigint generated always as identity,
    at bigint not null,
    result ${TEXT} not null check (result in ('clean', 'amended', 'unknown')),
    found bigint not null,
    primary key (deletion, ordinal)
  )`,
  // What came back: of amendment 0 until one states it.
  `create table expunge.returned (
    deletion bigint not null,
    amendment bigint not null default 0,
    key_hash bytea not null,
    leaf bytea not null,
    surface ${TEXT} not null,
    bytes bigint not null,
    primary key (deletion, amendment, key_hash)
  )`,
  `create index returned_by_hash on expunge.returned (deletion, key_hash)`,
  `create table expunge.amendments (
    sequence bigint primary key,
    project_uid ${TEXT} not null references expunge.receipts (project_uid),
    deletion_id ${TEXT} not null references expunge.deletions (id),
    owner ${TEXT} not null,
    jws ${TEXT} not null,
    hash ${TEXT} not null,
    issued_at bigint not null,
    copied boolean not null default false
  )`,
  `create index amendments_of_project on expunge.amendments (project_uid, sequence)`,
  `create index amendments_uncopied on expunge.amendments (sequence) where not copied`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
