import type * as port from "../../ports/metadata/index.ts";
import { DeletionCalls } from "./deletion-calls.ts";
import * as auditLog from "./audit-log.ts";
import * as webhooks from "./webhooks.ts";

/** The part of the metadata port that tells others, and what was asked by whom. */
export abstract class WebhookCalls
  extends DeletionCalls
  implements port.WebhookStore, port.AuditLogStore
{
  appendAudit(records: readonly port.AuditRecord[]): Promise<void> {
    return this.insert(records.length, (tx) => auditLog.appendAudit(tx, records));
  }
  listAudit(query: port.AuditQuery): Promise<readonly port.AuditEntry[]> {
    return this.read((tx) => auditLog.listAudit(tx, query));
  }

  registerWebhooks(endpoints: Parameters<port.WebhookStore["registerWebhooks"]>[0]): Promise<void> {
    return this.transact((tx) => webhooks.registerWebhooks(tx, endpoints));
  }
  listWebhooks(): Promise<readonly port.WebhookState[]> {
    return this.read(webhooks.listWebhooks);
  }
  dueWebhooks(): Promise<readonly string[]> {
    return this.read(webhooks.dueWebhooks);
  }
  claimDeliveries(
    webhookId: string,
    limit: number,
    leaseMs: number,
  ): Promise<readonly port.WebhookDelivery[]> {
    return this.transact((tx) => webhooks.claimDeliveries(tx, webhookId, limit, leaseMs));
  }
  finishDelivery(id: string): Promise<void> {
    return this.transact((tx) => webhooks.finishDelivery(tx, id));
  }
  postponeDelivery(
    id: string,
    failure: port.WebhookFailure,
    delayMs: number | null,
  ): Promise<void> {
    return this.transact((tx) => webhooks.postponeDelivery(tx, id, failure, delayMs));
  }
  disableWebhook(webhookId: string, failure: port.WebhookFailure): Promise<void> {
    return this.transact((tx) => webhooks.disableWebhook(tx, webhookId, failure));
  }
  retryDeliveries(webhookId: string): Promise<number> {
    return this.transact((tx) => webhooks.retryDeliveries(tx, webhookId));
  }
  forgetDeliveries(ageMs: number, limit: number): Promise<number> {
    return this.transact((tx) => webhooks.forgetDeliveries(tx, ageMs, limit));
  }
}
