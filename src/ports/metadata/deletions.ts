import type { DeletionEvent } from "../../core/deletion.ts";
import type {
  Blocked,
  Deletion,
  DeletionState,
  Evidence,
  Instant,
  Residue,
  Surface,
  SurfaceCounts,
  Upload,
} from "../../core/model.ts";

export interface DeletionRequest {
  readonly id: string;
  readonly projectUid: string;
  readonly requestedBy: string;
  readonly graceMs: number;
  /** Keys the removal log's hashes; it never leaves the database (docs/receipts.md). 32 bytes. */
  readonly salt: Uint8Array;
  /** How many deletions, those that were undone excepted, the requester may have requested lately. */
  readonly cap?: DeletionCap | null;
}

export interface DeletionCap {
  readonly deletions: number;
  readonly withinMs: number;
}

export interface DeletionQuery {
  readonly owner?: string;
  readonly state?: DeletionState;
  readonly projectId?: string;
  readonly limit: number;
  /** The id of the last deletion of the page before; nothing comes after one of another owner (I10). */
  readonly after?: string;
}

/** A worker's right to act on a deletion, until its lease ends by the database's clock. */
export interface Claim {
  readonly deletion: Deletion;
  /** The fencing token: every write of the worker names it, and an older one is refused. */
  readonly token: number;
  readonly salt: Uint8Array;
}

/** One key of a page of the removal log (R5). Both hashes are 32 bytes. */
export interface RemovalEntry {
  /** HMAC(salt, key): what makes an entry unique per key, so that replays count once. */
  readonly keyHash: Uint8Array;
  /** SHA-256(keyHash || surface || bytes): the receipt's leaf. */
  readonly leaf: Uint8Array;
  readonly bytes: number;
}

export interface TrackedKey {
  readonly key: string;
  readonly sizeBytes: number;
}

/** What the final transaction hands to the one who writes the receipt. */
export interface SealFacts {
  readonly deletion: Deletion;
  /**
   * Exact, counted from the removal log in this transaction: `deleted` is `found`. Surfaces without
   * entries may be left out, here and in a `Deletion`. `cdn` counts purges, and has no leaves.
   */
  readonly surfaces: readonly SurfaceCounts[];
  readonly leaves: number;
  readonly merkleRoot: Uint8Array;
  readonly evidence: readonly Evidence[];
  /** When the CDN accepted the last purge; null where nothing was to be purged. */
  readonly cdnAcceptedAt: Instant | null;
  /** 1 for the first receipt of the chain. */
  readonly sequence: number;
  /** SHA-256 of the receipt before, base64url; null for the first. */
  readonly previousHash: string | null;
  readonly now: Instant;
  /**
   * The hash of the receipt that the project has already, from before the database was restored: what
   * is sealed is an amendment of it then (I7).
   */
  readonly amends: string | null;
}

export interface Sealed {
  readonly jws: string;
  /** SHA-256 of the JWS, base64url. */
  readonly hash: string;
}

export interface DeletionStore {
  /**
   * Closing: one compare-and-set takes the project from `active` to `trashed` and makes the deletion.
   * A project that has one already joins it, also one that began or completed; while it is `trashed`,
   * a smaller grace brings the purge forward, never back.
   * A cap holds for new deletions, across processes, and also for requests at the same time.
   * @throws ExpungeError `project-not-found`, `project-held`, `too-many-deletions`
   */
  requestDeletion(request: DeletionRequest): Promise<{ deletion: Deletion; joined: boolean }>;
  /**
   * As `requestDeletion`, for a project whose time is over; null where it is not, or not any more: it
   * was prolonged, held or trashed since it was looked at.
   */
  expireProject(request: DeletionRequest): Promise<Deletion | null>;
  /**
   * Undo: `trashed -> active`. First of undo and `beginPurge` wins. An expiry that is over is taken
   * away, else the project would be deleted again at once.
   * @throws ExpungeError `not-restorable`, `project-not-found`
   */
  restoreProject(projectUid: string): Promise<Deletion>;
  findDeletion(id: string): Promise<Deletion | null>;
  /** The newest deletion of a project that was not undone. */
  findDeletionOf(projectUid: string): Promise<Deletion | null>;
  /** Newest first; those of one instant by id, downwards. */
  listDeletions(query: DeletionQuery): Promise<readonly Deletion[]>;
  /**
   * By the bytes of the key, then of the surface. `after` is the key of the last one of the page before;
   * so a page does not part what belongs to one key, and may be longer than `limit` by that.
   */
  listResidue(id: string, limit: number, after?: string): Promise<readonly Residue[]>;

  /**
   * Ids of deletions that a worker could claim now: in grace that is over and not held, or under way,
   * with no lease that stands and, when blocked, due for a retry.
   */
  dueDeletions(limit: number): Promise<readonly string[]>;
  /** Takes the lease and raises the token; null when it is not claimable by the rules above. */
  claimDeletion(id: string, leaseMs: number): Promise<Claim | null>;
  /**
   * False when the token is not the newest, or the deletion has ended and no settle is due: the worker
   * must stop at once.
   */
  extendClaim(id: string, token: number, leaseMs: number): Promise<boolean>;
  releaseClaim(id: string, token: number): Promise<void>;
  /**
   * Ends all leases, those of audits and sweeps too: for the embedded database, whose other process is
   * known to be dead.
   */
  releaseAllClaims(): Promise<void>;
  /**
   * Makes a blocked deletion due now: it does not count as blocked until the next attempt says so
   * again. Nothing for others. @throws ExpungeError `deletion-not-found`
   */
  retryDeletion(id: string): Promise<Deletion>;

  // Each call below that names the claim's token throws `StaleClaimError` when it is not the newest, or
  // when the deletion has ended (completed or restored): there is no claim then.

  /**
   * Applies one event of the state machine; `purge-began` checks due time and hold once more, `found`
   * discards evidence and `verifiedAt` (I3). `restored` and `verified` are refused: `restoreProject` and
   * `completeDeletion` are the only ways to the ends.
   * @throws ExpungeError `project-held`; `internal` when the grace is not over or the event not allowed
   */
  advance(id: string, token: number, event: DeletionEvent): Promise<Deletion>;
  recordTombstone(id: string, token: number, key: string): Promise<void>;
  /** Uploads of the project whose end is not settled, `committed` ones excluded. */
  unsettledUploads(id: string, token: number, limit: number): Promise<readonly Upload[]>;
  /**
   * Marks uploads as ended. Their rows stay until all rows are erased, so that their keys are known;
   * but they no longer count as unsettled. `committed` ones are left as they are.
   * @throws ExpungeError `internal` while `trashed` (I6)
   */
  settleForFence(id: string, token: number, uploadIds: readonly string[]): Promise<void>;
  /**
   * Records the fence; repeated, the first time stands.
   * @throws ExpungeError `internal` while an upload is unsettled, or while `trashed` (I6)
   */
  recordFence(id: string, token: number): Promise<Deletion>;
  /**
   * Keys of files and removals: what was an object once, so that a listing shows it or it counts as
   * absent. In the order of their bytes, without doubles; the largest of the sizes that rows give.
   */
  trackedKeys(projectUid: string, limit: number, after?: string): Promise<readonly TrackedKey[]>;
  /** Those of the keys that a row of the project names, an upload's included. */
  whichTracked(projectUid: string, keys: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Inserts a page of listed keys in one statement, before the request that removes them (R5). A key
   * that is there already, of whatever surface, counts no second time; but one that was recorded as
   * absent becomes a listed one. A page may name a key twice: the first counts.
   */
  recordPage(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly RemovalEntry[],
  ): Promise<void>;
  /**
   * Takes an entry back, by its key's hash, where it turned out that nothing was lost: an upload that
   * had become an object. Nothing for one that is not there.
   */
  retractEntry(id: string, token: number, keyHash: Uint8Array): Promise<void>;
  /** Inserts tracked keys that no listing showed; one that was listed earlier is left as it is. */
  recordAbsent(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly RemovalEntry[],
  ): Promise<void>;
  /** Adds to the progress count of what the store said is gone (progress, not evidence). */
  recordProgress(id: string, token: number, surface: Surface, gone: number): Promise<void>;
  /** Replaces the whole residue by this one, after a pass. */
  replaceResidue(id: string, token: number, residue: readonly Residue[]): Promise<void>;
  /** Sets or clears `blocked`; `retryInMs` counts from the database's now, `since` from the first. */
  setBlocked(
    id: string,
    token: number,
    blocked: (Pick<Blocked, "reason" | "code"> & { readonly retryInMs: number }) | null,
  ): Promise<Deletion>;
  /**
   * Replaces the evidence; `at` of each entry is the database's time before that listing began. Sets
   * `verifiedAt` to the database's now.
   */
  recordEvidence(id: string, token: number, evidence: readonly Evidence[]): Promise<void>;
  /**
   * Erases up to `limit` rows of files, uploads (in every state) and removals; answers how many.
   * @throws ExpungeError `internal` unless `verifying`: rows outlive bytes (R7, R9)
   */
  eraseRows(id: string, token: number, limit: number): Promise<number>;
  /**
   * The final transaction (R7): locks the project and the chain's head; checks token, state
   * `verifying`, no residue, no purge of a CDN that is pending, no rows left, a fence, evidence, all of it not older than the fence and
   * with no entries; counts from the removal log
   * and builds the Merkle root over its seen leaves in the order of their bytes; calls `seal`; writes
   * the receipt, `completed` and `deleted`; clears `blocked`; blanks the project's name and metadata
   * and its counters. `seal` may be called again, with other facts, where a store repeats transactions;
   * it must not call the store. When it throws, nothing is written and the error is passed on.
   * A project that has a receipt (`buryAgain`) gets no other: what was found now is sealed as an
   * amendment of it, and without leaves nothing is sealed.
   * @param settleAfterMs when the completed deletion is to be looked at again, from its end
   * @throws ExpungeError `internal` when a check fails: nothing is written then
   */
  completeDeletion(
    id: string,
    token: number,
    seal: (facts: SealFacts) => Promise<Sealed>,
    settleAfterMs?: readonly number[],
  ): Promise<Deletion>;
}

/** The claim was lost to another worker: stop, and touch nothing more. */
export class StaleClaimError extends Error {
  override readonly name = "StaleClaimError" as const;
}
