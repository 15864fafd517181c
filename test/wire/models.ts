import type { Rng } from "../simulation/random.ts";
import type { Operation } from "./operations.ts";

/** A time that is always the same, or anything between two. */
export type Latency = number | { readonly minMs: number; readonly maxMs: number };

/** How long each operation takes; `rest` is for those that are not named. */
export type LatencyModel = Partial<Readonly<Record<Operation | "rest", Latency>>>;

export function latencyMs(model: LatencyModel, operation: Operation, random: Rng): number {
  const latency = model[operation] ?? model.rest ?? 0;
  if (typeof latency === "number") return latency;
  return latency.minMs + random.fraction() * (latency.maxMs - latency.minMs);
}

/** How many requests are let through: a bucket of tokens that fills evenly. */
export interface RateModel {
  readonly requestsPerSecond: number;
  /** Requests that may come at once after a rest; as many as a second's, unless it says otherwise. */
  readonly burst?: number;
  /** What shares one bucket of tokens: the S3 bucket, or its keys with the same first segment. */
  readonly per: "bucket" | "prefix";
}

/** Counts requests against a rate, by the server's clock. */
export class RateLimiter {
  readonly #model: RateModel;
  readonly #now: () => number;
  readonly #tokens = new Map<string, { left: number; at: number }>();

  constructor(model: RateModel, now: () => number) {
    this.#model = model;
    this.#now = now;
  }

  /** Whether the request is let through; if so, it is counted. */
  admits(bucket: string, key: string): boolean {
    const { requestsPerSecond, per, burst = requestsPerSecond } = this.#model;
    const name = per === "bucket" ? bucket : `${bucket}/${key.split("/")[0] ?? ""}`;
    const at = this.#now();
    const before = this.#tokens.get(name) ?? { left: burst, at };
    const filled = before.left + ((at - before.at) / 1000) * requestsPerSecond;
    const left = Math.min(burst, filled);
    const isAdmitted = left >= 1;
    this.#tokens.set(name, { left: isAdmitted ? left - 1 : left, at });
    return isAdmitted;
  }
}
