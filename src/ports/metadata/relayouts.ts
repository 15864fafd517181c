import type { FileRow, Instant } from "../../core/model.ts";
import type { RelayoutCounts, RelayoutProgress } from "../../core/relayout.ts";
import type { Relayout, RunNote } from "./runs.ts";

/** A file whose object lies elsewhere than below its project's canonical prefix. */
export interface LegacyFile {
  readonly projectId: string;
  readonly file: FileRow & { readonly key: string };
}

export interface LegacyFileQuery {
  /** Ids; none: of all projects. */
  readonly projects: readonly string[];
  readonly limit: number;
  /** The key of the last file of the page before. */
  readonly after?: string;
}

/** What one step of a relayout writes down. */
export interface RelayoutStep {
  readonly after: RelayoutProgress["after"];
  readonly uploads: RelayoutProgress["uploads"];
  /** Added to what is counted; what was done is counted by the call that did it, with its bytes. */
  readonly counts: Partial<RelayoutCounts>;
  readonly notes: readonly RunNote[];
}

/** A file that gets its canonical key, once the copy of its object is there and proven equal. */
export interface FileMove {
  readonly projectUid: string;
  /** The row as it was seen: with another uid or key by now it is left as it is. */
  readonly fileUid: string;
  readonly key: string;
  /** What the store calls the object that was copied. */
  readonly objectEtag: string;
  readonly newFileUid: string;
  /** The completing upload that made the copy; null of a file without bytes, which needs no object (R1). */
  readonly uploadId: string | null;
  /** Lower-case hex, where the bytes were read. */
  readonly sha256: string | null;
}

/** An old object that its relayout holds, until it is finished or undone. */
export interface HeldObject {
  readonly key: string;
  readonly projectId: string;
  readonly sizeBytes: number;
  /** What the object must have still, to be removed or to be read again. */
  readonly etag: string;
}

/** A run that finishes or undoes, and the relayout that holds the object. */
export interface HeldBy {
  readonly run: string;
  readonly token: number;
  readonly relayout: string;
}

/** What moves files to canonical keys. Every old key is a removal, and so known to a deletion (R1, R12). */
export interface RelayoutStore {
  /** Newest first. @param query after: where the page before ended */
  listRelayouts(query: {
    readonly limit: number;
    readonly after?: { readonly requestedAt: Instant; readonly id: string };
  }): Promise<readonly Relayout[]>;
  /** Of live (active or trashed) projects, by key. */
  listLegacyFiles(query: LegacyFileQuery): Promise<readonly LegacyFile[]>;
  /** Notes of projects that are not live (active or trashed) any more are dropped. @throws StaleClaimError */
  recordRelayout(id: string, token: number, step: RelayoutStep): Promise<Relayout>;
  /**
   * In one transaction that sees the project active and not held: the row names the copy and has a new
   * uid, and keeps its ETag and times; the old key becomes a removal that the relayout holds; the upload
   * goes, and the file is counted. False, and nothing happens, where the row is not what was seen.
   * @throws StaleClaimError, ExpungeError `project-not-active`, `project-held`, `upload-not-open`
   */
  commitFileMove(id: string, token: number, move: FileMove): Promise<boolean>;
  /** What the relayout holds still, by key. */
  listHeld(
    id: string,
    query: { readonly limit: number; readonly after?: string },
  ): Promise<readonly HeldObject[]>;
  countHeld(id: string): Promise<{ readonly objects: number; readonly bytes: number }>;
  /**
   * Lets a held removal come due, and counts it. False where it is not held any more.
   * @throws StaleClaimError, ExpungeError `project-not-active`, `project-held`
   */
  releaseHeld(by: HeldBy, key: string): Promise<boolean>;
  /**
   * The file's row names its old key again, which is no removal any more; the copy becomes one, and the
   * file is counted. Null where the key is not held any more, else the copy's key (null of a file without
   * bytes). @throws StaleClaimError, ExpungeError `project-not-active`, `project-held`
   */
  undoFileMove(by: HeldBy, key: string): Promise<{ readonly copyKey: string | null } | null>;
}
