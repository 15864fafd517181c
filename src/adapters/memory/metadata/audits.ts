import { type Audit, NO_PROGRESS } from "../../../core/audit.ts";
import { compareUtf8 } from "../../../core/encoding.ts";
import {
  type AuditClaim,
  type AuditListQuery,
  type AuditRequest,
  type AuditStep,
  type FindingQuery,
  StaleClaimError,
  type StoredFinding,
} from "../../../ports/metadata/index.ts";
import { dueIds, eraseWhere, heldBy, isDue } from "./leases.ts";
import type { Tx } from "./state.ts";
import type { AuditRow } from "./work-rows.ts";

export function createAudit(tx: Tx, request: AuditRequest): Audit {
  if (tx.rows.audits.has(request.id)) throw new Error(`audit ${request.id} exists already`);
  const audit: Audit = {
    ...request,
    requestedAt: tx.now,
    attempts: 0,
    completedAt: null,
    progress: NO_PROGRESS,
  };
  tx.rows.audits.set(audit.id, { audit, token: 0, leaseUntil: 0, findings: [] });
  return audit;
}

export function findAudit(tx: Tx, id: string): Audit | null {
  return tx.rows.audits.get(id)?.audit ?? null;
}

export function listAudits(tx: Tx, { limit, after }: AuditListQuery): readonly Audit[] {
  const newestFirst = (a: Audit, b: Audit): number =>
    b.requestedAt - a.requestedAt || compareUtf8(b.id, a.id);
  const last = after === undefined ? undefined : findAudit(tx, after);
  if (last === null) return [];
  return [...tx.rows.audits.values()]
    .map(workOf)
    .filter((audit) => !last || newestFirst(audit, last) > 0)
    .sort(newestFirst)
    .slice(0, limit);
}

export function dueAudits(tx: Tx, limit: number): readonly string[] {
  return dueIds(tx, tx.rows.audits, workOf, limit);
}

function workOf({ audit }: AuditRow): Audit {
  return audit;
}

export function claimAudit(tx: Tx, id: string, leaseMs: number): AuditClaim | null {
  const row = tx.rows.audits.get(id);
  if (!row || !isDue(tx, row, workOf(row))) return null;
  row.token++;
  row.leaseUntil = tx.now + leaseMs;
  row.audit = { ...row.audit, attempts: row.audit.attempts + 1 };
  return { audit: row.audit, token: row.token };
}

function held(tx: Tx, id: string, token: number): AuditRow | null {
  return heldBy(tx.rows.audits.get(id), workOf, token);
}

export function extendAudit(tx: Tx, id: string, token: number, leaseMs: number): boolean {
  const row = held(tx, id, token);
  if (row) row.leaseUntil = tx.now + leaseMs;
  return row !== null;
}

export function releaseAudit(tx: Tx, id: string, token: number): void {
  const row = held(tx, id, token);
  if (row) row.leaseUntil = tx.now;
}

export function recordAudit(tx: Tx, id: string, token: number, step: AuditStep): Audit {
  const row = held(tx, id, token);
  if (!row) throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or it has ended`);
  const { progress, findings = [], forgets, outcomes = [], isLast = false } = step;
  const kept = row.findings.filter(({ kind }) => kind !== forgets);
  let ordinal = row.findings.at(-1)?.ordinal ?? 0;
  for (const finding of findings) {
    kept.push({ ...finding, ordinal: ++ordinal, outcome: null, code: null });
  }
  const became = new Map(outcomes.map((one) => [one.ordinal, one]));
  row.findings.splice(
    0,
    row.findings.length,
    ...kept.map((finding) => ({ ...finding, ...became.get(finding.ordinal) })),
  );
  row.audit = { ...row.audit, progress, completedAt: isLast ? tx.now : null };
  return row.audit;
}

export function listFindings(
  tx: Tx,
  id: string,
  { limit, after = 0, kinds, isOpen = false }: FindingQuery,
): readonly StoredFinding[] {
  return (tx.rows.audits.get(id)?.findings ?? [])
    .filter(({ ordinal }) => ordinal > after)
    .filter(({ kind }) => kinds === undefined || kinds.includes(kind))
    .filter(({ outcome }) => !isOpen || outcome === null)
    .slice(0, limit);
}

/** What an audit found of a project goes with the project's rows (R7). */
export function eraseFindings(tx: Tx, projectUid: string, limit: number): number {
  const lists = tx.rows.audits.values().map(({ findings }) => findings);
  return eraseWhere(lists, (finding) => finding.projectUid === projectUid, limit);
}

export function forgetAudits(tx: Tx, keptMs: number): number {
  const old = [...tx.rows.audits.values()].filter(
    ({ audit }) => audit.completedAt !== null && audit.completedAt + keptMs <= tx.now,
  );
  for (const { audit } of old) tx.rows.audits.delete(audit.id);
  return old.length;
}
