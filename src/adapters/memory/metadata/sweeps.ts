import {
  StaleClaimError,
  type Sweep,
  type SweepClaim,
  type SweepEnd,
} from "../../../ports/metadata/index.ts";
import { dueIds, heldBy, isDue } from "./leases.ts";
import type { Tx } from "./state.ts";
import type { SweepRow } from "./work-rows.ts";

export function createSweep(
  tx: Tx,
  { id, prefix, requestedBy }: Pick<Sweep, "id" | "prefix" | "requestedBy">,
): Sweep {
  const sweep: Sweep = {
    id,
    prefix,
    requestedBy,
    requestedAt: tx.now,
    completedAt: null,
    attempts: 0,
    found: 0,
    end: null,
  };
  tx.rows.sweeps.set(id, { sweep, token: 0, leaseUntil: 0 });
  return sweep;
}

export function findSweep(tx: Tx, id: string): Sweep | null {
  return tx.rows.sweeps.get(id)?.sweep ?? null;
}

export function dueSweeps(tx: Tx, limit: number): readonly string[] {
  return dueIds(tx, tx.rows.sweeps, workOf, limit);
}

function workOf({ sweep }: SweepRow): Sweep {
  return sweep;
}

export function claimSweep(tx: Tx, id: string, leaseMs: number): SweepClaim | null {
  const row = tx.rows.sweeps.get(id);
  if (!row || !isDue(tx, row, workOf(row))) return null;
  row.token++;
  row.leaseUntil = tx.now + leaseMs;
  row.sweep = { ...row.sweep, attempts: row.sweep.attempts + 1, found: 0 };
  return { sweep: row.sweep, token: row.token };
}

export function extendSweep(
  tx: Tx,
  id: string,
  token: number,
  leaseMs: number,
  found: number,
): boolean {
  const row = held(tx, id, token);
  if (!row) return false;
  row.leaseUntil = tx.now + leaseMs;
  row.sweep = { ...row.sweep, found };
  return true;
}

export function postponeSweep(tx: Tx, id: string, token: number, delayMs: number): void {
  const row = held(tx, id, token);
  if (row) row.leaseUntil = tx.now + delayMs;
}

export function finishSweep(tx: Tx, id: string, token: number, end: SweepEnd): Sweep {
  const row = held(tx, id, token);
  if (!row) throw new StaleClaimError(id);
  row.sweep = { ...row.sweep, end, found: end.found, completedAt: tx.now };
  return row.sweep;
}

function held(tx: Tx, id: string, token: number): SweepRow | null {
  return heldBy(tx.rows.sweeps.get(id), workOf, token);
}
