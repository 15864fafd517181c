import { sql } from "kysely";
import { type Audit, type Finding, NO_PROGRESS } from "../../core/audit.ts";
import { fromUtf8, utf8 } from "../../core/encoding.ts";
import {
  type AuditClaim,
  type AuditListQuery,
  type AuditRequest,
  type AuditStep,
  type FindingQuery,
  StaleClaimError,
  type StoredFinding,
} from "../../ports/metadata/index.ts";
import { numbers, texts } from "./columns.ts";
import { claimLocked, dueIds, extendLease, forgetEnded } from "./leases.ts";
import type { AuditRow } from "./schema-audits.ts";
import { bytesOf, hexOf, readNow, type Session } from "./session.ts";

const TABLE = "expunge.audits";

function auditFrom(row: AuditRow): Audit {
  return {
    id: row.id,
    requestedAt: row.requested_at,
    requestedBy: row.requested_by,
    fix: row.fix,
    quarantine: row.quarantine,
    minAgeMs: row.min_age_ms,
    readPercent: row.read_percent,
    listingConcurrency: row.listing_concurrency,
    attempts: row.attempts,
    completedAt: row.completed_at,
    progress: row.progress,
  };
}

export async function createAudit(session: Session, request: AuditRequest): Promise<Audit> {
  const row = await session.db
    .insertInto(TABLE)
    .values({
      id: request.id,
      requested_at: await readNow(session),
      requested_by: request.requestedBy,
      fix: request.fix,
      quarantine: request.quarantine,
      min_age_ms: request.minAgeMs,
      read_percent: request.readPercent,
      listing_concurrency: request.listingConcurrency,
      attempts: 0,
      completed_at: null,
      token: 0,
      lease_until: 0,
      progress: JSON.stringify(NO_PROGRESS),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return auditFrom(row);
}

export async function findAudit({ db }: Session, id: string): Promise<Audit | null> {
  const row = await db.selectFrom(TABLE).selectAll().where("id", "=", id).executeTakeFirst();
  return row ? auditFrom(row) : null;
}

export async function listAudits(
  { db }: Session,
  { limit, after }: AuditListQuery,
): Promise<readonly Audit[]> {
  const rows = await db
    .selectFrom(TABLE)
    .selectAll()
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(requested_at, id) < (
          select last.requested_at, last.id from expunge.audits as last where last.id = ${after}
        )`,
      ),
    )
    .orderBy("requested_at", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map(auditFrom);
}

export async function dueAudits(session: Session, limit: number): Promise<readonly string[]> {
  return await dueIds(session, TABLE, limit);
}

export async function claimAudit(
  session: Session,
  id: string,
  leaseMs: number,
): Promise<AuditClaim | null> {
  const locked = await session.db
    .selectFrom(TABLE)
    .selectAll()
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  const row = await claimLocked(session, TABLE, locked, leaseMs);
  return row ? { audit: auditFrom(row), token: row.token } : null;
}

export async function extendAudit(
  session: Session,
  id: string,
  token: number,
  leaseMs: number,
): Promise<boolean> {
  return await extendLease(session, TABLE, { id, token }, leaseMs);
}

export async function releaseAudit(session: Session, id: string, token: number): Promise<void> {
  await extendAudit(session, id, token, 0);
}

export async function recordAudit(
  session: Session,
  id: string,
  token: number,
  { progress, findings = [], forgets, outcomes = [], isLast = false }: AuditStep,
): Promise<Audit> {
  const { db } = session;
  const now = await readNow(session);
  const row = await db
    .updateTable(TABLE)
    .set({ progress: JSON.stringify(progress), completed_at: isLast ? now : null })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or it has ended`);
  if (forgets !== undefined) {
    await db
      .deleteFrom("expunge.audit_findings")
      .where("audit", "=", row.number)
      .where("kind", "=", forgets)
      .execute();
  }
  if (findings.length > 0) await insertFindings(session, row.number, findings);
  if (outcomes.length > 0) {
    const values = outcomes.map(
      ({ ordinal, outcome, code }) => sql`(${ordinal}::bigint, ${outcome}::text, ${code}::text)`,
    );
    await sql`
      update expunge.audit_findings as one set outcome = became.outcome, code = became.code
      from (values ${sql.join(values)}) as became(ordinal, outcome, code)
      where one.audit = ${row.number} and one.ordinal = became.ordinal`.execute(db);
  }
  return auditFrom(row);
}

/** In one statement, in their order: one array for each column. */
async function insertFindings(
  { db }: Session,
  audit: number,
  findings: readonly Finding[],
): Promise<void> {
  await sql`
    insert into expunge.audit_findings
      (audit, kind, key, upload_id, project_uid, file_uid, size_bytes, row_bytes, modified_at, mismatch)
    select ${audit}, kind, decode(key, 'hex'), upload, project, file, size, row, modified, mismatch
    from unnest(
      ${texts(findings.map(({ kind }) => kind))}, ${texts(findings.map(({ key }) => hexOf(utf8(key))))},
      ${texts(findings.map(({ uploadId }) => uploadId))}, ${texts(findings.map(({ projectUid }) => projectUid))},
      ${texts(findings.map(({ fileUid }) => fileUid))}, ${numbers(findings.map(({ sizeBytes }) => sizeBytes))},
      ${numbers(findings.map(({ rowBytes }) => rowBytes))}, ${numbers(findings.map(({ modifiedAt }) => modifiedAt))},
      ${texts(findings.map(({ mismatch }) => mismatch))}
    ) with ordinality
      as one(kind, key, upload, project, file, size, row, modified, mismatch, place)
    order by place`.execute(db);
}

export async function listFindings(
  { db }: Session,
  id: string,
  { limit, after = 0, kinds, isOpen = false }: FindingQuery,
): Promise<readonly StoredFinding[]> {
  const ofKinds = kinds === undefined ? sql`true` : sql`kind = any(${texts(kinds)})`;
  const open = isOpen ? sql`outcome is null` : sql`true`;
  const { rows } = await sql<StoredFinding>`
    select ordinal, kind, encode(key, 'hex') as key, upload_id as "uploadId",
      project_uid as "projectUid", file_uid as "fileUid", size_bytes as "sizeBytes",
      row_bytes as "rowBytes", modified_at as "modifiedAt", mismatch, outcome, code
    from expunge.audit_findings
    where audit = (select number from expunge.audits where id = ${id})
      and ordinal > ${after} and ${ofKinds} and ${open}
    order by ordinal limit ${limit}`.execute(db);
  return rows.map((row) => ({ ...row, key: fromUtf8(bytesOf(row.key)) }));
}

export async function forgetAudits(session: Session, keptMs: number): Promise<number> {
  return await forgetEnded(session, TABLE, keptMs);
}
