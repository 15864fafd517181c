import { compareUtf8 } from "../../src/core/encoding.ts";
import type { ListOptions, Page } from "../../src/ports/object-store.ts";
import type { Bucket } from "./bucket.ts";
import { WireError } from "./errors.ts";
import type { ListingFault } from "./fault.ts";

/** Where versions and uploads are listed from: behind a key, or behind one of its versions or uploads. */
export interface Marker {
  readonly key: string;
  readonly id: string;
}

/** A listing whose pages are found by markers. */
export interface MarkedListing<T> {
  readonly kind: "versions" | "uploads";
  readonly prefix: string;
  readonly limit: number;
  readonly from: Marker | null;
  list(options: ListOptions): Promise<Page<T>>;
  markerOf(entry: T): Marker;
}

export interface MarkedPage<T> {
  readonly entries: readonly T[];
  readonly isTruncated: boolean;
  readonly next: Marker | null;
}

/**
 * One page. The store's cursors know a place whose entry is gone, so those that lie behind a marker
 * given out are remembered; a marker of the client's own is looked for from the start.
 */
export async function markedPage<T>(
  bucket: Bucket,
  listing: MarkedListing<T>,
  fault: ListingFault | undefined,
): Promise<MarkedPage<T>> {
  const page = await plainPage(bucket, listing);
  if (fault?.withoutToken) return { ...page, isTruncated: true, next: null };
  if (fault?.repeatsToken && listing.from) {
    return { ...page, isTruncated: true, next: listing.from };
  }
  return page;
}

async function plainPage<T>(bucket: Bucket, listing: MarkedListing<T>): Promise<MarkedPage<T>> {
  const { from, limit } = listing;
  if (limit === 0) return { entries: [], isTruncated: false, next: null };
  const place = from === null ? undefined : bucket.places.get(placeName(listing, from));
  if (from !== null && place === undefined) return await searchedPage(listing, from);
  let page = await listing.list(place === undefined ? { limit } : { limit, cursor: place });
  // A marker of S3 cannot say that an empty page was passed.
  while (page.entries.length === 0 && page.next !== null) {
    page = await listing.list({ limit, cursor: page.next });
  }
  const last = page.entries.at(-1);
  if (page.next === null || last === undefined) {
    return { entries: page.entries, isTruncated: false, next: null };
  }
  const next = listing.markerOf(last);
  bucket.places.set(placeName(listing, next), page.next);
  return { entries: page.entries, isTruncated: true, next };
}

function placeName<T>({ kind, prefix }: MarkedListing<T>, { key, id }: Marker): string {
  return JSON.stringify([kind, prefix, key, id]);
}

async function searchedPage<T>(listing: MarkedListing<T>, from: Marker): Promise<MarkedPage<T>> {
  const all: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await listing.list(cursor === null ? {} : { cursor });
    all.push(...page.entries);
    cursor = page.next;
  } while (cursor !== null);
  const left = all.slice(
    startBehind(
      all.map((entry) => listing.markerOf(entry)),
      from,
    ),
  );
  const entries = left.slice(0, listing.limit);
  const last = entries.at(-1);
  if (left.length === entries.length || last === undefined) {
    return { entries, isTruncated: false, next: null };
  }
  return { entries, isTruncated: true, next: listing.markerOf(last) };
}

/** The number of entries up to the marker, its own one included. */
function startBehind(markers: readonly Marker[], { key, id }: Marker): number {
  if (id !== "") {
    const at = markers.findIndex((marker) => marker.key === key && marker.id === id);
    if (at < 0) throw new WireError("InvalidArgument", "Invalid version id or upload id specified");
    return at + 1;
  }
  const at = markers.findIndex((marker) => compareUtf8(marker.key, key) > 0);
  return at < 0 ? markers.length : at;
}
