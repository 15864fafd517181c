import type { Instant } from "../../core/model.ts";

/** A file's row as an audit compares it with the store; only files that have an object. */
export interface StoredFile {
  readonly fileUid: string;
  readonly projectUid: string;
  readonly path: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  /** Lower-case hex, null where the bytes did not pass through expunge. */
  readonly sha256: string | null;
  readonly updatedAt: Instant;
}

/** Where a page of `listStoredFiles` begins: behind this row. Of one key there may be several. */
export interface StoredFileCursor {
  readonly key: string;
  /** Null: behind all rows of this key. */
  readonly fileUid: string | null;
}

export interface StoredFileQuery {
  readonly limit: number;
  readonly after?: StoredFileCursor;
  /** No key behind this one. */
  readonly until?: string;
}

/** What an audit reads of the rows of all projects. */
export interface AuditStore {
  /** Rows of files that have an object, of every project: by the bytes of the key, then of the uid. */
  listStoredFiles(query: StoredFileQuery): Promise<readonly StoredFile[]>;
  /** Those of these keys, in the same order. */
  findStoredFiles(keys: readonly string[]): Promise<readonly StoredFile[]>;
  /** Those of the keys that any row names: of a file, of a removal, or of an upload in any state. */
  whichNamed(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Those of the store's own upload ids that a row stands for: one that is under way and not expired by
   * the database's clock, or whose end is being settled.
   */
  whichUploadsStand(storeUploadIds: readonly string[]): Promise<ReadonlySet<string>>;
}
