import { type RawBuilder, sql } from "kysely";
import { type Audit, type Finding, NO_PROGRESS } from "../../core/audit.ts";
import { fromUtf8, utf8 } from "../../core/encoding.ts";
import type { Instant } from "../../core/model.ts";
import {
  type AuditClaim,
  type AuditRequest,
  type AuditStep,
  type FindingQuery,
  StaleClaimError,
  type StoredFinding,
} from "../../ports/metadata/index.ts";
import type { AuditRow } from "./schema-audits.ts";
import { bytesOf, hexOf, readNow, type Session } from "./session.ts";

function auditFrom(row: AuditRow): Audit {
  return {
    id: row.id,
    requestedAt: row.requested_at,
    requestedBy: row.requested_by,
    fix: row.fix,
    minAgeMs: row.min_age_ms,
    readPercent: row.read_percent,
    attempts: row.attempts,
    completedAt: row.completed_at,
    progress: row.progress,
  };
}

export async function createAudit(session: Session, request: AuditRequest): Promise<Audit> {
  const row = await session.db
    .insertInto("expunge.audits")
    .values({
      id: request.id,
      requested_at: await readNow(session),
      requested_by: request.requestedBy,
      fix: request.fix,
      min_age_ms: request.minAgeMs,
      read_percent: request.readPercent,
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
  const row = await db
    .selectFrom("expunge.audits")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row ? auditFrom(row) : null;
}

export async function dueAudits({ db, clock }: Session, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("expunge.audits")
    .select("id")
    .where("completed_at", "is", null)
    .where("lease_until", "<=", sql<Instant>`(select ${clock})`)
    .orderBy("requested_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

async function lockAudit({ db }: Session, id: string): Promise<AuditRow | null> {
  const row = await db
    .selectFrom("expunge.audits")
    .selectAll()
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export async function claimAudit(
  session: Session,
  id: string,
  leaseMs: number,
): Promise<AuditClaim | null> {
  const locked = await lockAudit(session, id);
  // Read after the lock was had.
  const now = await readNow(session);
  if (!locked || locked.completed_at !== null || locked.lease_until > now) return null;
  const row = await session.db
    .updateTable("expunge.audits")
    .set({
      token: locked.token + 1,
      attempts: locked.attempts + 1,
      lease_until: now + leaseMs,
    })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return { audit: auditFrom(row), token: row.token };
}

export async function extendAudit(
  { db, clock }: Session,
  id: string,
  token: number,
  leaseMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("expunge.audits")
    .set({ lease_until: sql<Instant>`(select ${clock}) + ${leaseMs}` })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
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
    .updateTable("expunge.audits")
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
  const texts = (of: (finding: Finding) => string | null): RawBuilder<unknown> =>
    sql`${sql.val(findings.map(of))}::text[]`;
  const numbers = (of: (finding: Finding) => number | null): RawBuilder<unknown> =>
    sql`${sql.val(findings.map(of))}::bigint[]`;
  await sql`
    insert into expunge.audit_findings
      (audit, kind, key, upload_id, project_uid, file_uid, size_bytes, row_bytes, modified_at, mismatch)
    select ${audit}, kind, decode(key, 'hex'), upload, project, file, size, row, modified, mismatch
    from unnest(
      ${texts(({ kind }) => kind)}, ${texts(({ key }) => hexOf(utf8(key)))},
      ${texts(({ uploadId }) => uploadId)}, ${texts(({ projectUid }) => projectUid)},
      ${texts(({ fileUid }) => fileUid)}, ${numbers(({ sizeBytes }) => sizeBytes)},
      ${numbers(({ rowBytes }) => rowBytes)}, ${numbers(({ modifiedAt }) => modifiedAt)},
      ${texts(({ mismatch }) => mismatch)}
    ) with ordinality
      as one(kind, key, upload, project, file, size, row, modified, mismatch, place)
    order by place`.execute(db);
}

export async function listFindings(
  { db }: Session,
  id: string,
  { limit, after = 0, kinds, isOpen = false }: FindingQuery,
): Promise<readonly StoredFinding[]> {
  const ofKinds = kinds === undefined ? sql`true` : sql`kind = any(${sql.val([...kinds])}::text[])`;
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
  const now = await readNow(session);
  const { numDeletedRows } = await session.db
    .deleteFrom("expunge.audits")
    .where("completed_at", "<=", now - keptMs)
    .executeTakeFirst();
  return Number(numDeletedRows);
}
