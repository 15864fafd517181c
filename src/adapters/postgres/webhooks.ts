import { sql } from "kysely";
import type { Instant } from "../../core/model.ts";
import type { WebhookEvent, WebhookEvents, WebhookEventType } from "../../core/webhooks.ts";
import type {
  WebhookDelivery,
  WebhookFailure,
  WebhookState,
} from "../../ports/metadata/webhooks.ts";
import type { DeletionRow } from "./schema.ts";
import type { Session } from "./session.ts";

/**
 * Writes events down for each endpoint that wants them, in the caller's transaction. The ids are made
 * by chance and not counted: a restored database must not give one to another message.
 */
export async function emit(
  { db }: Session,
  at: Instant,
  ...events: readonly WebhookEvent[]
): Promise<void> {
  const types = events.map(({ type }) => type);
  const data = events.map((event) => JSON.stringify(event.data));
  await sql`
    insert into expunge.deliveries (id, webhook_id, type, data, at, due_at)
    select 'msg_' || replace(gen_random_uuid()::text, '-', ''), webhook.id, event.type,
      event.data::json, ${at}::bigint, ${at}::bigint
    from expunge.webhooks as webhook
      cross join unnest(${sql.val(types)}::text[], ${sql.val(data)}::text[]) as event (type, data)
    where event.type = any(webhook.events)`.execute(db);
}

export function deletionFacts(
  row: Pick<DeletionRow, "id" | "project_id" | "project_uid">,
): Pick<WebhookEvents["project.deleted"], "projectId" | "projectUid" | "deletionId"> {
  return { projectId: row.project_id, projectUid: row.project_uid, deletionId: row.id };
}

export async function registerWebhooks(
  { db }: Session,
  endpoints: readonly { readonly id: string; readonly events: readonly WebhookEventType[] }[],
): Promise<void> {
  const ids = endpoints.map(({ id }) => id);
  await sql`delete from expunge.webhooks where id <> all(${sql.val(ids)}::text[])`.execute(db);
  for (const { id, events } of endpoints.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    await sql`
      insert into expunge.webhooks (id, events) values (${id}, ${sql.val(events)}::text[])
      on conflict (id) do update set events = excluded.events, disabled_at = null`.execute(db);
  }
}

export async function listWebhooks({ db }: Session): Promise<readonly WebhookState[]> {
  const { rows } = await sql<{
    id: string;
    disabled_at: Instant | null;
    error_code: string | null;
    error_message: string | null;
    error_at: Instant | null;
    pending: number;
    failed: number;
  }>`
    select id, disabled_at, error_code, error_message, error_at,
      (select count(*) from expunge.deliveries where webhook_id = webhooks.id
        and due_at is not null) as pending,
      (select count(*) from expunge.deliveries where webhook_id = webhooks.id
        and due_at is null) as failed
    from expunge.webhooks order by id`.execute(db);
  return rows.map(({ id, disabled_at, error_code, error_message, error_at, pending, failed }) => ({
    id,
    disabledAt: disabled_at,
    pending,
    failed,
    lastError:
      error_code === null || error_message === null || error_at === null
        ? null
        : { code: error_code, message: error_message, at: error_at },
  }));
}

export async function dueWebhooks({ db, clock }: Session): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    with moment as materialized (select ${clock} as now)
    select webhook.id from expunge.webhooks as webhook cross join moment
    where webhook.disabled_at is null and exists (
      select from expunge.deliveries as delivery
      where delivery.webhook_id = webhook.id and delivery.due_at <= moment.now
    )
    order by webhook.id`.execute(db);
  return rows.map(({ id }) => id);
}

export async function claimDeliveries(
  { db, clock }: Session,
  webhookId: string,
  limit: number,
  leaseMs: number,
): Promise<readonly WebhookDelivery[]> {
  const { rows } = await sql<{
    id: string;
    type: WebhookEventType;
    data: WebhookDelivery["data"];
    at: Instant;
    attempts: number;
  }>`
    with moment as materialized (select ${clock} as now),
    chosen as materialized (
      select delivery.id from expunge.deliveries as delivery cross join moment
      where delivery.webhook_id = ${webhookId} and delivery.due_at <= moment.now
        and exists (select from expunge.webhooks where id = ${webhookId} and disabled_at is null)
      order by delivery.due_at, delivery.id
      limit ${limit} for update of delivery skip locked
    )
    update expunge.deliveries as delivery
    set due_at = moment.now + ${leaseMs}::bigint, attempts = delivery.attempts + 1
    from moment, chosen where delivery.id = chosen.id
    returning delivery.id, delivery.type, delivery.data, delivery.at, delivery.attempts`.execute(
    db,
  );
  return rows
    .map((row) => ({ ...row, webhookId }))
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

export async function finishDelivery({ db }: Session, id: string): Promise<void> {
  await db.deleteFrom("expunge.deliveries").where("id", "=", id).execute();
}

export async function postponeDelivery(
  session: Session,
  id: string,
  failure: WebhookFailure,
  delayMs: number | null,
): Promise<void> {
  const { db, clock } = session;
  const { rows } = await sql<{ webhook_id: string }>`
    update expunge.deliveries set due_at = ${clock} + ${delayMs}::bigint
    where id = ${id} returning webhook_id`.execute(db);
  for (const row of rows) await recordError(session, row.webhook_id, failure);
}

async function recordError(
  { db, clock }: Session,
  webhookId: string,
  { code, message }: WebhookFailure,
): Promise<void> {
  await db
    .updateTable("expunge.webhooks")
    .set({ error_code: code, error_message: message, error_at: clock })
    .where("id", "=", webhookId)
    .execute();
}

export async function disableWebhook(
  session: Session,
  webhookId: string,
  failure: WebhookFailure,
): Promise<void> {
  await recordError(session, webhookId, failure);
  await session.db
    .updateTable("expunge.webhooks")
    .set({ disabled_at: session.clock })
    .where("id", "=", webhookId)
    .where("disabled_at", "is", null)
    .execute();
}

export async function retryDeliveries({ db, clock }: Session, webhookId: string): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable("expunge.deliveries")
    .set({ due_at: clock, attempts: 0 })
    .where("webhook_id", "=", webhookId)
    .where("due_at", "is", null)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export async function forgetDeliveries(
  { db, clock }: Session,
  ageMs: number,
  limit: number,
): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    with moment as materialized (select ${clock} as now)
    delete from expunge.deliveries where id in (
      select delivery.id from expunge.deliveries as delivery cross join moment
      where delivery.at <= moment.now - ${ageMs}::bigint order by delivery.at limit ${limit}
    ) returning id`.execute(db);
  return rows.length;
}
