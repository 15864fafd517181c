import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "./encoding.ts";
import { randomText } from "./ids.ts";
import { itemAt } from "./item-at.ts";
import { WEBHOOK_RETRIES_MS } from "./limits/telling.ts";
import type { Instant } from "./model.ts";

/** What an application can be told of, and what the message names: ids, never paths. */
export interface WebhookEvents {
  "project.deleted": DeletionFacts & { readonly receiptHash: string };
  /** Once for each time that a deletion comes to a halt, not for each attempt that finds it so. */
  "project.deletion_blocked": DeletionFacts & { readonly code: string };
  "receipt.amended": DeletionFacts & {
    readonly receiptHash: string;
    readonly amendmentHash: string;
  };
  "file.created": FileFacts & { readonly sizeBytes: number };
  /** The row is gone; a job removes and verifies the object (R12). */
  "file.deleted": FileFacts;
}

interface DeletionFacts {
  readonly projectId: string;
  readonly projectUid: string;
  readonly deletionId: string;
}

interface FileFacts {
  readonly projectId: string;
  readonly projectUid: string;
  readonly fileUid: string;
}

export type WebhookEventType = keyof WebhookEvents;

export const WEBHOOK_EVENT_TYPES = [
  "project.deleted",
  "project.deletion_blocked",
  "receipt.amended",
  "file.created",
  "file.deleted",
] as const satisfies readonly WebhookEventType[];

/** One event with its facts. */
export type WebhookEvent = {
  readonly [T in WebhookEventType]: { readonly type: T; readonly data: WebhookEvents[T] };
}[WebhookEventType];

/** Of an event only the type is known where it is sent on. */
export interface WebhookMessage {
  readonly type: string;
  readonly at: Instant;
  readonly data: Readonly<Record<string, unknown>>;
}

const ID_CHARS = 12;

/** `WEBHOOK-` and 12 characters that follow from the URL: the same after every start. */
export function webhookId(url: string): string {
  return `WEBHOOK-${randomText(sha256(utf8(url)), ID_CHARS)}`;
}

/** The body that is signed and sent (Standard Webhooks, "Payload structure"). */
export function webhookBody({ type, at, data }: WebhookMessage): string {
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
}

/**
 * How long after a failed attempt the next one comes; null after the last. A tenth of it is left to
 * chance, so that the messages of an endpoint that was away do not all come back at once.
 * @param attempts made so far, from 1
 * @param random one random byte
 */
export function webhookRetryMs(attempts: number, random: Uint8Array): number | null {
  const delayMs = WEBHOOK_RETRIES_MS[attempts - 1];
  if (delayMs === undefined) return null;
  return Math.round(delayMs * (1 + itemAt(random, 0) / 2550));
}
