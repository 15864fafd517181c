import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** What creations were named by, so that a repeated request makes nothing twice. */
const STATEMENTS = [
  `create table expunge.idempotent (
    subject ${TEXT} not null,
    key_hash bytea not null,
    fingerprint bytea not null,
    project_uid ${TEXT} not null,
    resource ${TEXT} not null,
    created_at bigint not null,
    primary key (subject, key_hash)
  )`,
  `create index idempotent_of_project on expunge.idempotent (project_uid)`,
  `create index idempotent_by_age on expunge.idempotent (created_at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
