import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** What operators do to many objects at once: adoptions. */
const STATEMENTS = [
  `create table expunge.runs (
    id ${TEXT} primary key,
    number bigint generated always as identity unique,
    kind ${TEXT} not null,
    requested_at bigint not null,
    requested_by ${TEXT} not null,
    request json not null,
    attempts integer not null default 0,
    completed_at bigint,
    token bigint not null default 0,
    lease_until bigint not null default 0,
    progress json not null
  )`,
  `create index runs_under_way on expunge.runs (requested_at, id) where completed_at is null`,
  // Keys as UTF-8 bytes: a key in the store may hold what text cannot (NUL).
  `create table expunge.run_notes (
    run bigint not null references expunge.runs (number) on delete cascade,
    ordinal bigint generated always as identity,
    project_id ${TEXT} not null,
    key bytea not null,
    code ${TEXT} not null,
    primary key (run, ordinal)
  )`,
  `create index run_notes_of_project on expunge.run_notes (project_id)`,
  `create table expunge.adopted_projects (
    run bigint not null references expunge.runs (number) on delete cascade,
    project_id ${TEXT} not null,
    is_new boolean not null,
    objects bigint not null,
    bytes bigint not null,
    primary key (run, project_id)
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
