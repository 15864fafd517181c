import { LIMITS } from "../../core/limits.ts";
import { StoreError } from "../../core/store-errors.ts";
import type {
  ByteRange,
  Capabilities,
  CopySource,
  ListObjectsOptions,
  ObjectBody,
  ObjectEntry,
  ObjectHead,
  ObjectStore,
  Page,
  Part,
  PartBody,
  RemoveResult,
  RemoveVersionResult,
  StoreIdentity,
  UploadEntry,
  VersionEntry,
} from "../../ports/object-store.ts";
import {
  checkKey,
  checkPart,
  checkPrefix,
  checkRange,
  checkRemoval,
  clipRange,
  decodeCursor,
  encodeCursor,
  invalidPart,
  keyProblem,
  noSuchKey,
  noSuchUpload,
  notSupported,
  pageLimit,
} from "../object-store-checks.ts";
import { piecesOf } from "../part-body.ts";
import type { R2Bucket, R2Object, R2Stream, R2Upload } from "./bucket.ts";
import { asked } from "./errors.ts";

/**
 * A bucket of R2 by the binding of a Worker. The binding answers nothing per key of a removal, lists
 * neither uploads nor their parts, and copies nothing: a removal is confirmed by listing, as everywhere
 * (R5), uploads are declared not to be listed, and a copy is read and sent again.
 */
export class R2BindingObjectStore implements ObjectStore {
  readonly identity: StoreIdentity;
  readonly #bucket: R2Bucket;

  /** @param name the bucket's name, which the binding does not tell: receipts name it */
  constructor(bucket: R2Bucket, name: string) {
    this.#bucket = bucket;
    this.identity = { kind: "r2", bucket: name, prefix: "" };
  }

  async capabilities(): Promise<Capabilities> {
    return {
      versioning: "none",
      objectLock: "unknown",
      consistency: "strong",
      checksum: "none",
      keyNormalisation: "none",
      multipartListing: false,
      declaredLacking: ["multipart-listing"],
      presign: false,
      partBytesMin: LIMITS.s3PartBytesMin,
      partBytesMax: LIMITS.r2BindingPartBytesMax,
    };
  }

  async list(prefix: string, options: ListObjectsOptions = {}): Promise<Page<ObjectEntry>> {
    options.signal?.throwIfAborted();
    checkPrefix(prefix);
    checkNul(prefix);
    const limit = pageLimit(options.limit);
    const place = placeOf(prefix, options);
    const page = await asked(() => this.#bucket.list({ prefix, limit, ...place }), options.signal);
    const entries = page.objects.map(({ key, size, uploaded }) => ({
      key,
      sizeBytes: size,
      modifiedAt: uploaded.getTime(),
    }));
    if (!page.truncated) return { entries, next: null };
    return { entries, next: encodeCursor(prefix, [page.cursor ?? ""]) };
  }

  async put(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    checkBindingKey(key);
    // A copy: the caller may go on writing into its own.
    await asked(() => this.#bucket.put(key, new Uint8Array(bytes)), signal);
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectBody> {
    const head = await this.head(key, signal);
    const { start, end } = clipRange(range, head.sizeBytes);
    if (end < start) return { ...head, body: none() };
    const options = { range: { offset: start, length: end - start + 1 } };
    const found = await asked(() => this.#bucket.get(key, options), signal);
    if (found === null || !("body" in found)) throw noSuchKey();
    return { ...headOf(found), body: bytesOf(found.body, signal) };
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectHead> {
    checkBindingKey(key);
    const found = await asked(() => this.#bucket.head(key), signal);
    if (found === null) throw noSuchKey();
    return headOf(found);
  }

  async remove(keys: readonly string[], signal?: AbortSignal): Promise<readonly RemoveResult[]> {
    checkRemoval(keys);
    const able = keys.filter((key) => problemOf(key) === null);
    if (able.length > 0) await asked(() => this.#bucket.delete(able), signal);
    return keys.map((key) => {
      const message = problemOf(key);
      if (message === null) return { key, result: "gone" };
      return { key, result: "failed", retryable: false, code: "invalid-key", message };
    });
  }

  async listVersions(): Promise<Page<VersionEntry>> {
    throw notSupported("R2 keeps no versions.");
  }

  async removeVersions(): Promise<readonly RemoveVersionResult[]> {
    throw notSupported("R2 keeps no versions.");
  }

  async createUpload(key: string, contentType: string): Promise<string> {
    checkBindingKey(key);
    const options = { httpMetadata: { contentType } };
    return (await asked(() => this.#bucket.createMultipartUpload(key, options))).uploadId;
  }

  /** The part is held in memory: the binding takes no stream of a length that it does not know. */
  async uploadPart(key: string, uploadId: string, number: number, part: PartBody): Promise<Part> {
    checkPart(number, part.sizeBytes);
    if (part.sizeBytes > LIMITS.r2BindingPartBytesMax) {
      throw invalidPart(`A part has ${LIMITS.r2BindingPartBytesMax} bytes at most here.`);
    }
    const bytes = new Uint8Array(part.sizeBytes);
    let at = 0;
    for await (const piece of piecesOf(part)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const upload = this.#resume(key, uploadId);
    const { etag } = await asked(() => upload.uploadPart(number, bytes), part.signal);
    return { partNumber: number, etag, sizeBytes: part.sizeBytes };
  }

  async copyPart(key: string, uploadId: string, number: number, source: CopySource): Promise<Part> {
    const { start, end } = source.range;
    const sizeBytes = end - start + 1;
    checkPart(number, sizeBytes);
    checkRange(source.range, (await this.head(source.key)).sizeBytes);
    const { body } = await this.get(source.key, source.range);
    return await this.uploadPart(key, uploadId, number, { body, sizeBytes });
  }

  async presignPart(): Promise<null> {
    return null;
  }

  async presignGet(): Promise<null> {
    return null;
  }

  async listParts(): Promise<readonly Part[]> {
    throw notSupported("The binding lists no parts.");
  }

  async completeUpload(key: string, uploadId: string, parts: readonly Part[]): Promise<ObjectHead> {
    const named = parts.map(({ partNumber, etag }) => ({ partNumber, etag }));
    const upload = this.#resume(key, uploadId);
    const isRising = named.every(
      ({ partNumber }, i) => partNumber > (named[i - 1]?.partNumber ?? 0),
    );
    if (!isRising) throw invalidPart("The parts are not in the order of their numbers.");
    // The binding would make an object of no bytes.
    if (named.length === 0) throw invalidPart("An upload cannot be completed without a part.");
    return headOf(await asked(() => upload.complete(named)));
  }

  async abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void> {
    await asked(() => this.#resume(key, uploadId).abort(), signal);
  }

  async listUploads(): Promise<Page<UploadEntry>> {
    throw notSupported("The binding lists no uploads.");
  }

  #resume(key: string, uploadId: string): R2Upload {
    // An id of no characters would be taken for the object itself.
    if (uploadId === "") throw noSuchUpload();
    return this.#bucket.resumeMultipartUpload(key, uploadId);
  }
}

const NUL_PROBLEM = "The binding finds no key with a NUL by listing.";

/** Why the key cannot be one here, or null. A listing below a NUL shows nothing, whatever lies there. */
function problemOf(key: string): string | null {
  return keyProblem(key) ?? (key.includes("\0") ? NUL_PROBLEM : null);
}

/** @throws StoreError `invalid-key` */
function checkBindingKey(key: string): void {
  checkKey(key);
  checkNul(key);
}

/** @throws StoreError `invalid-key` */
function checkNul(text: string): void {
  if (text.includes("\0")) throw new StoreError("invalid-key", "permanent", NUL_PROBLEM);
}

function headOf({ key, size, etag, uploaded }: R2Object): ObjectHead {
  return { key, sizeBytes: size, etag, modifiedAt: uploaded.getTime() };
}

function placeOf(
  prefix: string,
  { cursor, startAfter }: ListObjectsOptions,
): { readonly cursor?: string; readonly startAfter?: string } {
  if (cursor !== undefined) return { cursor: decodeCursor(cursor, prefix, 1)[0] ?? "" };
  return startAfter === undefined || startAfter === "" ? {} : { startAfter };
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** Gives the stream up when its reader stops, and when the signal aborts. */
async function* bytesOf(stream: R2Stream, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let isOver = false;
  try {
    while (!isOver) {
      const { done, value } = await asked(() => reader.read(), signal);
      isOver = done;
      if (value && value.length > 0) yield new Uint8Array(value);
    }
  } finally {
    if (!isOver) await reader.cancel();
  }
}
