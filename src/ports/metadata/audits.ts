import type {
  Audit,
  AuditFix,
  AuditProgress,
  Finding,
  FindingKind,
  FixOutcome,
} from "../../core/audit.ts";
import type { Instant } from "../../core/model.ts";

/** A file's row as an audit compares it with the store; only files that have an object. */
export interface StoredFile {
  readonly fileUid: string;
  readonly projectUid: string;
  readonly path: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  /** Lower-case hex, null where the bytes did not pass through expunge. */
  readonly sha256: string | null;
  readonly updatedAt: Instant;
}

/** Where a page of `listStoredFiles` begins: behind this row. Of one key there may be several. */
export interface StoredFileCursor {
  readonly key: string;
  /** Null: behind all rows of this key. */
  readonly fileUid: string | null;
}

export interface StoredFileQuery {
  readonly limit: number;
  readonly after?: StoredFileCursor;
  /** No key behind this one. */
  readonly until?: string;
}

/** How the keys of stored files are to be split into ranges. */
export interface SplitQuery {
  /** At most so many ranges, */
  readonly parts: number;
  /** with at least so many rows in each. */
  readonly rowsMin: number;
}

export interface AuditRequest {
  readonly id: string;
  readonly requestedBy: string;
  readonly fix: AuditFix;
  readonly quarantine: boolean;
  readonly minAgeMs: number;
  readonly readPercent: number;
  readonly listingConcurrency: number;
}

export interface AuditListQuery {
  readonly limit: number;
  /** The id of the last audit of the page before; nothing comes after one that is not there. */
  readonly after?: string;
}

/** A worker's right to act on an audit, until its lease ends by the database's clock. */
export interface AuditClaim {
  readonly audit: Audit;
  /** The fencing token: every write of the worker names it, and an older one is refused. */
  readonly token: number;
}

export interface StoredFinding extends Finding {
  /** Its place among all findings of the audit, from the first to the last that was found. */
  readonly ordinal: number;
  /** What became of it, where it was to be mended. */
  readonly outcome: FixOutcome | null;
  /** Why it was spared or could not be mended. */
  readonly code: string | null;
}

export interface FindingQuery {
  readonly limit: number;
  /** The ordinal of the last one of the page before. */
  readonly after?: number;
  /** Only of these kinds. */
  readonly kinds?: readonly FindingKind[];
  /** Only those without an outcome. */
  readonly isOpen?: boolean;
}

/** What one step of an audit writes down, whole or not at all. */
export interface AuditStep {
  readonly progress: AuditProgress;
  readonly findings?: readonly Finding[];
  /** Drops what was found of this kind before: it is looked for anew. */
  readonly forgets?: FindingKind;
  readonly outcomes?: readonly Pick<StoredFinding, "ordinal" | "outcome" | "code">[];
  /** The last step: the audit has ended. */
  readonly isLast?: boolean;
}

/** What an audit reads of the rows of all projects, and what it writes down. */
export interface AuditStore {
  createAudit(request: AuditRequest): Promise<Audit>;
  findAudit(id: string): Promise<Audit | null>;
  /** Newest first; those of one instant by id, downwards. */
  listAudits(query: AuditListQuery): Promise<readonly Audit[]>;
  /** Ids of audits that have not ended, with no lease that stands, oldest first. */
  dueAudits(limit: number): Promise<readonly string[]>;
  /** Takes the lease and raises the token; null when it has ended or another lease stands. */
  claimAudit(id: string, leaseMs: number): Promise<AuditClaim | null>;
  /** False when the token is not the newest, or the audit has ended: the worker must stop at once. */
  extendAudit(id: string, token: number, leaseMs: number): Promise<boolean>;
  releaseAudit(id: string, token: number): Promise<void>;
  /** Writes one step down in one transaction. @throws StaleClaimError */
  recordAudit(id: string, token: number, step: AuditStep): Promise<Audit>;
  /** In the order in which they were found; none of an audit that does not exist. */
  listFindings(id: string, query: FindingQuery): Promise<readonly StoredFinding[]>;
  /** Forgets audits that ended longer ago, with their findings; answers how many. */
  forgetAudits(keptMs: number): Promise<number>;

  /** Rows of files that have an object, of every project: by the bytes of the key, then of the uid. */
  listStoredFiles(query: StoredFileQuery): Promise<readonly StoredFile[]>;
  /**
   * Keys of these rows that split them into ranges of about as many rows, in order and each once: the first
   * key of all, those between, and the last. None where there are too few rows for two ranges.
   */
  splitStoredKeys(query: SplitQuery): Promise<readonly string[]>;
  /** Those of these keys, in the same order. */
  findStoredFiles(keys: readonly string[]): Promise<readonly StoredFile[]>;
  /** Those of the keys that any row names: of a file, of a removal, or of an upload in any state. */
  whichNamed(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Those of the store's own upload ids that a row stands for: one that is under way and not expired by
   * the database's clock, or whose end is being settled.
   */
  whichUploadsStand(storeUploadIds: readonly string[]): Promise<ReadonlySet<string>>;
}
