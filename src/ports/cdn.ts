import type { CdnAddress, CdnFailure, CdnMode } from "../core/cdn.ts";

/** What became of one request. */
export type CdnAnswer =
  | { readonly result: "accepted" }
  | { readonly result: "failed"; readonly failure: CdnFailure };

/**
 * Purges the caches of a CDN. Obligations:
 * - one call is one attempt; it ends within a bound, and every failure is an answer, never thrown,
 *   unless the signal aborts
 * - `accepted` only where the CDN said so in words: a reply that cannot be read is a failure
 * - a purge may be repeated, and what is not cached may be purged
 * - no message holds a token, a URL or a part of the reply's body
 */
export interface Cdn {
  readonly provider: string;
  readonly address: CdnAddress;
  readonly mode: CdnMode;
  /** @param targets `LIMITS.cdnBatchTargets` at most, all URLs or all prefixes (`isCdnUrl`) */
  purge(targets: readonly string[], signal?: AbortSignal): Promise<CdnAnswer>;
}
