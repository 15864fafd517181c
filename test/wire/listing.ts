import {
  compareUtf8,
  fromBase64Url,
  fromUtf8,
  toBase64Url,
  utf8,
} from "../../src/core/encoding.ts";
import type { ObjectEntry } from "../../src/ports/object-store.ts";
import type { Bucket } from "./bucket.ts";
import { WireError } from "./errors.ts";
import { bucketOf, type Exchange, storedKey, wholeNumber } from "./exchange.ts";
import { isoDate, type Reply, xmlReply } from "./reply.ts";
import { uriEncode } from "./signature.ts";

const PAGE_MAX = 1000;

/** Keys as a listing shows them: as they are, or encoded as in a form where that was asked for. */
export function keyWriter({ request, state }: Exchange): (key: string) => string {
  const encoding = request.query.get("encoding-type");
  if (encoding === undefined) return (key) => key;
  if (encoding !== "url") throw new WireError("InvalidArgument");
  const space = state.dialect.listedSpace;
  return (key) => uriEncode(key).replaceAll("%2F", "/").replaceAll("%20", space);
}

/** How many entries a page may have: what was asked for, and what a fault leaves of it. */
export function pageSize({ request, fault }: Exchange, name: string): number {
  const asked = wholeNumber(request.query.get(name), PAGE_MAX, PAGE_MAX);
  return Math.min(asked, fault?.listing?.entriesMax ?? asked);
}

/** Where a listing of objects goes on: at a cursor of the store, or behind a key. */
interface Place {
  readonly cursor?: string;
  readonly startAfter?: string;
}

/** Tokens of one place differ, so that an empty page does not lead to itself. */
let tokens = 0;

function tokenOf(place: Place): string {
  return toBase64Url(
    utf8(JSON.stringify([++tokens, place.cursor ?? null, place.startAfter ?? null])),
  );
}

function placeOf(token: string | undefined, startAfter: string | undefined): Place {
  if (token === undefined) return startAfter === undefined ? {} : { startAfter };
  try {
    const [, cursor, after] = JSON.parse(fromUtf8(fromBase64Url(token))) as [
      number,
      string | null,
      string | null,
    ];
    return {
      ...(cursor === null ? {} : { cursor }),
      ...(after === null ? {} : { startAfter: after }),
    };
  } catch {
    throw new WireError("InvalidArgument", "The continuation token provided is incorrect");
  }
}

interface ObjectPage {
  readonly entries: readonly ObjectEntry[];
  readonly next: Place | null;
}

async function objectPage(
  bucket: Bucket,
  exchange: Exchange,
  prefix: string,
  place: Place,
): Promise<ObjectPage> {
  const listing = exchange.fault?.listing;
  const limit = pageSize(exchange, "max-keys");
  if (limit === 0) return { entries: [], next: null };
  if (listing?.empty) return { entries: [], next: place };
  if (listing?.stale) return stalePage(listing.stale, prefix, place, limit);
  const { entries, next } = await bucket.store.list(prefix, { ...place, limit });
  return { entries, next: next === null ? null : { cursor: next } };
}

/** A page of what was there at an earlier time. */
function stalePage(
  all: readonly ObjectEntry[],
  prefix: string,
  { startAfter }: Place,
  limit: number,
): ObjectPage {
  const isBehind = (key: string): boolean =>
    startAfter === undefined || compareUtf8(key, startAfter) > 0;
  const left = all.filter(({ key }) => key.startsWith(prefix) && isBehind(key));
  const entries = left.slice(0, limit);
  const last = entries.at(-1);
  return { entries, next: left.length > limit && last ? { startAfter: last.key } : null };
}

export async function listObjectsV2(exchange: Exchange): Promise<Reply> {
  const { query } = exchange.request;
  const bucket = bucketOf(exchange);
  const keyText = keyWriter(exchange);
  const prefix = storedKey(exchange.state.dialect, query.get("prefix") ?? "");
  const token = query.get("continuation-token");
  const place = placeOf(token, query.get("start-after"));
  const page = await objectPage(bucket, exchange, prefix, place);
  const { withoutToken, repeatsToken, foreignKey } = exchange.fault?.listing ?? {};
  const repeated = repeatsToken ? token : undefined;
  const ownNext = page.next === null ? undefined : tokenOf(page.next);
  const next = withoutToken ? undefined : (repeated ?? ownNext);
  const shown = page.entries.map((entry) => contents(exchange, bucket, entry, keyText));
  if (foreignKey !== undefined) {
    const entry = { key: foreignKey, sizeBytes: 1, modifiedAt: exchange.state.now() };
    shown.push(contents(exchange, bucket, entry, keyText));
  }
  return xmlReply("ListBucketResult", {
    Name: bucket.name,
    Prefix: keyText(query.get("prefix") ?? ""),
    StartAfter: query.has("start-after") ? keyText(query.get("start-after") ?? "") : undefined,
    MaxKeys: wholeNumber(query.get("max-keys"), PAGE_MAX, PAGE_MAX),
    EncodingType: query.get("encoding-type"),
    KeyCount: shown.length,
    IsTruncated: withoutToken === true || next !== undefined,
    ContinuationToken: token,
    NextContinuationToken: next,
    Contents: shown,
  });
}

function contents(
  { state }: Exchange,
  bucket: Bucket,
  { key, sizeBytes, modifiedAt }: ObjectEntry,
  keyText: (key: string) => string,
) {
  return {
    Key: keyText(bucket.spellings.get(key) ?? key),
    LastModified: isoDate(state.dialect, modifiedAt),
    Size: sizeBytes,
    StorageClass: "STANDARD",
  };
}
