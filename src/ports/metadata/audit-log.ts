import type { Instant } from "../../core/model.ts";

/** How a caller was known. `none`: by nothing that holds. */
export type CallerKind = "admin" | "token" | "user" | "none";

/** Who did what, and how it ended. Ids only: no path of a file, no name, no secret. */
export interface AuditRecord {
  readonly callerKind: CallerKind;
  /** The owner that the caller acts as; null for `none`. */
  readonly subject: string | null;
  /** The id of the token that it came with, where it has one. */
  readonly tokenId: string | null;
  /** As the OpenAPI document names it. */
  readonly operation: string;
  readonly projectId: string | null;
  readonly deletionId: string | null;
  /** `done`, `accepted`, or the code of the refusal. */
  readonly outcome: string;
  /** That of the answer and of the log. */
  readonly requestId: string;
}

export interface AuditEntry extends AuditRecord {
  /** Grows with each entry; gaps mean nothing. */
  readonly sequence: number;
  /** When it was written, by the database's clock (R8). */
  readonly at: Instant;
}

export interface AuditQuery {
  readonly projectId?: string;
  readonly limit: number;
  /** The sequence of the last entry of the page before. */
  readonly after?: number;
}

/** The audit log: entries are added, and there is no way to change or remove one. */
export interface AuditLogStore {
  appendAudit(records: readonly AuditRecord[]): Promise<void>;
  /** Newest first. */
  listAudit(query: AuditQuery): Promise<readonly AuditEntry[]>;
}
