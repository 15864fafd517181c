import { randomText, UID_LENGTH } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  ByteRange,
  Capabilities,
  CopySource,
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
  RemoveVersionResult,
  SignedRequest,
  StoreIdentity,
  UploadEntry,
  VersionEntry,
  VersionRef,
} from "../../ports/object-store.ts";
import { pageOf } from "../listing-pages.ts";
import {
  checkKey,
  checkPart,
  checkRange,
  checkRemoval,
  chooseParts,
  clipRange,
  keyProblem,
  noSuchKey,
  notSupported,
} from "../object-store-checks.ts";
import { piecesOf } from "../part-body.ts";
import type { ObjectStoreCall } from "../../ports/around-store.ts";
import type { MemoryFailures } from "./object-failures.ts";
import { chunksOf, headOf, md5, pretendedUrl } from "./object-bytes.ts";
import {
  type MemoryObjectStoreOptions,
  type MemorySnapshot,
  type MemoryView,
  snapshotOf,
} from "./object-options.ts";
import { OpenUploads } from "./object-uploads.ts";
import { ObjectVersions, type StoredObject, type Versioning } from "./object-versions.ts";

export type { MemoryObjectStoreOptions, MemorySnapshot, MemoryView } from "./object-options.ts";

/** The executable specification of ObjectStore. The effect of each call happens in one step. */
export class MemoryObjectStore implements ObjectStore {
  readonly identity: StoreIdentity = { kind: "memory", bucket: "memory", prefix: "" };
  readonly failures: MemoryFailures = { refuse: null, fail: null };
  readonly #clock: Pick<Clock, "now">;
  readonly #options: MemoryObjectStoreOptions;
  readonly #objects: ObjectVersions;
  readonly #uploads = new OpenUploads();

  constructor(clock: Pick<Clock, "now">, options: MemoryObjectStoreOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#objects = new ObjectVersions(options.versioning ?? "none");
  }

  /** As an operator does to a bucket; versions that are there stay. S3 knows no way back to `none`. */
  setVersioning(versioning: Exclude<Versioning, "none">): void {
    this.#objects.versioning = versioning;
  }

  async capabilities(): Promise<Capabilities> {
    this.#mayFail("capabilities", "");
    return {
      versioning: this.#objects.versioning,
      objectLock: "none",
      consistency: "strong",
      checksum: "none",
      keyNormalisation: "none",
      multipartListing: true,
      declaredLacking: [],
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
    const now = this.#clock.now();
    return keys.map((key) => this.#removeOne(key, () => this.#objects.remove(key, now)));
  }

  async listVersions(prefix: string, options: ListOptions = {}): Promise<Page<VersionEntry>> {
    this.#mayFail("listVersions", prefix);
    this.#needsVersions();
    return pageOf(prefix, options, this.#options, (after) =>
      this.#objects.versionsBelow(prefix, after),
    );
  }

  async removeVersions(
    versions: readonly VersionRef[],
    signal?: AbortSignal,
  ): Promise<readonly RemoveVersionResult[]> {
    this.#mayFail("removeVersions", versions[0]?.key ?? "");
    this.#needsVersions();
    signal?.throwIfAborted();
    checkRemoval(versions);
    return versions.map(({ key, versionId }) => {
      const remove = (): void => this.#objects.removeVersion(key, versionId);
      return { ...this.#removeOne(key, remove, versionId), versionId };
    });
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

  async copyPart(
    key: string,
    uploadId: string,
    partNumber: number,
    source: CopySource,
  ): Promise<Part> {
    this.#mayFail("copyPart", key);
    const { start, end } = source.range;
    checkPart(partNumber, end - start + 1);
    const upload = this.#uploads.get(key, uploadId);
    const from = this.#find(source.key).bytes;
    checkRange(source.range, from.length);
    const bytes = from.slice(start, end + 1);
    const kept = { partNumber, etag: md5(bytes), sizeBytes: bytes.length };
    upload.parts.set(partNumber, { ...kept, bytes });
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
    const query = { uploadId, partNumber: String(partNumber) };
    const headers = { "content-length": String(sizeBytes) };
    return pretendedUrl(key, query, this.#clock.now(), expiresInMs, headers);
  }

  async presignGet(
    key: string,
    expiresInMs: number,
    filename: string,
  ): Promise<SignedRequest | null> {
    this.#mayFail("presignGet", key);
    if (!this.#options.presign) return null;
    checkKey(key);
    return pretendedUrl(key, { filename }, this.#clock.now(), expiresInMs, {});
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
    return headOf(key, this.#write(key, bytes, upload.contentType));
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
  snapshot = (): MemorySnapshot => snapshotOf(this.view());

  /** The same without a copy, to be looked at and not touched: what a checker reads at every effect. */
  view(): MemoryView {
    return {
      keysBelow: (prefix) => this.#objects.liveBelow(prefix, null),
      bytesOf: (key) => this.#objects.find(key)?.bytes ?? null,
      versionsBelow: (prefix) => this.#objects.versionsBelow(prefix, null),
      uploads: this.#uploads.all(),
    };
  }

  get #partBytesMin(): number {
    return this.#options.partBytesMin ?? 1;
  }

  #mayFail(call: ObjectStoreCall, key: string): void {
    const failure = this.failures.fail?.(call, key);
    if (failure) throw failure;
  }

  *#entriesAfter(prefix: string, after: string | null): Generator<[string, ObjectEntry]> {
    for (const key of this.#objects.liveBelow(prefix, after)) {
      const { bytes, modifiedAt } = this.#find(key);
      yield [key, { key, sizeBytes: bytes.length, modifiedAt }];
    }
  }

  #find(key: string): StoredObject {
    checkKey(key);
    const object = this.#objects.find(key);
    if (!object) throw noSuchKey();
    return object;
  }

  #write(key: string, bytes: Uint8Array, contentType?: string): StoredObject {
    const type = contentType === undefined ? {} : { contentType };
    const object = { bytes, etag: md5(bytes), modifiedAt: this.#clock.now(), ...type };
    this.#objects.write(key, object);
    return object;
  }

  #needsVersions(): void {
    if (this.#objects.versioning === "none") throw notSupported("This store keeps no versions.");
  }

  #removeOne(key: string, remove: () => void, versionId?: string): RemoveResult {
    const message = keyProblem(key);
    if (message !== null) {
      return { key, result: "failed", retryable: false, code: "invalid-key", message };
    }
    const refusal = this.failures.refuse?.(key, versionId);
    if (refusal) return { key, ...refusal };
    remove();
    return { key, result: "gone" };
  }
}
