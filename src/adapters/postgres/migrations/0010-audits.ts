import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** Comparisons of store and rows: what they read in the order of keys, and what they found. */
const STATEMENTS = [
  `create index files_in_key_order on expunge.files (key, uid) where key is not null`,
  `create index uploads_in_key_order on expunge.uploads (key)`,
  `create table expunge.audits (
    id ${TEXT} primary key,
    number bigint generated always as identity unique,
    requested_at bigint not null,
    requested_by ${TEXT} not null,
    fix ${TEXT} not null check (fix in ('none', 'orphans', 'dangling')),
    min_age_ms bigint not null,
    read_percent double precision not null,
    attempts integer not null default 0,
    completed_at bigint,
    token bigint not null default 0,
    lease_until bigint not null default 0,
    progress json not null
  )`,
  `create index audits_under_way on expunge.audits (requested_at, id) where completed_at is null`,
  `create index audits_by_age on expunge.audits (requested_at, id)`,
  // Keys as UTF-8 bytes: a key in the store may hold what text cannot (NUL). No file names.
  `create table expunge.audit_findings (
    audit bigint not null references expunge.audits (number) on delete cascade,
    ordinal bigint generated always as identity,
    kind ${TEXT} not null,
    key bytea not null,
    upload_id ${TEXT},
    project_uid ${TEXT},
    file_uid ${TEXT},
    size_bytes bigint,
    row_bytes bigint,
    modified_at bigint not null,
    mismatch ${TEXT},
    outcome ${TEXT} check (outcome in ('fixed', 'spared', 'failed')),
    code ${TEXT},
    primary key (audit, ordinal)
  )`,
  `create index audit_findings_open on expunge.audit_findings (audit, kind, ordinal)
    where outcome is null`,
  `create index audit_findings_of_project on expunge.audit_findings (project_uid)
    where project_uid is not null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
