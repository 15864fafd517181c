import type { FileRow, Metadata, Upload } from "../../core/model.ts";
import type { FilePrecondition } from "./files.ts";
import type { NewIdempotent } from "./idempotency.ts";

export interface NewUpload {
  readonly id: string;
  readonly projectUid: string;
  readonly path: string;
  readonly key: string;
  readonly fileUid: string;
  readonly sizeBytes: number | null;
  readonly partSizeBytes: number;
  readonly contentType: string;
  readonly metadata: Metadata;
  readonly direct: boolean;
  /** The store's own id, opened before; null for an empty file, which has no object (R1). */
  readonly storeUploadId: string | null;
  readonly expiresInMs: number;
  readonly idempotent?: NewIdempotent;
}

export interface CommitFacts {
  readonly sizeBytes: number;
  readonly sha256: string | null;
  readonly etag: string;
  readonly precondition?: FilePrecondition;
}

export interface Committed {
  readonly file: FileRow;
  /** False when a file at the path was replaced; its key is among the removals then. */
  readonly created: boolean;
  /** The key that a replaced file had, now a removal (R12). */
  readonly replacedKey: string | null;
}

/** An empty file: a row without an object (R1). */
export interface NewEmptyFile {
  readonly projectUid: string;
  readonly path: string;
  readonly fileUid: string;
  readonly contentType: string;
  readonly metadata: Metadata;
  readonly sha256: string;
  readonly etag: string;
  readonly precondition?: FilePrecondition;
}

/**
 * Uploads. Every transaction that could lead to an object sees the project active, and takes a lock
 * on it that the request of a deletion waits for (R1).
 */
export interface UploadStore {
  /**
   * The quota is held against the project's bytes with the declared size (0 when null) in the place of
   * the file at the path. @throws ExpungeError `project-not-found`, `project-not-active`,
   * `quota-exceeded`, `idempotency-key-reused`
   */
  openUpload(upload: NewUpload): Promise<Upload>;
  findUpload(projectUid: string, id: string): Promise<Upload | null>;
  /** The file that a committed upload made, while the upload is remembered. */
  findCommitted(projectUid: string, id: string): Promise<FileRow | null>;
  /**
   * `open -> completing`, before Complete is sent; a `completing` one is answered as it is, so that a
   * caller can repeat. @throws ExpungeError `upload-not-open`, `project-not-active`
   */
  beginCompleting(id: string): Promise<Upload>;
  /**
   * `completing -> committed` with the file's row, or its replacement; the old key becomes a removal.
   * A replacement has a new uid and keeps `createdAt`. Without a store upload and without bytes the
   * file is an empty one, with no key (R1). Repeated for a committed upload it answers the same file,
   * `created` false and no replaced key; an upload that is not direct is forgotten at its commit, so
   * that repeated it is `upload-not-open`. A held project refuses replacement.
   * @throws ExpungeError `project-not-active`, `upload-not-open`, `precondition-failed`,
   * `quota-exceeded`, `project-held`. The caller then discards the upload and removes the object.
   */
  commitUpload(id: string, facts: CommitFacts): Promise<Committed>;
  /**
   * `completing -> gone`: the object stays, and no row names it; so does a copy in quarantine.
   * @throws ExpungeError `project-not-active`, `upload-not-open`. The caller then discards the upload.
   */
  keepUnnamed(id: string): Promise<void>;
  /** As `commitUpload` for a file without bytes. @throws as `commitUpload`, `project-not-found` */
  commitEmptyFile(file: NewEmptyFile): Promise<Committed>;
  /**
   * `open | completing -> aborting`: no commit can happen any more. Answers the upload as it now
   * stands, or null when it is not there or committed. Idempotent.
   */
  discardUpload(id: string): Promise<Upload | null>;
  /**
   * Drops an `aborting` upload once the store answered success or `no-such-upload`; in the same
   * transaction its key becomes a removal, since a Complete may have won (R9). Does nothing for other
   * uploads, nor where the project is not live (active or trashed): there the fence settles (see
   * `settleForFence`).
   */
  settleUpload(id: string): Promise<void>;
  /** Uploads of live projects to be ended: expired, or left completing or aborting for `staleMs`. */
  staleUploads(staleMs: number, limit: number): Promise<readonly Upload[]>;
  /** Forgets committed direct uploads that have expired. Answers how many. */
  forgetCommitted(limit: number): Promise<number>;
}
