import { createHash } from "node:crypto";
import { randomText, UID_LENGTH } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Instant } from "../../core/model.ts";
import type { Clock, Random } from "../../ports/clock.ts";
import type {
  ByteRange,
  Capabilities,
  ListObjectsOptions,
  ListOptions,
  ObjectBody,
  ObjectEntry,
  ObjectHead,
  ObjectStore,
  Page,
  Part,
  PartBody,
  RemoveResult,
  SignedRequest,
  StoreIdentity,
  UploadEntry,
} from "../../ports/object-store.ts";
import { type PageShape, pageOf } from "../listing-pages.ts";
import {
  badRequest,
  checkKey,
  checkPart,
  checkRemoval,
  chooseParts,
  clipRange,
  keyProblem,
  noSuchKey,
} from "../object-store-checks.ts";
import { piecesOf } from "../part-body.ts";
import type { MemoryFailures, ObjectStoreCall } from "./object-failures.ts";
import { OpenUploads } from "./object-uploads.ts";
import { SortedKeys } from "./sorted-keys.ts";

export interface MemoryObjectStoreOptions extends PageShape {
  /** The only source of upload ids: equal bytes give equal ids. */
  readonly random: Random;
  /** The least size of every part but the last. */
  readonly partBytesMin?: number;
  /** Whether it pretends to sign URLs; nothing answers them. */
  readonly presign?: boolean;
}

export interface MemorySnapshot {
  /** In the order of keys. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly uploads: ReadonlyMap<
    string,
    { readonly key: string; readonly parts: ReadonlyMap<number, Uint8Array> }
  >;
}

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly modifiedAt: Instant;
}

/** Bytes that a body gives at once. */
const CHUNK_BYTES = 64 * 1024;

/**
 * The executable specification of ObjectStore. Deterministic, and synchronous inside: the effect of
 * each call happens in one step, so that a simulator decides about every interleaving.
 */
export class MemoryObjectStore implements ObjectStore {
  readonly identity: StoreIdentity = { kind: "memory", bucket: "memory", prefix: "" };
  readonly failures: MemoryFailures = { refuse: null, fail: null };
  readonly #clock: Pick<Clock, "now">;
  readonly #options: MemoryObjectStoreOptions;
  readonly #objects = new Map<string, StoredObject>();
  readonly #keys = new SortedKeys();
  readonly #uploads = new OpenUploads();

  constructor(clock: Pick<Clock, "now">, options: MemoryObjectStoreOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  async capabilities(): Promise<Capabilities> {
    this.#mayFail("capabilities", "");
    return {
      versioning: "none",
      objectLock: false,
      consistency: "strong",
      checksum: "none",
      keyNormalisation: "none",
      multipartListing: true,
      presign: this.#options.presign ?? false,
      partBytesMin: this.#partBytesMin,
      partBytesMax: LIMITS.fileBytesMax,
    };
  }

  async list(prefix: string, options: ListObjectsOptions = {}): Promise<Page<ObjectEntry>> {
    this.#mayFail("list", prefix);
    return pageOf(prefix, options, this.#options, (after) => this.#entriesAfter(prefix, after));
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#mayFail("put", key);
    checkKey(key);
    this.#write(key, new Uint8Array(bytes));
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectBody> {
    this.#mayFail("get", key);
    signal?.throwIfAborted();
    const object = this.#find(key);
    const { start, end } = clipRange(range, object.bytes.length);
    const body = chunksOf(object.bytes.subarray(start, end + 1), signal);
    return { ...headOf(key, object), body };
  }

  async head(key: string): Promise<ObjectHead> {
    this.#mayFail("head", key);
    return headOf(key, this.#find(key));
  }

  async remove(keys: readonly string[], signal?: AbortSignal): Promise<readonly RemoveResult[]> {
    this.#mayFail("remove", keys[0] ?? "");
    signal?.throwIfAborted();
    checkRemoval(keys);
    return keys.map((key) => this.#removeOne(key));
  }

  async createUpload(key: string, contentType: string): Promise<string> {
    this.#mayFail("createUpload", key);
    checkKey(key);
    const uploadId = randomText(this.#options.random.bytes(UID_LENGTH), UID_LENGTH);
    const initiatedAt = this.#clock.now();
    this.#uploads.add(uploadId, { key, contentType, initiatedAt, parts: new Map() });
    return uploadId;
  }

  async uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    part: PartBody,
  ): Promise<Part> {
    this.#mayFail("uploadPart", key);
    checkPart(partNumber, part.sizeBytes);
    this.#uploads.get(key, uploadId);
    const pieces: Uint8Array[] = [];
    for await (const piece of piecesOf(part)) pieces.push(piece);
    const bytes = new Uint8Array(Buffer.concat(pieces));
    const kept = { partNumber, etag: md5(bytes), sizeBytes: bytes.length };
    // It may have ended while the body was read.
    this.#uploads.get(key, uploadId).parts.set(partNumber, { ...kept, bytes });
    return kept;
  }

  async presignPart(
    key: string,
    uploadId: string,
    partNumber: number,
    sizeBytes: number,
    expiresInMs: number,
  ): Promise<SignedRequest | null> {
    this.#mayFail("presignPart", key);
    if (!this.#options.presign) return null;
    checkPart(partNumber, sizeBytes);
    this.#uploads.get(key, uploadId);
    const query = new URLSearchParams({ uploadId, partNumber: String(partNumber) });
    return this.#signed(key, query, expiresInMs, { "content-length": String(sizeBytes) });
  }

  async presignGet(
    key: string,
    expiresInMs: number,
    filename: string,
  ): Promise<SignedRequest | null> {
    this.#mayFail("presignGet", key);
    if (!this.#options.presign) return null;
    checkKey(key);
    return this.#signed(key, new URLSearchParams({ filename }), expiresInMs, {});
  }

  async listParts(key: string, uploadId: string): Promise<readonly Part[]> {
    this.#mayFail("listParts", key);
    return [...this.#uploads.get(key, uploadId).parts.values()]
      .map(({ partNumber, etag, sizeBytes }) => ({ partNumber, etag, sizeBytes }))
      .sort((a, b) => a.partNumber - b.partNumber);
  }

  async completeUpload(key: string, uploadId: string, parts: readonly Part[]): Promise<ObjectHead> {
    this.#mayFail("completeUpload", key);
    const upload = this.#uploads.get(key, uploadId);
    const chosen = chooseParts(parts, upload.parts, this.#partBytesMin);
    this.#uploads.end(uploadId);
    const bytes = new Uint8Array(Buffer.concat(chosen.map((part) => part.bytes)));
    return headOf(key, this.#write(key, bytes));
  }

  async abortUpload(key: string, uploadId: string): Promise<void> {
    this.#mayFail("abortUpload", key);
    this.#uploads.get(key, uploadId);
    this.#uploads.end(uploadId);
  }

  async listUploads(prefix: string, options: ListOptions = {}): Promise<Page<UploadEntry>> {
    this.#mayFail("listUploads", prefix);
    return this.#uploads.list(prefix, options, this.#options);
  }

  /** All that is there, for tests. The maps are copies, the bytes are not. */
  snapshot(): MemorySnapshot {
    const objects = new Map<string, Uint8Array>();
    for (const key of this.#keys.all()) objects.set(key, this.#find(key).bytes);
    const uploads = new Map(
      [...this.#uploads.all()].map(([uploadId, { key, parts }]) => {
        const bytes = [...parts].map(([number, part]) => [number, part.bytes] as const);
        return [uploadId, { key, parts: new Map(bytes) }];
      }),
    );
    return { objects, uploads };
  }

  get #partBytesMin(): number {
    return this.#options.partBytesMin ?? 1;
  }

  #mayFail(call: ObjectStoreCall, key: string): void {
    const failure = this.failures.fail?.(call, key);
    if (failure) throw failure;
  }

  *#entriesAfter(prefix: string, after: string | null): Generator<[string, ObjectEntry]> {
    for (const key of this.#keys.below(prefix, after)) {
      const { bytes, modifiedAt } = this.#find(key);
      yield [key, { key, sizeBytes: bytes.length, modifiedAt }];
    }
  }

  #find(key: string): StoredObject {
    checkKey(key);
    const object = this.#objects.get(key);
    if (!object) throw noSuchKey();
    return object;
  }

  #write(key: string, bytes: Uint8Array): StoredObject {
    const object = { bytes, etag: md5(bytes), modifiedAt: this.#clock.now() };
    this.#objects.set(key, object);
    this.#keys.add(key);
    return object;
  }

  #removeOne(key: string): RemoveResult {
    const message = keyProblem(key);
    if (message !== null) {
      return { key, result: "failed", retryable: false, code: "invalid-key", message };
    }
    const refusal = this.failures.refuse?.(key);
    if (refusal) return { key, ...refusal };
    this.#objects.delete(key);
    this.#keys.remove(key);
    return { key, result: "gone" };
  }

  #signed(
    key: string,
    query: URLSearchParams,
    expiresInMs: number,
    headers: SignedRequest["headers"],
  ): SignedRequest {
    if (expiresInMs <= 0) throw badRequest("A URL must expire in the future.");
    query.set("expires", String(this.#clock.now() + expiresInMs));
    return { url: `memory://memory/${encodeURIComponent(key)}?${query.toString()}`, headers };
  }
}

function headOf(key: string, { bytes, etag, modifiedAt }: StoredObject): ObjectHead {
  return { key, sizeBytes: bytes.length, etag, modifiedAt };
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

async function* chunksOf(bytes: Uint8Array, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    signal?.throwIfAborted();
    yield bytes.slice(at, at + CHUNK_BYTES);
  }
}
