import type { Bucket, BucketOptions } from "./bucket.ts";
import type { WireBody } from "./body.ts";
import type { Dialect } from "./dialects.ts";
import { WireError } from "./errors.ts";
import type { Fault } from "./fault.ts";
import type { WireRequest } from "./request.ts";
import type { Reply } from "./reply.ts";

/** What the operations share. */
export interface WireState {
  readonly dialect: Dialect;
  readonly region: string;
  readonly buckets: Map<string, Bucket>;
  /** Keys of R2's limit with the times of their last writes. */
  readonly writes: Map<string, number>;
  now(): number;
  makeBucket(name: string, options: BucketOptions): Bucket;
}

/** One request whose signature and digests hold, on its way to its effect. */
export interface Exchange {
  readonly request: WireRequest;
  readonly body: WireBody;
  /** The checksums that were sent with the body, all of them right. */
  readonly digests: readonly string[];
  readonly state: WireState;
  readonly fault: Fault | null;
}

export type Handler = (exchange: Exchange) => Promise<Reply>;

/** @throws WireError `NoSuchBucket` */
export function bucketOf({ request, state }: Exchange): Bucket {
  const bucket = state.buckets.get(request.bucket ?? "");
  if (!bucket) {
    throw new WireError("NoSuchBucket", undefined, { BucketName: request.bucket ?? "" });
  }
  return bucket;
}

/** The key as the store holds it. */
export function keyOf({ request, state }: Exchange): string {
  return storedKey(state.dialect, request.key ?? "");
}

export function storedKey(dialect: Dialect, key: string): string {
  return dialect.normalisesKeys ? key.normalize("NFC") : key;
}

/** A whole number in a query or header. @throws WireError `InvalidArgument` */
export function wholeNumber(text: string | undefined, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new WireError("InvalidArgument");
  return Math.min(Number(text), max);
}

/** R2's limit of writes to one key. @throws WireError `TooManyRequests` */
export function countWrite({ state }: Exchange, bucket: Bucket, key: string): void {
  const perSecond = state.dialect.keyWritesPerSecond;
  if (perSecond === null) return;
  const name = `${bucket.name}/${key}`;
  const now = state.now();
  if (now - (state.writes.get(name) ?? Number.NEGATIVE_INFINITY) < 1000 / perSecond) {
    throw new WireError("TooManyRequests");
  }
  state.writes.set(name, now);
}

/** Whether a bucket lock of R2 covers the key. */
export function isLockedByRule({ state }: Exchange, key: string): boolean {
  return state.dialect.lockedPrefixes.some((prefix) => key.startsWith(prefix));
}

/** Bucket locks let new objects come but no other take the place of one. @throws WireError */
export async function checkOverwrite(
  exchange: Exchange,
  bucket: Bucket,
  key: string,
): Promise<void> {
  if (!isLockedByRule(exchange, key)) return;
  const there = (await bucket.store.list(key, { limit: 1 })).entries;
  if (there.some((entry) => entry.key === key)) throw new WireError("ObjectLockedByBucketPolicy");
}
