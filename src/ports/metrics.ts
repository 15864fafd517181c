import type { JobName } from "./jobs.ts";
import type { ObjectStoreCall } from "./around-store.ts";
import type { RemoveResult } from "./object-store.ts";

/** An HTTP request that was answered, by its route's pattern: never by its URL (R7). */
export interface RequestFacts {
  readonly method: string;
  /** Null where no route matched. */
  readonly route: string | null;
  readonly status: number;
  readonly durationMs: number;
}

/**
 * What the service counts of itself, in this process and since its start. Recording never fails and
 * never waits, and takes no name that a caller chose: the number of series is bounded by the code.
 */
export interface Metrics {
  request(facts: RequestFacts): void;
  /** One attempt at a call of the store. @param result `ok`, or the code of its failure */
  storeCall(call: ObjectStoreCall, result: string, durationMs: number): void;
  /** What became of single keys that a store was asked to remove: the entries of its replies (R5). */
  keysRemoved(result: RemoveResult["result"], count: number): void;
  /** One run of a worker on a deletion. @param end as the run ended */
  purgeRun(end: string, durationMs: number): void;
  /** A deletion was completed. @param durationMs from the end of its grace to the verification */
  deletionCompleted(durationMs: number): void;
  job(name: JobName, result: "ok" | "failed", durationMs: number): void;
}

/** Counts nothing: for what runs once and is then gone. */
export const NO_METRICS: Metrics = {
  request: () => undefined,
  storeCall: () => undefined,
  keysRemoved: () => undefined,
  purgeRun: () => undefined,
  deletionCompleted: () => undefined,
  job: () => undefined,
};
