import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** Tokens, sessions and sign-in codes: of each secret its hash alone. And whose deletions are counted. */
const STATEMENTS = [
  `create table expunge.tokens (
    id ${TEXT} primary key,
    name ${TEXT} not null,
    owner ${TEXT} not null,
    rights json not null,
    hash ${TEXT} not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint
  )`,
  `create table expunge.sessions (
    id ${TEXT} primary key,
    owner ${TEXT} not null,
    rights json not null,
    hash ${TEXT} not null,
    created_at bigint not null,
    expires_at bigint not null
  )`,
  `create table expunge.sign_in_codes (
    id ${TEXT} primary key,
    owner ${TEXT} not null,
    rights json not null,
    hash ${TEXT} not null,
    expires_at bigint not null
  )`,
  `create index deletions_by_requester on expunge.deletions (requested_by, requested_at)
    where state <> 'restored'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
