import type { DeletionRow } from "./state.ts";

type Given = Pick<
  DeletionRow,
  | "id"
  | "projectId"
  | "projectUid"
  | "owner"
  | "requestedAt"
  | "requestedBy"
  | "salt"
  | "state"
  | "purgeAfter"
  | "purgeStartedAt"
  | "tombstoneKey"
>;

/** A deletion on which nobody has worked yet. */
export function newDeletion(given: Given): DeletionRow {
  return {
    ...given,
    blocked: null,
    fencedAt: null,
    verifiedAt: null,
    completedAt: null,
    attempts: 0,
    token: 0,
    leaseUntil: 0,
    revision: 0,
    evidence: [],
    residue: [],
    gone: new Map(),
    log: new Map(),
    cdnTargets: new Map(),
    cdnPurged: 0,
    settling: {
      dueAt: null,
      later: [],
      tries: 0,
      results: [],
      returned: new Map(),
      stated: new Set(),
      statedLeft: 0,
    },
  };
}
