import type { Instant, ResidueOutcome } from "../core/model.ts";
import type { Lack } from "../core/store-lacks.ts";
import type { StoreErrorCode } from "../core/store-errors.ts";

export interface ObjectEntry {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Instant;
}

export interface UploadEntry {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedAt: Instant;
}

/** A page may be short or empty without being the last: only `next: null` is the end (R6). */
export interface Page<T> {
  readonly entries: readonly T[];
  /** Opaque; to be handed to the next call with the same prefix. */
  readonly next: string | null;
}

export interface ListOptions {
  readonly cursor?: string;
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface ListObjectsOptions extends ListOptions {
  /** Only keys behind this one, which need not exist; it counts for the first page only. */
  readonly startAfter?: string;
}

export interface ObjectHead {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modifiedAt: Instant;
  /** What the object was written with, where the store keeps that. */
  readonly contentType?: string;
}

export interface ByteRange {
  /** First byte, from 0. */
  readonly start: number;
  /** Last byte, inclusive. */
  readonly end: number;
}

export interface ObjectBody extends ObjectHead {
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * What the store said of one key. `gone` is progress, not evidence: stores answer it for keys that
 * never were (R5).
 */
export type RemoveResult =
  | { readonly key: string; readonly result: "gone" }
  | {
      readonly key: string;
      readonly result: ResidueOutcome;
      readonly retryable: boolean;
      readonly code: StoreErrorCode;
      readonly message: string;
    };

/** One version of an object, as a store with versions names it. */
export interface VersionRef {
  readonly key: string;
  /** The store's own id; `null` as a text is one that S3 gives. */
  readonly versionId: string;
}

export interface VersionEntry extends VersionRef {
  /** A marker hides the versions below it; it holds no bytes. */
  readonly isDeleteMarker: boolean;
  /** The newest version of its key: what `get` and `list` show, unless it is a marker. */
  readonly isLatest: boolean;
  readonly sizeBytes: number;
  readonly modifiedAt: Instant;
}

/** As of a key; `gone` says that this one version is not there any more. */
export type RemoveVersionResult = RemoveResult & VersionRef;

export interface PartBody {
  /** Read once. A piece that was given does not change any more. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The same bytes again, where they can be had: only then may a failed part be sent once more. */
  readonly again?: () => AsyncIterable<Uint8Array>;
  /** Exactly as many bytes as the body gives; a body that differs is refused, nothing is kept of it. */
  readonly sizeBytes: number;
  /** The SHA-256 of all its bytes, once they were read, where the giver hashes them anyway. */
  readonly sha256?: () => Uint8Array;
  readonly signal?: AbortSignal;
}

export interface Part {
  readonly partNumber: number;
  readonly etag: string;
  readonly sizeBytes: number;
}

/** A range of another object in the same store, to be copied there without passing through here. */
export interface CopySource {
  readonly key: string;
  readonly range: ByteRange;
}

export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a store can do. Probed, never assumed. */
export interface Capabilities {
  /**
   * Whether versions can lie there: `none` where the store has no notion of them, or the bucket never
   * had any; `suspended` still holds those from before. `unknown`: it could not be found out, so that
   * nothing is proven while they cannot be listed (I3).
   */
  readonly versioning: "none" | "enabled" | "suspended" | "unknown";
  /** Whether objects can be locked against removal; `unknown` where it may not be asked. */
  readonly objectLock: "none" | "enabled" | "unknown";
  /** Whether a listing shows every write and delete that was acknowledged before it. */
  readonly consistency: "strong" | "eventual";
  readonly checksum: "crc32" | "content-md5" | "none";
  readonly keyNormalisation: "none" | "nfc";
  readonly multipartListing: boolean;
  /** What is not there by the operator's word: it is not asked for, and proves nothing. */
  readonly declaredLacking: readonly Lack[];
  /** Whether clients may be given URLs of the store itself; else our own server takes the bytes. */
  readonly presign: boolean;
  /** Sizes that parts must keep (all but the last one at least the minimum). */
  readonly partBytesMin: number;
  readonly partBytesMax: number;
}

export interface CapabilityOptions {
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
}

/** Where the objects lie, as the receipt names it. */
export interface StoreIdentity {
  readonly kind: "file" | "s3" | "r2" | "memory";
  readonly bucket: string;
  readonly prefix: string;
}

/**
 * A store of objects. Obligations that hold for every call, on every adapter:
 * - failures are `StoreError`s with a code and a class; a missing key is `no-such-key`, a missing or
 *   ended upload `no-such-upload`
 * - keys are any UTF-8 of 1 to 1,024 bytes; an adapter that cannot hold one says `invalid-key`
 * - an acknowledged write, removal or abort survives a crash of the process and a power loss
 * - nothing becomes visible under a key but by `put` or `completeUpload`, whole or not at all
 * - calls may be repeated: `put`, `remove`, `abortUpload` and `completeUpload` are idempotent in effect
 */
export interface ObjectStore {
  readonly identity: StoreIdentity;

  /**
   * Probes what the store can do. An answer may be remembered for a while unless a fresh one is asked
   * for: operators turn versioning on under a running service.
   */
  capabilities(options?: CapabilityOptions): Promise<Capabilities>;

  /** Keys that start with the prefix, in the order of their UTF-8 bytes. */
  list(prefix: string, options?: ListObjectsOptions): Promise<Page<ObjectEntry>>;

  /**
   * Writes a small object in one step. Serves `.expunge/` and `doctor` only: an object of a project
   * comes into being by `completeUpload` and nothing else (R1).
   */
  put(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;

  /** @throws StoreError `no-such-key`, `invalid-range` */
  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectBody>;

  /** @throws StoreError `no-such-key` */
  head(key: string, signal?: AbortSignal): Promise<ObjectHead>;

  /**
   * Removes keys and answers one result per key, in the order asked; a missing key is `gone`.
   * Throws only when nothing at all is known of the request, and then any of the keys may be gone.
   * Where the store keeps versions, this only hides the object: `removeVersions` is what removes it.
   * @param keys at most `LIMITS.removeBatchKeys`; more is refused with `bad-request`
   */
  remove(keys: readonly string[], signal?: AbortSignal): Promise<readonly RemoveResult[]>;

  /**
   * Every version and delete marker of keys that start with the prefix: keys in the order of their
   * bytes, of each the newest first.
   * @throws StoreError `not-supported` where the store has none
   */
  listVersions(prefix: string, options?: ListOptions): Promise<Page<VersionEntry>>;

  /**
   * Removes single versions and markers, for good, and answers as `remove` does: one result per
   * version, in the order asked; a missing one is `gone`.
   * @param versions at most `LIMITS.removeBatchKeys`
   * @throws StoreError `not-supported` where the store has none
   */
  removeVersions(
    versions: readonly VersionRef[],
    signal?: AbortSignal,
  ): Promise<readonly RemoveVersionResult[]>;

  /** Opens a multipart upload and answers the store's id for it. */
  createUpload(key: string, contentType: string): Promise<string>;

  /**
   * Takes one part. A part that is sent again replaces the earlier one.
   * @throws StoreError `no-such-upload`, `invalid-part`
   */
  uploadPart(key: string, uploadId: string, partNumber: number, part: PartBody): Promise<Part>;

  /**
   * Makes a part of a range of another object, whole or not at all; the bytes stay in the store.
   * @throws StoreError `no-such-key`, `no-such-upload`, `invalid-part`, `invalid-range` where the
   * source is shorter than the range
   */
  copyPart(key: string, uploadId: string, partNumber: number, source: CopySource): Promise<Part>;

  /** A request by which a client sends one part of exactly this size; null where `presign` is false. */
  presignPart(
    key: string,
    uploadId: string,
    partNumber: number,
    sizeBytes: number,
    expiresInMs: number,
  ): Promise<SignedRequest | null>;

  /** A request by which a client reads the object; null where `presign` is false. */
  presignGet(key: string, expiresInMs: number, filename: string): Promise<SignedRequest | null>;

  /** All parts received, by number. @throws StoreError `no-such-upload` */
  listParts(key: string, uploadId: string, signal?: AbortSignal): Promise<readonly Part[]>;

  /**
   * Makes the object of the parts. Exactly one of complete and abort wins an upload (R2).
   * @throws StoreError `no-such-upload` (also after an earlier complete: look at the key),
   * `invalid-part`
   */
  completeUpload(key: string, uploadId: string, parts: readonly Part[]): Promise<ObjectHead>;

  /**
   * Ends the upload and discards its parts; afterwards no part and no object can come of it.
   * @throws StoreError `no-such-upload`, which is as good an answer
   */
  abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void>;

  /** Uploads that are neither completed nor aborted, whose key starts with the prefix. */
  listUploads(prefix: string, options?: ListOptions): Promise<Page<UploadEntry>>;
}
