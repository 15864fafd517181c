import type { ColumnType, Generated, Selectable } from "kysely";
import type {
  DeletionState,
  Evidence,
  Instant,
  Metadata,
  ProjectState,
  ResidueOutcome,
  SettleResult,
  Surface,
  UploadState,
} from "../../core/model.ts";
import type { SweepEnd } from "../../ports/metadata/index.ts";
import type { PublicKey } from "../../ports/signer.ts";
import type { SessionsTable, SignInCodesTable, TokensTable } from "./schema-credentials.ts";
import type { AuditFindingsTable, AuditsTable } from "./schema-audits.ts";
import type { AdoptedProjectsTable, RunNotesTable, RunsTable } from "./schema-runs.ts";
import type { AuditLogTable, DeliveriesTable, WebhooksTable } from "./schema-of-telling.ts";

/** All tables lie in a schema of their own, beside those of the job queue and of anybody else. */
export const SCHEMA = "expunge";

/**
 * The tables as kysely knows them: a misspelt column does not compile. Instants are bigints of
 * milliseconds, which come and go exactly; both drivers give bigints as numbers. `json`, not `jsonb`:
 * the text that was stored comes back as it was, an escaped NUL included.
 */
export interface Tables {
  "expunge.projects": ProjectsTable;
  "expunge.files": FilesTable;
  "expunge.uploads": UploadsTable;
  "expunge.removals": RemovalsTable;
  "expunge.deletions": DeletionsTable;
  "expunge.surface_counts": SurfaceCountsTable;
  "expunge.removal_log": RemovalLogTable;
  "expunge.residue": ResidueTable;
  "expunge.cdn_targets": CdnTargetsTable;
  "expunge.settles": SettlesTable;
  "expunge.returned": ReturnedTable;
  "expunge.receipts": ReceiptsTable;
  "expunge.amendments": AmendmentsTable;
  "expunge.chain_head": ChainHeadTable;
  "expunge.audits": AuditsTable;
  "expunge.audit_findings": AuditFindingsTable;
  "expunge.runs": RunsTable;
  "expunge.run_notes": RunNotesTable;
  "expunge.adopted_projects": AdoptedProjectsTable;
  "expunge.public_keys": PublicKeysTable;
  "expunge.store_binding": StoreBindingTable;
  "expunge.idempotent": IdempotentTable;
  "expunge.tokens": TokensTable;
  "expunge.sweeps": SweepsTable;
  "expunge.sessions": SessionsTable;
  "expunge.sign_in_codes": SignInCodesTable;
  "expunge.webhooks": WebhooksTable;
  "expunge.deliveries": DeliveriesTable;
  "expunge.audit_log": AuditLogTable;
}

/** Written as text, read as what it says. */
type Json<T> = ColumnType<T, string, string>;

export interface ProjectsTable {
  uid: string;
  id: string;
  name: string;
  owner: string;
  state: ProjectState;
  file_count: number;
  size_bytes: number;
  quota_bytes: number | null;
  created_at: Instant;
  expires_at: Instant | null;
  hold_reason: string | null;
  hold_placed_at: Instant | null;
  metadata: Json<Metadata>;
}

export interface FilesTable {
  uid: string;
  project_uid: string;
  path: string;
  key: string | null;
  size_bytes: number;
  content_type: string;
  etag: string;
  sha256: string | null;
  created_at: Instant;
  updated_at: Instant;
  metadata: Json<Metadata>;
}

export interface UploadsTable {
  id: string;
  project_uid: string;
  path: string;
  key: string;
  file_uid: string;
  state: UploadState;
  store_upload_id: string | null;
  size_bytes: number | null;
  part_size_bytes: number;
  content_type: string;
  metadata: Json<Metadata>;
  direct: boolean;
  created_at: Instant;
  expires_at: Instant;
  /** When the state last changed: what "left in the midst" is measured from. */
  changed_at: Instant;
  /** Ended by the fence (R2); the row stays, as a tracked key, until rows are erased (R9). */
  settled: boolean;
}

export interface RemovalsTable {
  key: string;
  project_uid: string;
  size_bytes: number;
  requested_at: Instant;
  due_at: Instant;
  attempts: number;
  code: string | null;
  message: string | null;
  /** The relayout that keeps it from coming due; whose object it was, and what it must be still. */
  held_by: string | null;
  file_uid: string | null;
  etag: string | null;
}

export interface DeletionsTable {
  id: string;
  /** What the removal log names: shorter than the id. */
  number: Generated<number>;
  project_uid: string;
  project_id: string;
  owner: string;
  state: DeletionState;
  blocked_reason: string | null;
  blocked_code: string | null;
  blocked_since: Instant | null;
  blocked_retry_at: Instant | null;
  requested_at: Instant;
  requested_by: string;
  purge_after: Instant;
  purge_started_at: Instant | null;
  tombstone_key: string | null;
  fenced_at: Instant | null;
  verified_at: Instant | null;
  completed_at: Instant | null;
  attempts: number;
  /** The fencing token of the newest claim. */
  token: number;
  lease_until: Instant;
  /** Raised by every write that could change what a final transaction counted. */
  revision: number;
  salt: Uint8Array;
  evidence: Json<readonly Evidence[]>;
  /** When it is looked at again; null when no look is to come. */
  settle_due_at: Instant | null;
  settle_later: ColumnType<readonly Instant[], string | undefined, string>;
  settle_tries: Generated<number>;
  /** What the newest amendment said is listed still. */
  settle_left: Generated<number>;
}

export interface SurfaceCountsTable {
  deletion: number;
  surface: Surface;
  found: number;
  /** What the store said is gone: progress, not evidence (R5). */
  gone: number;
  absent: number;
  failed: number;
  blocked: number;
  unknown: number;
  bytes: number;
}

/** R5: unique per key, so that replays count once and a crash loses no count. */
export interface RemovalLogTable {
  deletion: number;
  key_hash: Uint8Array;
  leaf: Uint8Array;
  surface: Surface;
  bytes: number;
  /** A listing showed it; else it is a tracked key that is absent. */
  seen: boolean;
}

export interface ResidueTable {
  deletion: number;
  ordinal: Generated<number>;
  surface: Surface;
  /** UTF-8 bytes: a foreign key in the bucket may hold what text cannot (NUL). */
  key: Uint8Array;
  outcome: ResidueOutcome;
  code: string;
  message: string;
}

/** A URL or prefix; without its name once its purge was accepted. */
export interface CdnTargetsTable {
  deletion: number;
  hash: Uint8Array;
  target: string | null;
  accepted_at: Instant | null;
}

export interface ReceiptsTable {
  project_uid: string;
  deletion_id: string;
  owner: string;
  sequence: number;
  jws: string;
  hash: string;
  issued_at: Instant;
  copied: boolean;
}

export interface SettlesTable {
  deletion: number;
  ordinal: Generated<number>;
  at: Instant;
  result: SettleResult["result"];
  found: number;
}

/** What came back after a receipt; of amendment 0 until one states it. */
export interface ReturnedTable {
  deletion: number;
  amendment: Generated<number>;
  key_hash: Uint8Array;
  leaf: Uint8Array;
  surface: Surface;
  bytes: number;
}

export interface AmendmentsTable {
  sequence: number;
  project_uid: string;
  deletion_id: string;
  owner: string;
  jws: string;
  hash: string;
  issued_at: Instant;
  copied: boolean;
}

/** One row: what the next receipt follows, and what its transaction locks (R7). */
export interface ChainHeadTable {
  single: Generated<boolean>;
  sequence: number;
  hash: string | null;
}

export interface PublicKeysTable {
  kid: string;
  key: Json<PublicKey>;
  ordinal: Generated<number>;
}

/** One row at most: the store that all other rows belong to. */
export interface StoreBindingTable {
  single: Generated<boolean>;
  store_id: string;
}

/** What a creation was named by, until it is a day old or its project is deleted (R7). */
export interface IdempotentTable {
  subject: string;
  key_hash: Uint8Array;
  fingerprint: Uint8Array;
  project_uid: string;
  /** A project's uid or an upload's id. */
  resource: string;
  created_at: Instant;
}

/** A prefix that is emptied, and its claim. */
export interface SweepsTable {
  id: string;
  prefix: string;
  requested_by: string;
  requested_at: Instant;
  completed_at: Instant | null;
  attempts: Generated<number>;
  found: Generated<number>;
  token: Generated<number>;
  lease_until: Generated<Instant>;
  ended: Json<SweepEnd> | null;
}

export type ProjectRow = Selectable<ProjectsTable>;
export type FilesRow = Selectable<FilesTable>;
export type UploadRow = Selectable<UploadsTable>;
export type DeletionRow = Selectable<DeletionsTable>;
