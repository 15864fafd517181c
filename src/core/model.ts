import type { CdnErrorCode } from "./cdn.ts";
import type { StoreErrorCode } from "./store-errors.ts";
import type { ErrorCode } from "./errors.ts";

/** Milliseconds since the epoch, by the database's clock (R8). Faces print it as RFC 3339. */
export type Instant = number;

/** Free facts that a caller attaches to a project or a file. */
export type Metadata = Readonly<Record<string, unknown>>;

/** What a project is; `trashed` can still be restored. */
export type ProjectState = "active" | "trashed" | "deleting" | "deleted";

/** A legal hold: while it stands, the project cannot be deleted. */
export interface Hold {
  readonly reason: string;
  readonly placedAt: Instant;
}

/** The unit of ownership and of deletion. `uid` is ours, of fixed length and never reused (R3). */
export interface Project {
  readonly id: string;
  readonly uid: string;
  readonly name: string;
  readonly owner: string;
  readonly state: ProjectState;
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly quotaBytes: number | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly hold: Hold | null;
  readonly metadata: Metadata;
}

/** A file's row. `key` is null for an empty file: it has no object (R1). */
export interface FileRow {
  readonly uid: string;
  readonly projectUid: string;
  readonly path: string;
  readonly key: string | null;
  readonly sizeBytes: number;
  readonly contentType: string;
  /** Strong validator: changes with every write, also with one of equal bytes. */
  readonly etag: string;
  /** Lower-case hex, null where the bytes did not pass through expunge. */
  readonly sha256: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly metadata: Metadata;
}

/**
 * `open -> completing -> committed`, or `open | completing -> aborting`, then the row goes.
 * Only a `completing` upload can become an object, and only expunge completes (R1).
 */
export type UploadState = "open" | "completing" | "committed" | "aborting";

/** An attempt to make a file. */
export interface Upload {
  readonly id: string;
  readonly projectUid: string;
  readonly path: string;
  /** The object's key, and the uid of the file that it will be. */
  readonly key: string;
  readonly fileUid: string;
  readonly state: UploadState;
  /** The store's own id of the multipart upload; null until it was recorded. */
  readonly storeUploadId: string | null;
  /** What the caller declared; null when the body's size was not announced. */
  readonly sizeBytes: number | null;
  readonly partSizeBytes: number;
  readonly contentType: string;
  readonly metadata: Metadata;
  /** Whether the caller uploads the parts itself; such an upload is kept until it expires. */
  readonly direct: boolean;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

/** One place where a project's data can remain. */
export type Surface =
  | "tracked"
  | "canonical"
  | "multipart"
  | "versions"
  /** What a CDN caches of the others: URLs and prefixes to purge, no objects. */
  | "cdn"
  | `legacy:${string}`;

/** What became of one key. `deleted` and `absent` are final; the others are residue. */
export type Outcome = "deleted" | "absent" | "failed" | "blocked" | "unknown";
export type ResidueOutcome = Extract<Outcome, "failed" | "blocked" | "unknown">;

/** A key of a deletion, or a URL or prefix to purge, whose outcome is failed, blocked or unknown. */
export interface Residue {
  readonly surface: Surface;
  readonly key: string;
  readonly outcome: ResidueOutcome;
  readonly code: StoreErrorCode | CdnErrorCode;
  readonly message: string;
}

/** What a deletion found on one surface, and what became of it. */
export interface SurfaceCounts {
  readonly surface: Surface;
  /** Keys (or uploads, or versions) seen in a listing after the fence. */
  readonly found: number;
  readonly deleted: number;
  /** Tracked keys that no listing showed. */
  readonly absent: number;
  readonly failed: number;
  readonly blocked: number;
  readonly unknown: number;
  readonly bytes: number;
}

/** How far a deletion has come; `completed` is verified, `restored` is undone within the grace. */
export type DeletionState = "trashed" | "deleting" | "verifying" | "completed" | "restored";

/** A field beside the state: the deletion cannot go on until something outside changes. */
export interface Blocked {
  readonly reason: string;
  readonly code: StoreErrorCode | CdnErrorCode | ErrorCode;
  readonly since: Instant;
  readonly nextRetryAt: Instant;
}

/** One complete listing of a surface after the fence: the evidence (R6). */
export interface Evidence {
  readonly surface: Surface;
  readonly prefix: string;
  readonly at: Instant;
  readonly pages: number;
  readonly entries: number;
}

/**
 * One look at a completed deletion, later. `amended`: something had come back, and an amendment states
 * it. `unknown`: a surface could not be looked at, or what came back still cannot be removed.
 */
export interface SettleResult {
  readonly at: Instant;
  readonly result: "clean" | "amended" | "unknown";
  readonly found: number;
}

/** The durable operation that empties all surfaces of one project. */
export interface Deletion {
  readonly id: string;
  readonly projectId: string;
  readonly projectUid: string;
  readonly owner: string;
  readonly state: DeletionState;
  readonly blocked: Blocked | null;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  /** Nothing is removed or aborted before this instant (I6). */
  readonly purgeAfter: Instant;
  readonly purgeStartedAt: Instant | null;
  readonly tombstoneKey: string | null;
  readonly fencedAt: Instant | null;
  readonly verifiedAt: Instant | null;
  readonly completedAt: Instant | null;
  readonly attempts: number;
  readonly surfaces: readonly SurfaceCounts[];
  readonly residueTotal: number;
}
