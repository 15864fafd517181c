import type * as port from "../../../ports/metadata/index.ts";
import { MemoryDeletionCalls } from "./deletion-calls.ts";
import * as webhooks from "./webhooks.ts";

/** The part of the metadata port that tells others, and what was asked by whom. */
export abstract class MemoryWebhookCalls
  extends MemoryDeletionCalls
  implements port.WebhookStore, port.AuditLogStore
{
  /** No part of a snapshot: nothing else refers to it. */
  readonly #auditLog: port.AuditEntry[] = [];

  async appendAudit(records: readonly port.AuditRecord[]): Promise<void> {
    const at = this.clock.now();
    for (const record of records) {
      this.#auditLog.push({ sequence: this.#auditLog.length + 1, at, ...record });
    }
  }
  async listAudit({
    projectId,
    limit,
    after,
  }: port.AuditQuery): Promise<readonly port.AuditEntry[]> {
    return this.#auditLog
      .filter((entry) => projectId === undefined || entry.projectId === projectId)
      .filter(({ sequence }) => after === undefined || sequence < after)
      .slice(-limit)
      .reverse()
      .map((entry) => ({ ...entry }));
  }

  async registerWebhooks(
    endpoints: Parameters<port.WebhookStore["registerWebhooks"]>[0],
  ): Promise<void> {
    this.run((tx) => webhooks.registerWebhooks(tx, endpoints));
  }
  async listWebhooks(): Promise<readonly port.WebhookState[]> {
    return this.run(webhooks.listWebhooks);
  }
  async dueWebhooks(): Promise<readonly string[]> {
    return this.run(webhooks.dueWebhooks);
  }
  async claimDeliveries(
    webhookId: string,
    limit: number,
    leaseMs: number,
  ): Promise<readonly port.WebhookDelivery[]> {
    return this.run((tx) => webhooks.claimDeliveries(tx, webhookId, limit, leaseMs));
  }
  async finishDelivery(id: string): Promise<void> {
    this.run((tx) => webhooks.finishDelivery(tx, id));
  }
  async postponeDelivery(
    id: string,
    failure: port.WebhookFailure,
    delayMs: number | null,
  ): Promise<void> {
    this.run((tx) => webhooks.postponeDelivery(tx, id, failure, delayMs));
  }
  async disableWebhook(webhookId: string, failure: port.WebhookFailure): Promise<void> {
    this.run((tx) => webhooks.disableWebhook(tx, webhookId, failure));
  }
  async retryDeliveries(webhookId: string): Promise<number> {
    return this.run((tx) => webhooks.retryDeliveries(tx, webhookId));
  }
  async forgetDeliveries(ageMs: number, limit: number): Promise<number> {
    return this.run((tx) => webhooks.forgetDeliveries(tx, ageMs, limit));
  }
}
