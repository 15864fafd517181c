import type { ColumnType, Generated } from "kysely";
import type { Instant } from "../../core/model.ts";
import type { CallerKind } from "../../ports/metadata/index.ts";

export interface WebhooksTable {
  id: string;
  events: readonly string[];
  disabled_at: Instant | null;
  error_code: string | null;
  error_message: string | null;
  error_at: Instant | null;
}

/** Messages to endpoints that are not delivered yet. */
export interface DeliveriesTable {
  id: string;
  webhook_id: string;
  type: string;
  /** Written as text, read as what it says. */
  data: ColumnType<Readonly<Record<string, unknown>>, string, string>;
  at: Instant;
  /** Null once it was given up. */
  due_at: Instant | null;
  attempts: Generated<number>;
}

/** Entries can be added and nothing else. */
export interface AuditLogTable {
  sequence: Generated<number>;
  at: Instant;
  caller_kind: CallerKind;
  subject: string | null;
  token_id: string | null;
  operation: string;
  project_id: string | null;
  deletion_id: string | null;
  outcome: string;
  request_id: string;
}
