import { type Audit, NO_PROGRESS } from "../../../core/audit.ts";
import { compareUtf8 } from "../../../core/encoding.ts";
import {
  type AuditClaim,
  type AuditRequest,
  type AuditStep,
  type FindingQuery,
  StaleClaimError,
  type StoredFinding,
} from "../../../ports/metadata/index.ts";
import type { AuditRow, Tx } from "./state.ts";

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

export function dueAudits(tx: Tx, limit: number): readonly string[] {
  return [...tx.rows.audits.values()]
    .filter((row) => isDue(tx, row))
    .map(({ audit }) => audit)
    .sort((a, b) => a.requestedAt - b.requestedAt || compareUtf8(a.id, b.id))
    .map(({ id }) => id)
    .slice(0, limit);
}

function isDue(tx: Tx, { audit, leaseUntil }: AuditRow): boolean {
  return audit.completedAt === null && leaseUntil <= tx.now;
}

export function claimAudit(tx: Tx, id: string, leaseMs: number): AuditClaim | null {
  const row = tx.rows.audits.get(id);
  if (!row || !isDue(tx, row)) return null;
  row.token++;
  row.leaseUntil = tx.now + leaseMs;
  row.audit = { ...row.audit, attempts: row.audit.attempts + 1 };
  return { audit: row.audit, token: row.token };
}

function held(tx: Tx, id: string, token: number): AuditRow | null {
  const row = tx.rows.audits.get(id);
  return row?.token === token && row.audit.completedAt === null ? row : null;
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
  let erased = 0;
  for (const { findings } of tx.rows.audits.values()) {
    for (let i = findings.length - 1; i >= 0 && erased < limit; i--) {
      if (findings[i]?.projectUid !== projectUid) continue;
      findings.splice(i, 1);
      erased++;
    }
  }
  return erased;
}

export function forgetAudits(tx: Tx, keptMs: number): number {
  const old = [...tx.rows.audits.values()].filter(
    ({ audit }) => audit.completedAt !== null && audit.completedAt + keptMs <= tx.now,
  );
  for (const { audit } of old) tx.rows.audits.delete(audit.id);
  return old.length;
}
