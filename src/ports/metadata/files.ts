import type { FileRow, Instant } from "../../core/model.ts";

export interface FileQuery {
  readonly prefix?: string;
  readonly limit: number;
  /** The path of the last file of the page before. */
  readonly after?: string;
}

/** A condition on the file that is there (RFC 9110 section 13.1). */
export interface FilePrecondition {
  /** The file must be there with this ETag. */
  readonly ifMatch?: string;
  /** The file must not be there. */
  readonly ifNoneMatch?: "*";
}

/** An object whose file is gone or was overwritten, to be removed and verified (R12). */
export interface Removal {
  readonly key: string;
  readonly projectUid: string;
  readonly requestedAt: Instant;
  readonly attempts: number;
}

export interface FileStore {
  findFile(projectUid: string, path: string): Promise<FileRow | null>;
  /** By the UTF-8 bytes of the path. */
  listFiles(projectUid: string, query: FileQuery): Promise<readonly FileRow[]>;
  /**
   * Removes the row and records the removal of its key in one transaction that sees the project
   * active and not held (R12). Answers the row that was removed.
   * @throws ExpungeError `project-not-active`, `project-held`, `file-not-found`, `precondition-failed`
   */
  removeFile(projectUid: string, path: string, precondition?: FilePrecondition): Promise<FileRow>;
  /**
   * Renames a row; no byte moves, and the ETag stays. A file cannot be moved onto itself either.
   * @throws ExpungeError `project-not-active`, `project-held`, `file-not-found`, `file-exists`
   */
  moveFile(projectUid: string, from: string, to: string): Promise<FileRow>;

  /** Removals that are due, oldest first; only those of live (active or trashed) projects. */
  dueRemovals(limit: number): Promise<readonly Removal[]>;
  /**
   * The removals of these keys that still stand; and those of the objects that a file had before it was
   * copied to its canonical key, where the file's uid is given.
   */
  findRemovals(keys: readonly string[], fileUid?: string): Promise<readonly Removal[]>;
  /**
   * Drops removals whose objects are verified gone (R9). Idempotent. Those of a project that is being
   * deleted stay, for its receipt accounts for their keys (I7).
   */
  finishRemovals(keys: readonly string[]): Promise<void>;
  /** Counts a failed attempt; it is due again after the delay. */
  postponeRemoval(key: string, code: string, message: string, delayMs: number): Promise<void>;
}
