import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** Entries can be added and nothing else: the trigger refuses it to everybody, owners included. */
const STATEMENTS = [
  `create table expunge.audit_log (
    sequence bigint generated always as identity primary key,
    at bigint not null,
    caller_kind ${TEXT} not null check (caller_kind in ('admin', 'token', 'user', 'none')),
    subject ${TEXT},
    token_id ${TEXT},
    operation ${TEXT} not null,
    project_id ${TEXT},
    deletion_id ${TEXT},
    outcome ${TEXT} not null,
    request_id ${TEXT} not null
  )`,
  `create index audit_log_of_project on expunge.audit_log (project_id, sequence)
    where project_id is not null`,
  `create function expunge.refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception 'entries of % are neither changed nor removed', tg_table_name
      using errcode = 'insufficient_privilege';
  end $$`,
  `create trigger audit_log_append_only before update or delete or truncate on expunge.audit_log
    for each statement execute function expunge.refuse_change()`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
