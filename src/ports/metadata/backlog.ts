import type { DeletionState } from "../../core/model.ts";

/** Deletions that have not ended, by state. */
export type OpenDeletions = Readonly<
  Record<Exclude<DeletionState, "completed" | "restored">, number>
>;

/** What waits to be done, at one moment of the database. */
export interface Backlog {
  readonly deletions: OpenDeletions;
  /** Those of them that are blocked. */
  readonly blocked: number;
  /** For how long the oldest deletion has been due that no hold stops; 0 when none is. */
  readonly overdueMs: number;
  /** Objects of deleted or overwritten files that are not yet verified gone (R12). */
  readonly removals: number;
  /** Receipts and amendments whose copy is not in the store yet (R11). */
  readonly uncopied: number;
}

export interface BacklogStore {
  /** For a monitor: nothing is decided by it. */
  backlog(): Promise<Backlog>;
}
