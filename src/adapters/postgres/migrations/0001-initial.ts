import { type Kysely, sql } from "kysely";

/**
 * `"C"` everywhere: texts sort and compare by their UTF-8 bytes, as object stores list keys, whatever
 * the collation of the database is.
 */
const TEXT = `text collate "C"`;

const PROJECTS = [
  `create table expunge.projects (
    uid ${TEXT} primary key,
    id ${TEXT} not null unique,
    name ${TEXT} not null,
    owner ${TEXT} not null,
    state ${TEXT} not null check (state in ('active', 'trashed', 'deleting', 'deleted')),
    file_count bigint not null default 0 check (file_count >= 0),
    size_bytes bigint not null default 0 check (size_bytes >= 0),
    quota_bytes bigint,
    created_at bigint not null,
    expires_at bigint,
    hold_reason ${TEXT},
    hold_placed_at bigint,
    metadata json not null,
    check ((hold_reason is null) = (hold_placed_at is null))
  )`,
  `create index projects_standing on expunge.projects (uid) where state <> 'deleted'`,
  `create index projects_of_owner on expunge.projects (owner, uid)`,
];

const FILES = [
  `create table expunge.files (
    uid ${TEXT} not null unique,
    project_uid ${TEXT} not null references expunge.projects (uid),
    path ${TEXT} not null,
    key ${TEXT},
    size_bytes bigint not null check (size_bytes >= 0),
    content_type ${TEXT} not null,
    etag ${TEXT} not null,
    sha256 ${TEXT},
    created_at bigint not null,
    updated_at bigint not null,
    metadata json not null,
    primary key (project_uid, path)
  )`,
  `create index files_by_key on expunge.files (project_uid, key) where key is not null`,
  `create table expunge.uploads (
    id ${TEXT} primary key,
    project_uid ${TEXT} not null references expunge.projects (uid),
    path ${TEXT} not null,
    key ${TEXT} not null,
    file_uid ${TEXT} not null,
    state ${TEXT} not null check (state in ('open', 'completing', 'committed', 'aborting')),
    store_upload_id ${TEXT},
    size_bytes bigint,
    part_size_bytes bigint not null,
    content_type ${TEXT} not null,
    metadata json not null,
    direct boolean not null,
    created_at bigint not null,
    expires_at bigint not null,
    changed_at bigint not null,
    settled boolean not null default false
  )`,
  `create index uploads_by_key on expunge.uploads (project_uid, key)`,
  `create index uploads_by_expiry on expunge.uploads (expires_at)`,
  `create index uploads_midst on expunge.uploads (changed_at) where state in ('completing', 'aborting')`,
  `create table expunge.removals (
    key ${TEXT} primary key,
    project_uid ${TEXT} not null references expunge.projects (uid),
    size_bytes bigint not null,
    requested_at bigint not null,
    due_at bigint not null,
    attempts integer not null default 0,
    code ${TEXT},
    message ${TEXT}
  )`,
  `create index removals_by_key on expunge.removals (project_uid, key)`,
  `create index removals_by_age on expunge.removals (requested_at, key)`,
];

const DELETIONS = [
  // No foreign key to the project, whose row is locked when one is made and never goes: PostgreSQL
  // checks it again where a row is updated twice in one transaction, which locks the project after the
  // deletion, against the order of locks. Measured: deadlocks.
  `create table expunge.deletions (
    id ${TEXT} primary key,
    number bigint generated always as identity unique,
    project_uid ${TEXT} not null,
    project_id ${TEXT} not null,
    owner ${TEXT} not null,
    state ${TEXT} not null
      check (state in ('trashed', 'deleting', 'verifying', 'completed', 'restored')),
    blocked_reason ${TEXT},
    blocked_code ${TEXT},
    blocked_since bigint,
    blocked_retry_at bigint,
    requested_at bigint not null,
    requested_by ${TEXT} not null,
    purge_after bigint not null,
    purge_started_at bigint,
    tombstone_key ${TEXT},
    fenced_at bigint,
    verified_at bigint,
    completed_at bigint,
    attempts integer not null default 0,
    token bigint not null default 0,
    lease_until bigint not null default 0,
    revision bigint not null default 0,
    salt bytea not null,
    evidence json not null default '[]',
    check ((blocked_since is null) = (blocked_retry_at is null)),
    check ((state = 'completed') = (completed_at is not null))
  )`,
  `create unique index deletions_one_standing on expunge.deletions (project_uid)
    where state <> 'restored'`,
  `create index deletions_by_age on expunge.deletions (requested_at, id)`,
  `create index deletions_under_way on expunge.deletions (purge_after, id)
    where state in ('trashed', 'deleting', 'verifying')`,
  `create table expunge.surface_counts (
    deletion bigint not null,
    surface ${TEXT} not null,
    found bigint not null default 0,
    gone bigint not null default 0,
    absent bigint not null default 0,
    failed bigint not null default 0,
    blocked bigint not null default 0,
    unknown bigint not null default 0,
    bytes bigint not null default 0,
    primary key (deletion, surface)
  )`,
  // No foreign keys on the two that grow with a project: one look-up per row would be their price,
  // and deletions are never removed.
  `create table expunge.removal_log (
    deletion bigint not null,
    key_hash bytea not null,
    leaf bytea not null,
    surface ${TEXT} not null,
    bytes bigint not null,
    seen boolean not null,
    primary key (deletion, key_hash)
  )`,
  `create index removal_log_leaves on expunge.removal_log (deletion, leaf) where seen`,
  `create index removal_log_absent on expunge.removal_log (deletion, surface) where not seen`,
  `create table expunge.residue (
    deletion bigint not null,
    ordinal bigint generated always as identity,
    surface ${TEXT} not null,
    key bytea not null,
    outcome ${TEXT} not null check (outcome in ('failed', 'blocked', 'unknown')),
    code ${TEXT} not null,
    message ${TEXT} not null,
    primary key (deletion, ordinal)
  )`,
  `create index residue_by_key on expunge.residue (deletion, key, surface, ordinal)`,
];

const RECEIPTS = [
  // I7: at most one receipt per project, whatever happens above.
  `create table expunge.receipts (
    project_uid ${TEXT} primary key references expunge.projects (uid),
    deletion_id ${TEXT} not null unique references expunge.deletions (id),
    owner ${TEXT} not null,
    sequence bigint not null unique,
    jws ${TEXT} not null,
    hash ${TEXT} not null,
    issued_at bigint not null,
    copied boolean not null default false
  )`,
  `create index receipts_uncopied on expunge.receipts (sequence) where not copied`,
  `create table expunge.chain_head (
    single boolean primary key default true check (single),
    sequence bigint not null,
    hash ${TEXT},
    check ((sequence = 0) = (hash is null))
  )`,
  `insert into expunge.chain_head (sequence, hash) values (0, null)`,
  `create table expunge.public_keys (
    kid ${TEXT} primary key,
    key json not null,
    ordinal bigint generated always as identity
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...PROJECTS, ...FILES, ...DELETIONS, ...RECEIPTS]) {
    await sql.raw(statement).execute(db);
  }
}
