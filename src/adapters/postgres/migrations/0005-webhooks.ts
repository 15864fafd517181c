import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** The outbox of webhooks. No foreign keys: an event must not wait for an endpoint's row. */
const STATEMENTS = [
  `create table expunge.webhooks (
    id ${TEXT} primary key,
    events text[] not null,
    disabled_at bigint,
    error_code ${TEXT},
    error_message ${TEXT},
    error_at bigint,
    check ((error_code is null) = (error_at is null) and (error_code is null) = (error_message is null))
  )`,
  `create table expunge.deliveries (
    id ${TEXT} primary key,
    webhook_id ${TEXT} not null,
    type ${TEXT} not null,
    data json not null,
    at bigint not null,
    due_at bigint,
    attempts integer not null default 0
  )`,
  `create index deliveries_due on expunge.deliveries (webhook_id, due_at) where due_at is not null`,
  `create index deliveries_failed on expunge.deliveries (webhook_id) where due_at is null`,
  `create index deliveries_by_age on expunge.deliveries (at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
