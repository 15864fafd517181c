import {
  type DeleteMarkerEntry,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
} from "@aws-sdk/client-s3";
import { compareUtf8 } from "../../core/encoding.ts";
import { LIMITS } from "../../core/limits.ts";
import type { ListOptions, Page, VersionEntry } from "../../ports/object-store.ts";
import { decodeCursor, encodeCursor, pageLimit } from "../object-store-checks.ts";
import type { CallOptions } from "./http-handler.ts";
import { BrokenReply } from "./failures.ts";
import { decodeListed, instantOf, type KeySpace, sizeOf } from "./keys.ts";
import { asListing, askForPage, broken, checkPage, markersOf } from "./listing.ts";
import type { Place } from "./place.ts";

type Markers = readonly [key: string, versionId: string];

/**
 * Where a listing goes on: behind this version of this key. `before` is the last key before it that is
 * listed wholly, or empty. Asked to go on behind a version that was removed meanwhile, Ceph (seen on
 * 16.2) passes over all that is left of its key, and others may refuse. So the store is asked to go on
 * behind the key before, and what was shown of this one is passed over here.
 */
interface Position {
  readonly before: string;
  readonly key: string;
  readonly versionId: string;
}

/** One page of versions and markers, in the order in which the store lists them. */
export async function listVersions(
  place: Place,
  prefix: string,
  options: ListOptions,
): Promise<Page<VersionEntry>> {
  const limit = pageLimit(options.limit);
  const from = positionOf(options.cursor, prefix);
  const before = from?.before ?? "";
  let markers: Markers | null = [before === "" ? "" : place.keys.prefixOf(before), ""];
  const entries: VersionEntry[] = [];
  let pages = 0;
  // More than one page only where the versions of one key before the position are more than a page's.
  do {
    if (++pages > LIMITS.listPagesMax) throw broken("ListObjectVersions", "it has no end");
    const page: StorePage = await askForVersions(place, prefix, markers, options.signal);
    // Ceph lists the marker's own key once more where no version is given with it.
    entries.push(...page.entries.filter(({ key }) => key !== before));
    markers = page.next;
  } while (markers !== null && behind(entries, from).length === 0);
  const rest = behind(entries, from, markers === null);
  const shown = rest.slice(0, limit);
  const isEnd = markers === null && shown.length === rest.length;
  return { entries: shown, next: isEnd ? null : cursorBehind(prefix, shown, from) };
}

/**
 * The entries behind the position; all of them where its version is not there any more: those that
 * were removed cannot come again. None while that is not known, and more of its key may come.
 */
function behind(
  entries: readonly VersionEntry[],
  from: Position | null,
  isAll = false,
): readonly VersionEntry[] {
  if (from === null) return entries;
  const { key, versionId } = from;
  const at = entries.findIndex((entry) => entry.key === key && entry.versionId === versionId);
  if (at >= 0) return entries.slice(at + 1);
  const isPassed = entries.some((entry) => compareUtf8(entry.key, key) > 0);
  return isAll || isPassed ? entries : [];
}

/** @param shown not empty: only the end of a listing is */
function cursorBehind(
  prefix: string,
  shown: readonly VersionEntry[],
  from: Position | null,
): string | null {
  const last = shown.at(-1);
  if (last === undefined) return null;
  const before = shown.findLast(({ key }) => key !== last.key)?.key;
  // Nothing of another key is shown: then all of the position's key was, or this is it.
  const earlier = (last.key === from?.key ? from.before : from?.key) ?? "";
  return encodeCursor(prefix, [before ?? earlier, last.key, last.versionId]);
}

function positionOf(cursor: string | undefined, prefix: string): Position | null {
  if (cursor === undefined) return null;
  const [before = "", key = "", versionId = ""] = decodeCursor(cursor, prefix, 3);
  return { before, key, versionId };
}

interface StorePage {
  readonly entries: readonly VersionEntry[];
  readonly next: Markers | null;
}

async function askForVersions(
  { client, keys }: Place,
  prefix: string,
  from: Markers,
  signal: AbortSignal | undefined,
): Promise<StorePage> {
  const bucketPrefix = keys.prefixOf(prefix);
  const [keyMarker, idMarker] = from;
  let xml: Uint8Array = new Uint8Array();
  const seeReply = (bytes: Uint8Array): void => {
    xml = bytes;
  };
  const command = new ListObjectVersionsCommand({
    Bucket: client.bucket,
    Prefix: bucketPrefix,
    MaxKeys: LIMITS.listPageKeys,
    EncodingType: "url",
    ...(keyMarker === "" ? {} : { KeyMarker: keyMarker }),
    ...(idMarker === "" ? {} : { VersionIdMarker: idMarker }),
  });
  const send = (options: CallOptions): Promise<ListObjectVersionsCommandOutput> =>
    client.s3.send(command, options);
  const reply = await askForPage(client, "ListObjectVersions", signal, send, { seeReply });
  return asListing("ListObjectVersions", () => {
    checkPage(reply, bucketPrefix);
    const entries = inOrder(kindsOf(xml), reply.Versions ?? [], reply.DeleteMarkers ?? [])
      .map((entry) => entryOf(keys, prefix, reply.EncodingType, entry))
      .filter((entry) => entry !== null);
    const next = markersOf(reply, reply.NextKeyMarker, reply.NextVersionIdMarker, from);
    return { entries, next };
  });
}

export type Kind = "Version" | "DeleteMarker";

/**
 * The kinds of a page's entries as they follow each other in its XML. The SDK gives versions and
 * markers as two lists, from which their order cannot be had again: entries of one second, or of
 * equal keys, would be guessed. Text in XML has no raw `<`, so that only elements match.
 */
export function kindsOf(page: Uint8Array): readonly Kind[] {
  const text = Buffer.from(page).toString("latin1");
  return [...text.matchAll(/<(?:[\w.-]+:)?(Version|DeleteMarker)[\s>]/g)].map(
    ([, kind]) => kind as Kind,
  );
}

type Listing =
  | (ObjectVersion & { readonly isMarker: false })
  | (DeleteMarkerEntry & { readonly isMarker: true });

/** Both lists as one, in the order of the page. @throws BrokenReply where they do not fit together */
export function inOrder(
  kinds: readonly Kind[],
  versions: readonly ObjectVersion[],
  markers: readonly DeleteMarkerEntry[],
): readonly Listing[] {
  const waiting = { Version: versions.values(), DeleteMarker: markers.values() };
  const merged = kinds.map((kind): Listing => {
    const next = waiting[kind].next();
    if (next.done) throw new BrokenReply("a page with other versions than it shows");
    return { ...next.value, isMarker: kind === "DeleteMarker" };
  });
  if (merged.length !== versions.length + markers.length) {
    throw new BrokenReply("a page with other versions than it shows");
  }
  return merged;
}

function entryOf(
  keys: KeySpace,
  prefix: string,
  encoding: string | undefined,
  listed: Listing,
): VersionEntry | null {
  const key = keys.fromListed(decodeListed(listed.Key ?? "", encoding), prefix);
  if (!listed.VersionId) throw new BrokenReply("a version without an id");
  if (key === null) return null;
  return {
    key,
    versionId: listed.VersionId,
    isDeleteMarker: listed.isMarker,
    isLatest: listed.IsLatest === true,
    sizeBytes: listed.isMarker ? 0 : sizeOf(listed.Size),
    modifiedAt: instantOf(listed.LastModified),
  };
}
