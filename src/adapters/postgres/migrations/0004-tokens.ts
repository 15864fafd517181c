import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** API tokens: of each secret its hash alone. And by whom deletions were requested, for their cap. */
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
  `create index deletions_by_requester on expunge.deletions (requested_by, requested_at)
    where state <> 'restored'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
