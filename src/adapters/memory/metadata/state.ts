import type { Right } from "../../../core/caller.ts";
import type { ApiToken } from "../../../core/credentials.ts";
import { compareUtf8 } from "../../../core/encoding.ts";
import { type ErrorCode, ExpungeError } from "../../../core/errors.ts";
import type {
  Blocked,
  DeletionState,
  Evidence,
  FileRow,
  Instant,
  Project,
  Residue,
  SettleResult,
  Surface,
  Upload,
} from "../../../core/model.ts";
import type { WebhookEventType } from "../../../core/webhooks.ts";
import type {
  Idempotent,
  Removal,
  StoredAmendment,
  StoredReceipt,
  WebhookDelivery,
  WebhookState,
} from "../../../ports/metadata/index.ts";
import type { PublicKey } from "../../../ports/signer.ts";
import type { AuditRow, RunRow, SweepRow } from "./work-rows.ts";

export interface UploadRow {
  upload: Upload;
  /** When the state last changed: what "left in the midst" is measured from. */
  changedAt: Instant;
  /** Ended by the fence (R2). The row stays, as a tracked key, until rows are erased (R9). */
  settled: boolean;
}

export interface RemovalRow {
  removal: Removal;
  readonly sizeBytes: number;
  dueAt: Instant;
  /** Of an object that a relayout has copied: who holds it, and for which file. */
  readonly copied?: {
    readonly heldBy: string | null;
    readonly fileUid: string;
    readonly etag: string;
  };
}

/** One key of a deletion's removal log (R5). `seen`: a listing showed it; else it is absent. */
export interface LogRow {
  readonly surface: Surface;
  readonly leaf: Uint8Array;
  readonly bytes: number;
  readonly seen: boolean;
}

/** What came back after a receipt, until an amendment states it. */
export interface ReturnedRow {
  readonly surface: Surface;
  readonly leaf: Uint8Array;
  readonly bytes: number;
}

export interface Settling {
  /** Null when no look is to come. */
  dueAt: Instant | null;
  later: readonly Instant[];
  /** Looks at the same thing that ended unknown or with something left, one after the other. */
  tries: number;
  readonly results: SettleResult[];
  /** By the key hash, in hex. */
  readonly returned: Map<string, ReturnedRow>;
  /** Key hashes that an amendment has stated, and how many of them were left at the last one. */
  readonly stated: Set<string>;
  statedLeft: number;
}

/** A URL or prefix to purge; without its name once that was accepted. */
export interface CdnTargetRow {
  readonly hash: Uint8Array;
  readonly target: string | null;
  readonly acceptedAt: Instant | null;
}

export interface DeletionRow {
  readonly id: string;
  readonly projectId: string;
  readonly projectUid: string;
  readonly owner: string;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly salt: Uint8Array;
  state: DeletionState;
  blocked: Blocked | null;
  purgeAfter: Instant;
  purgeStartedAt: Instant | null;
  tombstoneKey: string | null;
  fencedAt: Instant | null;
  verifiedAt: Instant | null;
  completedAt: Instant | null;
  attempts: number;
  token: number;
  leaseUntil: Instant;
  /** Raised by every write of a claim: how `completeDeletion` sees that what it counted still holds. */
  revision: number;
  evidence: readonly Evidence[];
  residue: readonly Residue[];
  /** What the store said is gone, per surface: progress, not evidence (R5). */
  readonly gone: Map<Surface, number>;
  /** By the key hash, in hex: unique per key, so that replays count once (R5). */
  readonly log: Map<string, LogRow>;
  /** By the hash, in hex. */
  readonly cdnTargets: Map<string, CdnTargetRow>;
  /** Purges that were accepted until it was completed: what remains of them. */
  cdnPurged: number;
  readonly settling: Settling;
}

export interface ReceiptRow {
  readonly receipt: StoredReceipt;
  copied: boolean;
}

export interface AmendmentRow {
  readonly amendment: StoredAmendment;
  copied: boolean;
}

export interface TokenRow {
  token: ApiToken;
  readonly hash: string;
}

export interface SignInCodeRow {
  readonly owner: string;
  readonly rights: readonly Right[];
  readonly hash: string;
  readonly expiresAt: Instant;
}

export interface SessionRow extends SignInCodeRow {
  readonly createdAt: Instant;
}

export interface WebhookRow {
  readonly id: string;
  readonly events: readonly WebhookEventType[];
  disabledAt: Instant | null;
  lastError: WebhookState["lastError"];
}

export interface DeliveryRow {
  delivery: WebhookDelivery;
  /** Null once it was given up. */
  dueAt: Instant | null;
}

/** What endpoints are to be told, written in the step of what it tells of. */
export interface Outbox {
  readonly webhooks: Map<string, WebhookRow>;
  readonly deliveries: Map<string, DeliveryRow>;
  /** Messages ever made: their ids. */
  made: number;
}

/** All that the database holds. Plain data, so that a snapshot is one structured clone. */
export interface Rows {
  /** By uid. */
  readonly projects: Map<string, Project>;
  /** By the project's uid, then by path. */
  readonly files: Map<string, Map<string, FileRow>>;
  readonly uploads: Map<string, UploadRow>;
  /** By key. */
  readonly removals: Map<string, RemovalRow>;
  readonly deletions: Map<string, DeletionRow>;
  /** By the project's uid: at most one receipt per project (I7). */
  readonly receipts: Map<string, ReceiptRow>;
  /** By their place in the chain. */
  readonly amendments: Map<number, AmendmentRow>;
  readonly publicKeys: Map<string, PublicKey>;
  readonly sweeps: Map<string, SweepRow>;
  /** By the hash of the key and its subject. */
  readonly idempotent: Map<string, Idempotent>;
  readonly tokens: Map<string, TokenRow>;
  readonly signInCodes: Map<string, SignInCodeRow>;
  readonly sessions: Map<string, SessionRow>;
  readonly audits: Map<string, AuditRow>;
  readonly runs: Map<string, RunRow>;
  readonly outbox: Outbox;
}

/** The whole database at one moment, for `restore`. */
export interface MetadataSnapshot {
  readonly rows: Rows;
}

/** What one operation works on: the rows, and the database's time at which it happens (R8). */
export interface Tx {
  readonly rows: Rows;
  readonly now: Instant;
}

export function emptyRows(): Rows {
  return {
    projects: new Map(),
    files: new Map(),
    uploads: new Map(),
    removals: new Map(),
    deletions: new Map(),
    receipts: new Map(),
    amendments: new Map(),
    publicKeys: new Map(),
    idempotent: new Map(),
    tokens: new Map(),
    sweeps: new Map(),
    signInCodes: new Map(),
    sessions: new Map(),
    audits: new Map(),
    runs: new Map(),
    outbox: { webhooks: new Map(), deliveries: new Map(), made: 0 },
  };
}

export function refusal(code: ErrorCode, message: string): ExpungeError {
  return new ExpungeError(code, message);
}

/** @throws ExpungeError `project-not-found` */
export function projectOf(tx: Tx, uid: string): Project {
  const project = tx.rows.projects.get(uid);
  if (!project) throw refusal("project-not-found", "There is no such project.");
  return project;
}

/** @throws ExpungeError `project-not-found`, `project-not-active` */
export function activeProject(tx: Tx, uid: string): Project {
  const project = projectOf(tx, uid);
  if (project.state === "active") return project;
  throw refusal("project-not-active", `The project is ${project.state}.`);
}

/** @throws ExpungeError `project-held` */
export function refuseHeld(project: Project): void {
  if (project.hold) throw refusal("project-held", "A hold stands on the project.");
}

/** Whether jobs outside a deletion may still work on what belongs to the project. */
export function isLive(tx: Tx, uid: string): boolean {
  const state = tx.rows.projects.get(uid)?.state;
  return state === "active" || state === "trashed";
}

export function filesOf(tx: Tx, projectUid: string): Map<string, FileRow> {
  let files = tx.rows.files.get(projectUid);
  if (!files) {
    files = new Map();
    tx.rows.files.set(projectUid, files);
  }
  return files;
}

/** Hands a key to the removals: from here on they are what knows of it (R9, R12). */
export function addRemoval(tx: Tx, projectUid: string, key: string, sizeBytes: number): void {
  if (tx.rows.removals.has(key)) return;
  const removal = { key, projectUid, requestedAt: tx.now, attempts: 0 };
  tx.rows.removals.set(key, { removal, sizeBytes, dueAt: tx.now });
}

/** Sorts by the UTF-8 bytes of a text, as `COLLATE "C"` does. */
export function byBytes<T>(textOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => compareUtf8(textOf(a), textOf(b));
}
