import { LIMITS } from "../core/limits.ts";

/** Wake-ups that the services know. A job says "look at this"; the truth is in the MetadataStore. */
export interface JobData {
  /** Go on with a deletion. */
  purge: { readonly deletionId: string };
  /** Remove the objects of deleted or overwritten files (R12). */
  removals: { readonly projectUid: string };
  /** Put a receipt's copy into the store (R11). */
  "receipt-copy": { readonly projectUid: string };
  /** Look once more at a completed deletion. */
  settle: { readonly deletionId: string };
  /** Go on with the sweep of a prefix. */
  sweep: { readonly sweepId: string };
  /** Go on with an audit. */
  audit: { readonly auditId: string };
  /** Go on with an adoption. */
  run: { readonly runId: string };
  /** Abort or finish uploads that expired or were left in the midst. */
  uploads: Record<string, never>;
  /** Send what an endpoint is to be told. */
  webhooks: { readonly webhookId: string };
}

export type JobName = keyof JobData;
export const JOB_NAMES: readonly JobName[] = [
  "purge",
  "removals",
  "receipt-copy",
  "settle",
  "sweep",
  "audit",
  "run",
  "uploads",
  "webhooks",
];

/** Jobs of one name that a process works on at a time, where it is more than one. */
const IN_FLIGHT: Readonly<Partial<Record<JobName, number>>> = {
  purge: LIMITS.jobPurgesInFlight,
  webhooks: LIMITS.jobWebhooksInFlight,
};

/** How many jobs of one name a process works on at a time. */
export function jobsInFlight(name: JobName): number {
  return IN_FLIGHT[name] ?? 1;
}

export type JobHandler<N extends JobName> = (
  data: JobData[N],
  signal: AbortSignal,
) => Promise<void>;
export type JobHandlers = { readonly [N in JobName]: JobHandler<N> };

export interface EnqueueOptions {
  /** Not before this many milliseconds from now. */
  readonly delayMs?: number;
  /**
   * While a job of this name and key waits, another is not added; one that asks for an earlier time
   * brings the waiting one forward, never back. A job that already runs does not count: what is asked
   * during a run must run again.
   */
  readonly key?: string;
}

/**
 * A durable queue on the same database, shared by any number of processes. Obligations:
 * - a job that was acknowledged by `enqueue` is handed to a handler at least once, in this process or
 *   another, also after a crash of either; handlers must be idempotent
 * - a handler that throws has its job retried with backoff; that is logged, never swallowed
 * - `stop` takes no new job, aborts the signals of those that run, and waits for them
 */
export interface Jobs {
  /** Starts handing out jobs. May be called once; without it the process only enqueues. */
  work(handlers: JobHandlers): Promise<void>;
  enqueue<N extends JobName>(name: N, data: JobData[N], options?: EnqueueOptions): Promise<void>;
  stop(): Promise<void>;
}
