import type { AuditEntry, AuditQuery, AuditRecord } from "../../ports/metadata/index.ts";
import type { Session } from "./session.ts";

export async function appendAudit(
  { db, clock }: Session,
  records: readonly AuditRecord[],
): Promise<void> {
  if (records.length === 0) return;
  await db
    .insertInto("expunge.audit_log")
    .values(
      records.map((record) => ({
        at: clock,
        caller_kind: record.callerKind,
        subject: record.subject,
        token_id: record.tokenId,
        operation: record.operation,
        project_id: record.projectId,
        deletion_id: record.deletionId,
        outcome: record.outcome,
        request_id: record.requestId,
      })),
    )
    .execute();
}

export async function listAudit(
  { db }: Session,
  { projectId, limit, after }: AuditQuery,
): Promise<readonly AuditEntry[]> {
  const rows = await db
    .selectFrom("expunge.audit_log")
    .selectAll()
    .$if(projectId !== undefined, (query) => query.where("project_id", "=", projectId ?? ""))
    .$if(after !== undefined, (query) => query.where("sequence", "<", after ?? 0))
    .orderBy("sequence", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    sequence: row.sequence,
    at: row.at,
    callerKind: row.caller_kind,
    subject: row.subject,
    tokenId: row.token_id,
    operation: row.operation,
    projectId: row.project_id,
    deletionId: row.deletion_id,
    outcome: row.outcome,
    requestId: row.request_id,
  }));
}
