import { sql } from "kysely";
import type { ErrorCode } from "../../core/errors.ts";
import type { Blocked, Deletion, Instant, Surface, SurfaceCounts } from "../../core/model.ts";
import { StaleClaimError } from "../../ports/metadata/index.ts";
import type { DeletionRow, SurfaceCountsTable } from "./schema.ts";
import type { Session } from "./session.ts";

type Counts = Omit<SurfaceCountsTable, "deletion">;
type CountedRow = DeletionRow & { readonly counts: readonly Counts[] };

/** Deletions with the counts of their surfaces, in one statement. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- kysely infers the row's type
export function selectDeletions({ db }: Session) {
  const counts = sql<readonly Counts[]>`coalesce((
    select json_agg(counts) from expunge.surface_counts as counts
    where counts.deletion = deletions.number
  ), '[]')`;
  return db
    .selectFrom("expunge.deletions as deletions")
    .selectAll("deletions")
    .select(counts.as("counts"));
}

export async function findDeletion(session: Session, id: string): Promise<Deletion | null> {
  const row = await selectDeletions(session).where("deletions.id", "=", id).executeTakeFirst();
  return row ? deletionFrom(row) : null;
}

/** The deletion as it stands now, where it is known to be there. */
export async function viewOf(session: Session, id: string): Promise<Deletion> {
  return deletionFrom(
    await selectDeletions(session).where("deletions.id", "=", id).executeTakeFirstOrThrow(),
  );
}

/** The deletion as others see it: without salt, token and removal log (docs/receipts.md). */
export function deletionFrom(row: CountedRow): Deletion {
  return {
    id: row.id,
    projectId: row.project_id,
    projectUid: row.project_uid,
    owner: row.owner,
    state: row.state,
    blocked: blockedFrom(row),
    requestedAt: row.requested_at,
    requestedBy: row.requested_by,
    purgeAfter: row.purge_after,
    purgeStartedAt: row.purge_started_at,
    tombstoneKey: row.tombstone_key,
    fencedAt: row.fenced_at,
    verifiedAt: row.verified_at,
    completedAt: row.completed_at,
    attempts: row.attempts,
    surfaces: inOrder(row.counts.map((counts) => surfaceFrom(row, counts)).filter(holdsSomething)),
    residueTotal: row.counts.reduce((sum, counts) => sum + residueOf(counts), 0),
  };
}

function blockedFrom(row: DeletionRow): Blocked | null {
  const { blocked_reason: reason, blocked_since: since, blocked_retry_at: nextRetryAt } = row;
  if (reason === null || since === null || nextRetryAt === null) return null;
  // Written from this very type by `setBlocked`.
  return { reason, code: row.blocked_code as ErrorCode, since, nextRetryAt };
}

/** While it runs, `deleted` is progress, and never more than was found (R5). */
function surfaceFrom(row: DeletionRow, counts: Counts): SurfaceCounts {
  const { surface, found, gone, absent, failed, blocked, unknown, bytes } = counts;
  const deleted = row.state === "completed" ? found : Math.min(found, gone);
  return { surface, found, deleted, absent, failed, blocked, unknown, bytes };
}

function residueOf(counts: Pick<Counts, "failed" | "blocked" | "unknown">): number {
  return counts.failed + counts.blocked + counts.unknown;
}

function holdsSomething(counts: SurfaceCounts): boolean {
  return counts.found + counts.absent + residueOf(counts) > 0;
}

/** In the order in which surfaces are swept (ARCHITECTURE.md, "The deletion"). */
export function inOrder(counts: readonly SurfaceCounts[]): readonly SurfaceCounts[] {
  return counts.toSorted(
    (a, b) =>
      rank(a.surface) - rank(b.surface) ||
      Buffer.compare(Buffer.from(a.surface), Buffer.from(b.surface)),
  );
}

function rank(surface: Surface): number {
  const at = ["tracked", "canonical", "legacy", "multipart", "versions", "cdn"].indexOf(surface);
  return at < 0 ? 2 : at;
}

export interface LockedDeletion {
  readonly row: DeletionRow;
  /** Read after the lock was had. */
  readonly now: Instant;
}

/** Locks a deletion's row; who locks the project too does that before (order of locks). */
export async function lockDeletion(
  { db, clock }: Session,
  id: string,
): Promise<LockedDeletion | null> {
  const row = await db
    .with(
      (cte) => cte("locked").materialized(),
      (cte) => cte.selectFrom("expunge.deletions").selectAll().where("id", "=", id).forUpdate(),
    )
    .selectFrom("locked")
    .selectAll()
    .select(clock.as("now"))
    .executeTakeFirst();
  return row ? { row, now: row.now } : null;
}

const UNDER_WAY = ["trashed", "deleting", "verifying"] as const;

/**
 * The row that a claim may write to, locked. A deletion that has ended has no claim, so that a worker
 * which lost to an undo learns the same as one that lost to another worker: stop.
 * @throws StaleClaimError
 */
export async function claimed(
  session: Session,
  id: string,
  token: number,
): Promise<LockedDeletion> {
  const locked = await lockDeletion(session, id);
  const isOurs = locked?.row.token === token && UNDER_WAY.some((one) => one === locked.row.state);
  if (!isOurs) throw staleClaim(id, token);
  return locked;
}

/**
 * As `claimed`, in one statement, for calls that change what a final transaction may have counted:
 * that one looks at the revision again.
 */
export async function changing(
  { db, clock }: Session,
  id: string,
  token: number,
): Promise<LockedDeletion> {
  const row = await db
    .updateTable("expunge.deletions")
    .set({ revision: sql<number>`revision + 1` })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("state", "in", UNDER_WAY)
    .returningAll()
    .returning(clock.as("now"))
    .executeTakeFirst();
  if (!row) throw staleClaim(id, token);
  return { row, now: row.now };
}

function staleClaim(id: string, token: number): StaleClaimError {
  return new StaleClaimError(
    `claim ${token} on ${id} is not the newest, or the deletion has ended`,
  );
}
