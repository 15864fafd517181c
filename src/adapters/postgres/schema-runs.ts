import type { ColumnType, Generated, Selectable } from "kysely";
import type { Instant } from "../../core/model.ts";
import type { Run } from "../../ports/metadata/index.ts";

/** The tables of adoptions, of which `Tables` is made with the others. */
export interface RunsTable {
  id: string;
  /** What its notes name. */
  number: Generated<number>;
  kind: Run["kind"];
  requested_at: Instant;
  requested_by: string;
  /** Written as text, as its progress is. */
  request: ColumnType<Run["request"], string, string>;
  attempts: Generated<number>;
  completed_at: Instant | null;
  /** The fencing token of the newest claim. */
  token: Generated<number>;
  lease_until: Generated<Instant>;
  progress: ColumnType<Run["progress"], string, string>;
}

export interface RunNotesTable {
  run: number;
  ordinal: Generated<number>;
  project_id: string;
  /** UTF-8 bytes, as in the residue. */
  key: Uint8Array;
  code: string;
}

export interface AdoptedProjectsTable {
  run: number;
  project_id: string;
  is_new: boolean;
  objects: number;
  bytes: number;
}

export type RunRow = Selectable<RunsTable>;
