import type { RunFailure } from "./adoption.ts";

/**
 * `copy`: copies the objects of adopted files to canonical keys and has their rows name the copies, while
 * the old objects are held. `finish`: removes what a relayout holds. `undo`: has the rows name the old
 * objects again, and removes the copies.
 */
export const RELAYOUT_ACTIONS = ["copy", "finish", "undo"] as const;
export type RelayoutAction = (typeof RELAYOUT_ACTIONS)[number];

export interface RelayoutRequest {
  readonly action: RelayoutAction;
  /** The relayout that is finished or undone; null of one that copies. */
  readonly of: string | null;
  /** Changes nothing: it counts. */
  readonly dryRun: boolean;
  /** Ids of the projects whose files are copied; none: of all. */
  readonly projects: readonly string[];
}

export interface RelayoutCounts {
  /** Files of which it was decided, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** Files that were copied, finished or undone, or would be. */
  readonly done: number;
  readonly doneBytes: number;
  /** Files that were left as they are; a note says why. */
  readonly spared: number;
  /** Objects that a finish or an undo saw verified gone, and those that a job goes on with. */
  readonly removed: number;
  readonly pending: number;
  /** Bytes that were read to prove that a copy is the same. */
  readonly readBytes: number;
}

export const NO_RELAYOUTS: RelayoutCounts = {
  objects: 0,
  bytes: 0,
  done: 0,
  doneBytes: 0,
  spared: 0,
  removed: 0,
  pending: 0,
  readBytes: 0,
};

export interface RelayoutProgress {
  /** Everything up to and with this key was looked at. */
  readonly after: string | null;
  readonly isListed: boolean;
  /** Ids of uploads that a worker may have begun since; one that goes on after its death ends them. */
  readonly uploads: readonly string[];
  readonly counts: RelayoutCounts;
  readonly failure: RunFailure | null;
}

export const RELAYOUT_BEGINS: RelayoutProgress = {
  after: null,
  isListed: false,
  uploads: [],
  counts: NO_RELAYOUTS,
  failure: null,
};

/** The sum of counts, field by field. */
export function addRelayouts(a: RelayoutCounts, b: Partial<RelayoutCounts>): RelayoutCounts {
  const sum = { ...a };
  for (const field of Object.keys(NO_RELAYOUTS) as (keyof RelayoutCounts)[]) {
    sum[field] = a[field] + (b[field] ?? 0);
  }
  return sum;
}

/** What a file that was copied, finished or undone adds to the counts. */
export function oneDone(sizeBytes: number): Partial<RelayoutCounts> {
  return { objects: 1, bytes: sizeBytes, done: 1, doneBytes: sizeBytes };
}
