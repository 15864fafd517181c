import { DAY_MS, KiB, MINUTE_MS, SECOND_MS } from "./units.ts";

/** Limits of telling others: webhooks and the audit log. */
export const TELLING_LIMITS = {
  /** One attempt, from the name's resolution to the end of the answer. */
  webhookTimeoutMs: 15 * SECOND_MS,
  /** What of an answer is read, so that its connection ends well; nothing in it matters. */
  webhookAnswerBytesMax: 64 * KiB,
  /** Messages that are taken at a time; nobody else sends them within the lease. */
  webhookBatch: 8,
  webhookLeaseMs: MINUTE_MS,
  webhookBatchesMax: 100,
  webhookKeepMs: 30 * DAY_MS,
  webhookForgetItems: 1000,
  webhookSecretBytesMin: 24,
  webhookSecretBytesMax: 64,

  /** Entries of the audit log that are written in one statement. */
  auditBatchEntries: 100,
  /** Entries of requests without a valid token in that time; more are in the log alone. */
  auditStrangersMax: 600,
  auditStrangersEveryMs: MINUTE_MS,
} as const;

/**
 * After each failed attempt at a webhook's message the next one comes so much later: three days in all
 * (Standard Webhooks, "Deliverability and reliability").
 */
export const WEBHOOK_RETRIES_MS: readonly number[] = [
  1 / 12,
  5,
  30,
  120,
  300,
  600,
  840,
  1200,
  1440,
].map((min) => min * MINUTE_MS);
