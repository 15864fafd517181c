import { refuseAtCap } from "../../../core/deletion-cap.ts";
import { isTerminal, projectStateOf, transition } from "../../../core/deletion.ts";
import { compareUtf8 } from "../../../core/encoding.ts";
import type { Deletion, Residue } from "../../../core/model.ts";
import type { Claim, DeletionQuery, DeletionRequest } from "../../../ports/metadata/index.ts";
import { surfaceCounts } from "./counts.ts";
import { isExpired } from "./projects.ts";
import { newDeletion } from "./new-deletion.ts";
import { type DeletionRow, projectOf, refusal, refuseHeld, type Tx } from "./state.ts";

/** The deletion as others see it: without salt, token and removal log (docs/receipts.md). */
export function viewOf(row: DeletionRow): Deletion {
  return {
    id: row.id,
    projectId: row.projectId,
    projectUid: row.projectUid,
    owner: row.owner,
    state: row.state,
    blocked: row.blocked,
    requestedAt: row.requestedAt,
    requestedBy: row.requestedBy,
    purgeAfter: row.purgeAfter,
    purgeStartedAt: row.purgeStartedAt,
    tombstoneKey: row.tombstoneKey,
    fencedAt: row.fencedAt,
    verifiedAt: row.verifiedAt,
    completedAt: row.completedAt,
    attempts: row.attempts,
    surfaces: surfaceCounts(row),
    residueTotal: row.residue.length,
  };
}

export function requestDeletion(
  tx: Tx,
  request: DeletionRequest,
): { deletion: Deletion; joined: boolean } {
  const project = projectOf(tx, request.projectUid);
  refuseHeld(project);
  const purgeAfter = tx.now + request.graceMs;
  const standing = standingDeletion(tx, project.uid);
  if (standing) {
    // Forward, never back; and once the purge has begun there is nothing to bring forward.
    if (standing.state === "trashed")
      standing.purgeAfter = Math.min(standing.purgeAfter, purgeAfter);
    return { deletion: viewOf(standing), joined: true };
  }
  refuseMoreThan(tx, request);
  if (tx.rows.deletions.has(request.id)) throw new Error(`${request.id} exists already`);
  const row = newDeletion({
    id: request.id,
    projectId: project.id,
    projectUid: project.uid,
    owner: project.owner,
    requestedAt: tx.now,
    requestedBy: request.requestedBy,
    salt: request.salt.slice(),
    state: "trashed",
    purgeAfter,
    purgeStartedAt: null,
    tombstoneKey: null,
  });
  tx.rows.deletions.set(row.id, row);
  tx.rows.projects.set(project.uid, { ...project, state: projectStateOf(row.state) });
  return { deletion: viewOf(row), joined: false };
}

function refuseMoreThan(tx: Tx, { requestedBy, cap }: DeletionRequest): void {
  if (!cap) return;
  const lately = [...tx.rows.deletions.values()]
    .filter(
      (row) =>
        row.requestedBy === requestedBy &&
        row.state !== "restored" &&
        row.requestedAt > tx.now - cap.withinMs,
    )
    .map(({ requestedAt }) => requestedAt)
    .sort((a, b) => b - a);
  refuseAtCap(cap, lately, tx.now);
}

export function expireProject(tx: Tx, request: DeletionRequest): Deletion | null {
  if (!isExpired(projectOf(tx, request.projectUid), tx.now)) return null;
  return requestDeletion(tx, request).deletion;
}

export function restoreProject(tx: Tx, projectUid: string): Deletion {
  const project = projectOf(tx, projectUid);
  const row = standingDeletion(tx, projectUid);
  const next = row ? transition(row.state, "restored") : null;
  if (!row || next === null) {
    throw refusal("not-restorable", `The project is ${project.state}.`);
  }
  row.state = next;
  row.blocked = null;
  row.leaseUntil = 0;
  const { expiresAt } = project;
  tx.rows.projects.set(projectUid, {
    ...project,
    state: projectStateOf(next),
    expiresAt: expiresAt !== null && expiresAt <= tx.now ? null : expiresAt,
  });
  return viewOf(row);
}

/** The deletion of a project that was not undone; there is one at most. */
export function standingDeletion(tx: Tx, projectUid: string): DeletionRow | null {
  const rows = tx.rows.deletions.values();
  return rows.find((row) => row.projectUid === projectUid && row.state !== "restored") ?? null;
}

export function findDeletion(tx: Tx, id: string): Deletion | null {
  const row = tx.rows.deletions.get(id);
  return row ? viewOf(row) : null;
}

export function findDeletionOf(tx: Tx, projectUid: string): Deletion | null {
  const row = standingDeletion(tx, projectUid);
  return row ? viewOf(row) : null;
}

export function listDeletions(tx: Tx, query: DeletionQuery): readonly Deletion[] {
  const { owner, state, projectId, after, limit } = query;
  const newestFirst = (a: DeletionRow, b: DeletionRow): number =>
    b.requestedAt - a.requestedAt || compareUtf8(b.id, a.id);
  const last = after === undefined ? undefined : tx.rows.deletions.get(after);
  if (after !== undefined && (!last || last.owner !== (owner ?? last.owner))) return [];
  return [...tx.rows.deletions.values()]
    .filter(
      (row) =>
        (owner === undefined || row.owner === owner) &&
        (state === undefined || row.state === state) &&
        (projectId === undefined || row.projectId === projectId) &&
        (!last || newestFirst(row, last) > 0),
    )
    .sort(newestFirst)
    .slice(0, limit)
    .map(viewOf);
}

export function listResidue(
  tx: Tx,
  id: string,
  limit: number,
  after: string | undefined,
): readonly Residue[] {
  const sorted = (tx.rows.deletions.get(id)?.residue ?? [])
    .filter(({ key }) => after === undefined || compareUtf8(key, after) > 0)
    .sort((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.surface, b.surface));
  const lastKey = sorted[limit - 1]?.key;
  // The cursor is a key, so a page must not part what belongs to one key: the rest would be lost.
  return sorted.filter(({ key }, at) => at < limit || key === lastKey);
}

export function dueDeletions(tx: Tx, limit: number): readonly string[] {
  return [...tx.rows.deletions.values()]
    .filter((row) => isClaimable(tx, row))
    .sort((a, b) => a.purgeAfter - b.purgeAfter || compareUtf8(a.id, b.id))
    .slice(0, limit)
    .map(({ id }) => id);
}

/** The one rule of who may be claimed, for the scan and for the claim (R8). */
function isClaimable(tx: Tx, row: DeletionRow): boolean {
  if (isTerminal(row.state) || row.leaseUntil > tx.now) return false;
  if (row.blocked && row.blocked.nextRetryAt > tx.now) return false;
  return row.state !== "trashed" || mayPurge(tx, row);
}

/** Whether the grace is over and no hold stands (I6). */
export function mayPurge(tx: Tx, row: DeletionRow): boolean {
  const project = tx.rows.projects.get(row.projectUid);
  return row.purgeAfter <= tx.now && project?.hold === null;
}

export function claimDeletion(tx: Tx, id: string, leaseMs: number): Claim | null {
  const row = tx.rows.deletions.get(id);
  if (!row || !isClaimable(tx, row)) return null;
  row.token++;
  row.attempts++;
  row.leaseUntil = tx.now + leaseMs;
  return { deletion: viewOf(row), token: row.token, salt: row.salt };
}

export function extendClaim(tx: Tx, id: string, token: number, leaseMs: number): boolean {
  const row = tx.rows.deletions.get(id);
  if (!row || row.token !== token) return false;
  if (isTerminal(row.state) && row.settling.dueAt === null) return false;
  row.leaseUntil = tx.now + leaseMs;
  return true;
}

export function releaseClaim(tx: Tx, id: string, token: number): void {
  const row = tx.rows.deletions.get(id);
  if (row?.token === token) row.leaseUntil = 0;
}

export function releaseAllClaims(tx: Tx): void {
  const { deletions, audits, sweeps, runs } = tx.rows;
  for (const rows of [deletions, audits, sweeps, runs]) {
    for (const row of rows.values()) row.leaseUntil = 0;
  }
}

export function retryDeletion(tx: Tx, id: string): Deletion {
  const row = tx.rows.deletions.get(id);
  if (!row) throw refusal("deletion-not-found", `There is no deletion ${id}.`);
  row.blocked = null;
  return viewOf(row);
}
