import type { Hold, Instant, Metadata, Project, ProjectState } from "../../core/model.ts";
import type { NewIdempotent } from "./idempotency.ts";

export interface NewProject {
  readonly id: string;
  readonly uid: string;
  readonly name: string;
  readonly owner: string;
  readonly metadata: Metadata;
  readonly quotaBytes: number | null;
  /** Counted from the database's now; `expiresAt` wins where both are given. */
  readonly ttlMs: number | null;
  readonly expiresAt: Instant | null;
  readonly idempotent?: NewIdempotent;
}

export interface ProjectPatch {
  readonly name?: string;
  readonly metadata?: Metadata;
  readonly quotaBytes?: number | null;
  readonly expiresAt?: Instant | null;
}

export interface ProjectQuery {
  /** Only projects of this owner; all of them when absent. */
  readonly owner?: string;
  /** All states but `deleted` when absent. */
  readonly state?: ProjectState;
  /** Taken literally. */
  readonly namePrefix?: string;
  readonly limit: number;
  /** The uid of the last project of the page before. */
  readonly after?: string;
}

export interface ProjectStore {
  /**
   * @throws ExpungeError `project-exists`, also for the id of a deleted project;
   * `idempotency-key-reused`
   */
  createProject(project: NewProject): Promise<Project>;
  /** Deleted projects are found too: id, uid, owner and times remain (R7). */
  findProject(id: string): Promise<Project | null>;
  findProjectByUid(uid: string): Promise<Project | null>;
  /** By uid, which is by time of creation. One more than `limit` is never returned. */
  listProjects(query: ProjectQuery): Promise<readonly Project[]>;
  /** Active projects without a hold whose time is over by the database's clock, oldest first. */
  expiredProjects(limit: number): Promise<readonly Project[]>;
  /** Those of the projects, by uid, that are being deleted or are deleted: past every undo. */
  whichClosed(uids: readonly string[]): Promise<ReadonlySet<string>>;
  /** @throws ExpungeError `project-not-found`, `project-not-active` unless active */
  updateProject(uid: string, patch: ProjectPatch): Promise<Project>;
  /**
   * Compare-and-set on the row that the worker's claim uses: allowed when active or trashed.
   * Replaces the reason of a hold that stands, not its `placedAt`. @throws ExpungeError `not-holdable`, `project-not-found`
   */
  placeHold(uid: string, reason: string): Promise<Hold>;
  /**
   * Idempotent. A purge or expiry that became due while the hold stood waits a fresh grace of at
   * least `graceMs` from now; one that is still to come is left as it is.
   */
  releaseHold(uid: string, graceMs: number): Promise<void>;
}
