import type { Deletion, Instant } from "../../core/model.ts";
import type { StoredReceipt } from "./receipts.ts";

/** What a tombstone in the store says of a deletion that the database may know nothing of (R11). */
export interface Buried {
  readonly deletionId: string;
  readonly projectId: string;
  readonly projectUid: string;
  readonly owner: string;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly purgeStartedAt: Instant;
  readonly tombstoneKey: string;
  /** A new one: the old one went with the database that knew it. */
  readonly salt: Uint8Array;
  /** The receipt that the store has a copy of, verified by the caller; null where there is none. */
  readonly receipt: StoredReceipt | null;
}

/** The guard against databases that were restored from a backup (I11). */
export interface TombstoneStore {
  /** When the newest purge began whose tombstone the database knows; null before the first. */
  newestTombstone(): Promise<Instant | null>;
  /**
   * Puts a deletion back that an older database has lost: the project is being deleted from here on,
   * whatever state its row is in, or without one; a hold of the older state is no obstacle. A receipt
   * of the project is taken back into the chain, so that no second one is written (I7), unless the
   * database gave its place to another. Where the id belongs to another project by now, the uid takes
   * its place. Null where the project is being deleted already, and then only its receipt is taken
   * back, or is deleted, and then nothing changes.
   */
  buryAgain(buried: Buried): Promise<Deletion | null>;
}
