import type { Audit } from "../../../core/audit.ts";
import type { Instant } from "../../../core/model.ts";
import type { Run, StoredFinding, StoredNote, Sweep } from "../../../ports/metadata/index.ts";

/** As the sweep is told, with its claim. */
export interface SweepRow {
  sweep: Sweep;
  token: number;
  leaseUntil: Instant;
}

export interface AuditRow {
  audit: Audit;
  token: number;
  leaseUntil: Instant;
  readonly findings: StoredFinding[];
}

export interface RunRow {
  run: Run;
  token: number;
  leaseUntil: Instant;
  readonly notes: StoredNote[];
  /** Notes ever made: their ordinals. */
  noted: number;
  /** By id, of an adoption. */
  readonly projects: Map<
    string,
    { readonly projectId: string; readonly isNew: boolean; objects: number; bytes: number }
  >;
}
