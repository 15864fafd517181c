import { compareUtf8 } from "../../../core/encoding.ts";
import type { WebhookEvent, WebhookEvents, WebhookEventType } from "../../../core/webhooks.ts";
import type {
  WebhookDelivery,
  WebhookFailure,
  WebhookState,
} from "../../../ports/metadata/index.ts";
import type { DeletionRow, DeliveryRow, Tx } from "./state.ts";

/** Writes an event down for each endpoint that wants it, in the step of what it tells of. */
export function emit(tx: Tx, { type, data }: WebhookEvent): void {
  const { outbox } = tx.rows;
  for (const { id: webhookId, events } of outbox.webhooks.values()) {
    if (!events.includes(type)) continue;
    const id = `msg_${++outbox.made}`;
    const delivery = { id, webhookId, type, data: { ...data }, at: tx.now, attempts: 0 };
    outbox.deliveries.set(id, { delivery, dueAt: tx.now });
  }
}

export function deletionFacts({
  id,
  projectId,
  projectUid,
}: DeletionRow): Pick<WebhookEvents["project.deleted"], "projectId" | "projectUid" | "deletionId"> {
  return { projectId, projectUid, deletionId: id };
}

export function registerWebhooks(
  { rows: { outbox } }: Tx,
  endpoints: readonly { readonly id: string; readonly events: readonly WebhookEventType[] }[],
): void {
  const known = new Map(outbox.webhooks);
  outbox.webhooks.clear();
  for (const { id, events } of endpoints) {
    const lastError = known.get(id)?.lastError ?? null;
    outbox.webhooks.set(id, { id, events: [...events], disabledAt: null, lastError });
  }
}

export function listWebhooks({ rows: { outbox } }: Tx): readonly WebhookState[] {
  const deliveries = [...outbox.deliveries.values()];
  return [...outbox.webhooks.values()]
    .map(({ id, disabledAt, lastError }) => {
      const own = deliveries.filter(({ delivery }) => delivery.webhookId === id);
      const failed = own.filter(({ dueAt }) => dueAt === null).length;
      return { id, disabledAt, pending: own.length - failed, failed, lastError };
    })
    .sort((a, b) => compareUtf8(a.id, b.id));
}

export function dueWebhooks(tx: Tx): readonly string[] {
  const ids = [...tx.rows.outbox.webhooks.keys()].sort(compareUtf8);
  return ids.filter((id) => due(tx, id).length > 0);
}

function due({ rows: { outbox }, now }: Tx, webhookId: string): readonly DeliveryRow[] {
  if (outbox.webhooks.get(webhookId)?.disabledAt !== null) return [];
  return [...outbox.deliveries.values()]
    .filter(({ delivery }) => delivery.webhookId === webhookId)
    .filter(({ dueAt }) => dueAt !== null && dueAt <= now)
    .sort((a, b) => a.delivery.at - b.delivery.at);
}

export function claimDeliveries(
  tx: Tx,
  webhookId: string,
  limit: number,
  leaseMs: number,
): readonly WebhookDelivery[] {
  return due(tx, webhookId)
    .slice(0, limit)
    .map((row) => {
      row.delivery = { ...row.delivery, attempts: row.delivery.attempts + 1 };
      row.dueAt = tx.now + leaseMs;
      return row.delivery;
    });
}

export function finishDelivery(tx: Tx, id: string): void {
  tx.rows.outbox.deliveries.delete(id);
}

export function postponeDelivery(
  tx: Tx,
  id: string,
  failure: WebhookFailure,
  delayMs: number | null,
): void {
  const row = tx.rows.outbox.deliveries.get(id);
  if (!row) return;
  row.dueAt = delayMs === null ? null : tx.now + delayMs;
  recordError(tx, row.delivery.webhookId, failure);
}

function recordError(tx: Tx, webhookId: string, { code, message }: WebhookFailure): void {
  const webhook = tx.rows.outbox.webhooks.get(webhookId);
  if (webhook) webhook.lastError = { code, message, at: tx.now };
}

export function disableWebhook(tx: Tx, webhookId: string, failure: WebhookFailure): void {
  recordError(tx, webhookId, failure);
  const webhook = tx.rows.outbox.webhooks.get(webhookId);
  if (webhook) webhook.disabledAt ??= tx.now;
}

export function retryDeliveries(tx: Tx, webhookId: string): number {
  const failed = [...tx.rows.outbox.deliveries.values()].filter(
    ({ delivery, dueAt }) => delivery.webhookId === webhookId && dueAt === null,
  );
  for (const row of failed) {
    row.dueAt = tx.now;
    row.delivery = { ...row.delivery, attempts: 0 };
  }
  return failed.length;
}

export function forgetDeliveries(tx: Tx, ageMs: number, limit: number): number {
  const { deliveries } = tx.rows.outbox;
  const old = [...deliveries.values()]
    .filter(({ delivery }) => delivery.at <= tx.now - ageMs)
    .slice(0, limit);
  for (const { delivery } of old) deliveries.delete(delivery.id);
  return old.length;
}
