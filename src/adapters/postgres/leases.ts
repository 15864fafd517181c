import { type RawBuilder, sql } from "kysely";
import type { Instant } from "../../core/model.ts";
import { readNow, type Session } from "./session.ts";

/** Work that is claimed row by row, under a lease and with a fencing token, until it is completed. */
type LeasedTable = "expunge.audits" | "expunge.runs";

interface LeasedRow {
  readonly id: string;
  readonly attempts: number;
  readonly completed_at: Instant | null;
  readonly token: number;
  readonly lease_until: Instant;
}

export async function dueIds(
  { db, clock }: Session,
  table: LeasedTable,
  limit: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom(table)
    .select("id")
    .where("completed_at", "is", null)
    .where("lease_until", "<=", sql<Instant>`(select ${clock})`)
    .orderBy("requested_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Claims a row that is locked, where it is due: answers it as it is then, else null. */
export async function claimLocked<R extends LeasedRow>(
  session: Session,
  table: LeasedTable,
  locked: R | undefined,
  leaseMs: number,
): Promise<R | null> {
  // Read after the lock was had.
  const now = await readNow(session);
  if (!locked || locked.completed_at !== null || locked.lease_until > now) return null;
  const claim = {
    token: locked.token + 1,
    attempts: locked.attempts + 1,
    lease_until: now + leaseMs,
  };
  await session.db.updateTable(table).set(claim).where("id", "=", locked.id).execute();
  return { ...locked, ...claim };
}

/** @returns false where the claim is not the newest, or the work has ended */
export async function extendLease(
  { db, clock }: Session,
  table: LeasedTable,
  { id, token }: { readonly id: string; readonly token: number },
  leaseMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable(table)
    .set({ lease_until: sql<Instant>`(select ${clock}) + ${leaseMs}` })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** @returns how many had ended so long ago @param but those of which this is true */
export async function forgetEnded(
  session: Session,
  table: LeasedTable,
  keptMs: number,
  but: RawBuilder<boolean> = sql<boolean>`false`,
): Promise<number> {
  const now = await readNow(session);
  const { numDeletedRows } = await session.db
    .deleteFrom(table)
    .where("completed_at", "<=", now - keptMs)
    .where(sql<boolean>`not ${but}`)
    .executeTakeFirst();
  return Number(numDeletedRows);
}
