import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import { isStoreError, StoreError } from "../../core/store-errors.ts";
import type {
  ListObjectsOptions,
  ListOptions,
  ObjectEntry,
  Page,
  UploadEntry,
} from "../../ports/object-store.ts";
import { decodeCursor, encodeCursor, pageLimit } from "../object-store-checks.ts";
import type { Client } from "./client.ts";
import type { CallOptions } from "./http-handler.ts";
import { BrokenReply } from "./failures.ts";
import { decodeListed, instantOf, sizeOf } from "./keys.ts";
import type { Place } from "./place.ts";

/** One page of objects. Only the store's own end marker ends a listing (R6). */
export async function listObjects(
  { client, keys }: Place,
  prefix: string,
  options: ListObjectsOptions,
): Promise<Page<ObjectEntry>> {
  const limit = pageLimit(options.limit);
  const bucketPrefix = keys.prefixOf(prefix);
  const [token] = options.cursor === undefined ? [] : decodeCursor(options.cursor, prefix, 1);
  const { startAfter = "" } = options;
  const reply = await askForPage(client, "ListObjectsV2", options.signal, (call) =>
    client.s3.send(
      new ListObjectsV2Command({
        Bucket: client.bucket,
        Prefix: bucketPrefix,
        MaxKeys: limit,
        EncodingType: "url",
        ...(token === undefined ? {} : { ContinuationToken: token }),
        ...(token !== undefined || startAfter === ""
          ? {}
          : { StartAfter: keys.prefixOf(startAfter) }),
      }),
      call,
    ),
  );
  return asListing("ListObjectsV2", () => {
    checkPage(reply, bucketPrefix);
    const found = reply.Contents ?? [];
    if ((reply.KeyCount ?? found.length) !== found.length) {
      throw new BrokenReply("a page with another number of keys than it says");
    }
    const entries: ObjectEntry[] = [];
    for (const { Key, Size, LastModified } of found) {
      const key = keys.fromListed(decodeListed(Key ?? "", reply.EncodingType), prefix);
      if (key === null) continue;
      entries.push({ key, sizeBytes: sizeOf(Size), modifiedAt: instantOf(LastModified) });
    }
    return { entries, next: nextOf(prefix, reply.IsTruncated, reply.NextContinuationToken, token) };
  });
}

/** One page of the uploads that are open. */
export async function listUploads(
  place: Place,
  prefix: string,
  options: ListOptions,
): Promise<Page<UploadEntry>> {
  const { keys } = place;
  const bucketPrefix = keys.prefixOf(prefix);
  const from = options.cursor === undefined ? [] : decodeCursor(options.cursor, prefix, 2);
  const [keyMarker, idMarker] = from;
  const reply = await clearPage(place.client, options.signal, {
    Bucket: place.client.bucket,
    Prefix: bucketPrefix,
    MaxUploads: pageLimit(options.limit),
    ...(keyMarker ? { KeyMarker: keyMarker } : {}),
    ...(idMarker ? { UploadIdMarker: idMarker } : {}),
  });
  return asListing("ListMultipartUploads", () => {
    checkPage(reply, bucketPrefix);
    const entries: UploadEntry[] = [];
    for (const { Key, UploadId, Initiated } of reply.Uploads ?? []) {
      const key = keys.fromListed(decodeListed(Key ?? "", reply.EncodingType), prefix);
      if (!UploadId) throw new BrokenReply("an upload without an id");
      if (key === null) continue;
      entries.push({ key, uploadId: UploadId, initiatedAt: instantOf(Initiated) });
    }
    const next = markersOf(reply, reply.NextKeyMarker, reply.NextUploadIdMarker, from);
    return { entries, next: next === null ? null : encodeCursor(prefix, next) };
  });
}

/**
 * A page of uploads of whose keys it is clear how they are meant. Ceph (seen on 16.2) encodes them
 * when asked to and does not say so: a key for which that makes a difference is asked for once more,
 * without encoding.
 */
async function clearPage(
  client: Client,
  signal: AbortSignal | undefined,
  input: ListMultipartUploadsCommandInput,
): Promise<ListMultipartUploadsCommandOutput> {
  const ask = (more: Partial<ListMultipartUploadsCommandInput>) =>
    askForPage(client, "ListMultipartUploads", signal, (call) =>
      client.s3.send(new ListMultipartUploadsCommand({ ...input, ...more }), call),
    );
  const page = await ask({ EncodingType: "url" });
  const isClear =
    page.EncodingType !== undefined || !page.Uploads?.some(({ Key = "" }) => /[%+]/.test(Key));
  return isClear ? page : await ask({});
}

/** What all pages have in common. */
export interface PageReply {
  readonly Prefix?: string | undefined;
  readonly EncodingType?: string | undefined;
  readonly IsTruncated?: boolean | undefined;
}

/**
 * A page that does not say whether it is the last, or that is of another listing, is none. The SDK gives
 * an absent list as `undefined`: only with the right document around it (replies.ts) and this in it
 * that means that there is nothing.
 * @throws BrokenReply
 */
export function checkPage(reply: PageReply, bucketPrefix: string): void {
  if (typeof reply.IsTruncated !== "boolean") {
    throw new BrokenReply("a page that does not say whether it is the last");
  }
  const { Prefix } = reply;
  if (Prefix === undefined) return;
  if (Prefix !== bucketPrefix && decodeListed(Prefix, reply.EncodingType) !== bucketPrefix) {
    throw new BrokenReply("a page of another prefix");
  }
}

/**
 * The markers behind which a page of uploads or versions goes on, or null at the end.
 * @param from the ones that this page was asked for with
 */
export function markersOf(
  reply: PageReply,
  nextKey: string | undefined,
  nextId: string | undefined,
  from: readonly string[],
): readonly [key: string, id: string] | null {
  if (reply.IsTruncated !== true) return null;
  if (!nextKey) throw new BrokenReply("a page that is not the last and does not say how to go on");
  const next = [decodeListed(nextKey, reply.EncodingType), nextId ?? ""] as const;
  if (next[0] === from[0] && next[1] === from[1]) {
    throw new BrokenReply("a listing that goes in circles");
  }
  return next;
}

/** The next cursor. A new token is followed even where the page calls itself the last. */
function nextOf(
  prefix: string,
  isTruncated: boolean | undefined,
  token: ListObjectsV2CommandOutput["NextContinuationToken"],
  before: string | undefined,
): string | null {
  if (isTruncated !== true && (!token || token === before)) return null;
  if (!token) throw new BrokenReply("a page that is not the last and does not say how to go on");
  if (token === before) throw new BrokenReply("a listing that goes in circles");
  return encodeCursor(prefix, [token]);
}

/** A page that cannot be read is a broken listing; what the store says of itself stays as it is. */
export async function askForPage<T>(
  client: Client,
  operation: string,
  signal: AbortSignal | undefined,
  send: (options: CallOptions) => Promise<T>,
  more: Pick<CallOptions, "seeReply"> = {},
): Promise<T> {
  try {
    const options = { ...more, ...(signal ? { abortSignal: signal } : {}) };
    return await client.ask(operation, options, send);
  } catch (error) {
    if (isStoreError(error, "unlisted-reply")) throw broken(operation, error.message);
    throw error;
  }
}

/** Reads a page. @throws StoreError `listing-broken` */
export function asListing<T>(operation: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BrokenReply) throw broken(operation, error.message);
    throw error;
  }
}

/** What nothing is proven by, neither that something is there nor that it is not. */
export function broken(operation: string, why: string): StoreError {
  const message = `The store's listing cannot be relied on (${operation}: ${why}).`;
  return new StoreError("listing-broken", "unknown", message);
}
