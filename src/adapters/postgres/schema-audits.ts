import type { ColumnType, Generated, Selectable } from "kysely";
import type {
  AuditFix,
  AuditProgress,
  FindingKind,
  FixOutcome,
  Mismatch,
} from "../../core/audit.ts";
import type { Instant } from "../../core/model.ts";

/** The tables of audits, of which `Tables` is made with the others. */
export interface AuditsTable {
  id: string;
  /** What its findings name. */
  number: Generated<number>;
  requested_at: Instant;
  requested_by: string;
  fix: AuditFix;
  quarantine: boolean;
  min_age_ms: number;
  read_percent: number;
  listing_concurrency: number;
  attempts: number;
  completed_at: Instant | null;
  /** The fencing token of the newest claim. */
  token: number;
  lease_until: Instant;
  /** Written as text. */
  progress: ColumnType<AuditProgress, string, string>;
}

export interface AuditFindingsTable {
  audit: number;
  ordinal: Generated<number>;
  kind: FindingKind;
  /** UTF-8 bytes, as in the residue. */
  key: Uint8Array;
  upload_id: string | null;
  project_uid: string | null;
  file_uid: string | null;
  size_bytes: number | null;
  row_bytes: number | null;
  modified_at: Instant;
  mismatch: Mismatch | null;
  outcome: FixOutcome | null;
  code: string | null;
}

export type AuditRow = Selectable<AuditsTable>;
