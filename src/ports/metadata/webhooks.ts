import type { Instant } from "../../core/model.ts";
import type { WebhookEventType } from "../../core/webhooks.ts";

/** A message to one endpoint that is not delivered yet. */
export interface WebhookDelivery {
  /** The same for every attempt, and never that of another message. */
  readonly id: string;
  readonly webhookId: string;
  readonly type: WebhookEventType;
  readonly data: Readonly<Record<string, unknown>>;
  /** When it happened. */
  readonly at: Instant;
  /** The one under way included. */
  readonly attempts: number;
}

export interface WebhookFailure {
  readonly code: string;
  readonly message: string;
}

export interface WebhookState {
  readonly id: string;
  /** When the endpoint said that it wants no more; null where it did not since the last start. */
  readonly disabledAt: Instant | null;
  readonly pending: number;
  /** Given up, until they are tried again by hand. */
  readonly failed: number;
  readonly lastError: (WebhookFailure & { readonly at: Instant }) | null;
}

/**
 * The outbox of webhooks. What tells of an event writes it down, for each endpoint that wants its type,
 * in the transaction of the event: `completeDeletion`, `setBlocked` where the deletion was not blocked,
 * `finishSettle` with an amendment, commits of files (with `file.deleted` for one that was replaced) and
 * `removeFile`. At least once, in no order.
 */
export interface WebhookStore {
  /**
   * From here on events are written for these endpoints, and for no others. What was disabled is so no
   * longer. Messages of endpoints that are no longer named are kept, and wait.
   */
  registerWebhooks(
    endpoints: readonly { readonly id: string; readonly events: readonly WebhookEventType[] }[],
  ): Promise<void>;
  /** By id. */
  listWebhooks(): Promise<readonly WebhookState[]>;
  /** Endpoints, not disabled, with messages that are due. */
  dueWebhooks(): Promise<readonly string[]>;
  /**
   * Takes messages that are due, the oldest first, and raises their attempts; they are due again after
   * the lease, should nobody say what became of them.
   */
  claimDeliveries(
    webhookId: string,
    limit: number,
    leaseMs: number,
  ): Promise<readonly WebhookDelivery[]>;
  /** The message was delivered and is forgotten. Idempotent. */
  finishDelivery(id: string): Promise<void>;
  /** An attempt failed. The next is due after the delay; null gives up. Nothing for unknown ones. */
  postponeDelivery(id: string, failure: WebhookFailure, delayMs: number | null): Promise<void>;
  /** Nothing is due for the endpoint until it is registered again. Idempotent. */
  disableWebhook(webhookId: string, failure: WebhookFailure): Promise<void>;
  /** Makes what was given up due now, as if it were new; answers how many. */
  retryDeliveries(webhookId: string): Promise<number>;
  /** Forgets up to `limit` messages that are older, delivered or not; answers how many. */
  forgetDeliveries(ageMs: number, limit: number): Promise<number>;
}
