import { type Selectable, sql } from "kysely";
import {
  StaleClaimError,
  type Sweep,
  type SweepClaim,
  type SweepEnd,
} from "../../ports/metadata/index.ts";
import type { SweepsTable } from "./schema.ts";
import type { Session } from "./session.ts";

function sweepFrom(row: Selectable<SweepsTable>): Sweep {
  return {
    id: row.id,
    prefix: row.prefix,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    completedAt: row.completed_at,
    attempts: row.attempts,
    found: row.found,
    end: row.ended,
  };
}

export async function createSweep(
  { db, clock }: Session,
  { id, prefix, requestedBy }: Pick<Sweep, "id" | "prefix" | "requestedBy">,
): Promise<Sweep> {
  const row = await db
    .insertInto("expunge.sweeps")
    .values({ id, prefix, requested_by: requestedBy, requested_at: clock })
    .returningAll()
    .executeTakeFirstOrThrow();
  return sweepFrom(row);
}

export async function findSweep({ db }: Session, id: string): Promise<Sweep | null> {
  const row = await db
    .selectFrom("expunge.sweeps")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row ? sweepFrom(row) : null;
}

export async function dueSweeps({ db, clock }: Session, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("expunge.sweeps")
    .select("id")
    .where("completed_at", "is", null)
    .where("lease_until", "<=", clock)
    .orderBy("requested_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

export async function claimSweep(
  { db, clock }: Session,
  id: string,
  leaseMs: number,
): Promise<SweepClaim | null> {
  const row = await db
    .updateTable("expunge.sweeps")
    .set({
      token: sql<number>`token + 1`,
      attempts: sql<number>`attempts + 1`,
      found: 0,
      lease_until: sql<number>`${clock} + ${leaseMs}::bigint`,
    })
    .where("id", "=", id)
    .where("completed_at", "is", null)
    .where("lease_until", "<=", clock)
    .returningAll()
    .executeTakeFirst();
  return row ? { sweep: sweepFrom(row), token: row.token } : null;
}

export async function extendSweep(
  { db, clock }: Session,
  id: string,
  token: number,
  leaseMs: number,
  found: number,
): Promise<boolean> {
  const row = await db
    .updateTable("expunge.sweeps")
    .set({ found, lease_until: sql<number>`${clock} + ${leaseMs}::bigint` })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

export async function postponeSweep(
  { db, clock }: Session,
  id: string,
  token: number,
  delayMs: number,
): Promise<void> {
  await db
    .updateTable("expunge.sweeps")
    .set({ lease_until: sql<number>`${clock} + ${delayMs}::bigint` })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .execute();
}

export async function finishSweep(
  { db, clock }: Session,
  id: string,
  token: number,
  end: SweepEnd,
): Promise<Sweep> {
  const row = await db
    .updateTable("expunge.sweeps")
    .set({ ended: JSON.stringify(end), found: end.found, completed_at: clock })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw new StaleClaimError(id);
  return sweepFrom(row);
}
