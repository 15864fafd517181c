import type { StoreErrorClass } from "./store-errors.ts";

/** `prefix`: what lies below a path is purged with one request; `url`: every object by its own URL. */
export const CDN_MODES = ["prefix", "url"] as const;
/** One of `CDN_MODES`. */
export type CdnMode = (typeof CDN_MODES)[number];

/** What a CDN's failure is called, in outcomes and in what blocks a deletion. */
export type CdnErrorCode =
  /** The token is wrong, or may not purge this zone. */
  | "cdn-denied"
  /** There is no such zone. */
  | "cdn-zone-unknown"
  | "cdn-rate-limited"
  /** The request is refused as it is: an address of another domain, a plan without this way to purge. */
  | "cdn-refused"
  | "cdn-unavailable"
  /** What answered is not the API, or did not say that it took the purge. */
  | "cdn-unreadable-reply";

/** What an operator can do when the CDN answers so. */
export const CDN_REMEDIES: Readonly<Record<CdnErrorCode, string>> = {
  "cdn-denied":
    "Give EXPUNGE_CDN_API_TOKEN the permission 'Cache Purge' for the zone, then retry the deletion.",
  "cdn-zone-unknown": "Correct 'zone' below 'cdn' in the config file, then retry the deletion.",
  "cdn-rate-limited": "Nothing to do: it is tried again. A larger plan has higher limits.",
  "cdn-refused":
    "Check that the domain belongs to the zone and that the plan can purge so; else set 'mode' to the other one.",
  "cdn-unavailable": "Check that this machine reaches the CDN's API; it is tried again.",
  "cdn-unreadable-reply": "Check that nothing else answers in the place of the CDN's API.",
};

/** A purge that was not accepted, and how that is to be taken. */
export interface CdnFailure {
  readonly code: CdnErrorCode;
  readonly errorClass: StoreErrorClass;
  readonly message: string;
  /** How long the CDN asks to be left alone; null where it does not say. */
  readonly retryAfterMs: number | null;
}

/** Where a CDN shows the bucket. */
export interface CdnAddress {
  readonly domain: string;
  /** Empty, or ending in `/`: what the URL has before each key. */
  readonly keyPrefix: string;
}

/** Cloudflare: a prefix has 31 separators at most ("Purge cache by prefix", Limitations). */
const PREFIX_SEPARATORS_MAX = 31;

/** The URL of an object on the CDN's domain, in the spelling of browsers. */
export function cdnUrl(address: CdnAddress, key: string): string {
  return `https://${address.domain}/${pathOf(address, key)}`;
}

/**
 * The prefix below which everything is purged that begins with a listing prefix; null where it would
 * not end between two segments, or is too deep. Without a scheme and a final `/`, as Cloudflare has it.
 */
export function cdnPrefix(address: CdnAddress, listingPrefix: string): string | null {
  if (!listingPrefix.endsWith("/")) return null;
  return prefixOfKey(address, listingPrefix.slice(0, -1));
}

/** The prefix that is one object with whatever query; null where it is too deep. */
export function prefixOfKey(address: CdnAddress, key: string): string | null {
  const path = pathOf(address, key);
  return path.split("/").length > PREFIX_SEPARATORS_MAX ? null : `${address.domain}/${path}`;
}

/** Whether a target is a URL; else it is a prefix. */
export function isCdnUrl(target: string): boolean {
  return target.startsWith("https://");
}

function pathOf({ keyPrefix }: CdnAddress, key: string): string {
  const path = `${keyPrefix}${key}`.toWellFormed();
  return encodeURI(path).replace(/[?#]/g, (char) => encodeURIComponent(char));
}
