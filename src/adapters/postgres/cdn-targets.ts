import { sql } from "kysely";
import { type CdnTarget, StaleClaimError } from "../../ports/metadata/index.ts";
import { texts } from "./columns.ts";
import type { DeletionRow } from "./schema.ts";
import { bytesOf, hexOf, type Session } from "./session.ts";

/**
 * The row that a claim may write to, locked: of a deletion that is under way, or whose settle is. Raises
 * the revision, as whatever changes what a final transaction may have counted.
 * @throws StaleClaimError
 */
async function working({ db }: Session, id: string, token: number): Promise<DeletionRow> {
  const row = await db
    .updateTable("expunge.deletions")
    .set({ revision: sql<number>`revision + 1` })
    .where("id", "=", id)
    .where("token", "=", token)
    .where((where) =>
      where.or([
        where("state", "in", ["trashed", "deleting", "verifying"]),
        where.and([where("state", "=", "completed"), where("settle_due_at", "is not", null)]),
      ]),
    )
    .returningAll()
    .executeTakeFirst();
  if (row) return row;
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or its work has ended`);
}

/** Targets and counters in one statement; of a completed deletion the counts are final. */
export async function recordCdnTargets(
  session: Session,
  id: string,
  token: number,
  targets: readonly CdnTarget[],
): Promise<void> {
  const { number, state } = await working(session, id, token);
  const page = new Map(targets.map(({ hash, target }) => [hexOf(hash), target]));
  await sql`
    with page as materialized (
      select decode(hash, 'hex') as hash, target
      from unnest(${texts([...page.keys()])}, ${texts([...page.values()])})
        as page(hash, target)
    ),
    again as (
      update expunge.cdn_targets as known set target = page.target, accepted_at = null
      from page
      where known.deletion = ${number}::bigint and known.hash = page.hash
        and known.accepted_at is not null
      returning 1
    ),
    fresh as (
      insert into expunge.cdn_targets (deletion, hash, target)
      select ${number}::bigint, hash, target from page
      on conflict (deletion, hash) do nothing
      returning 1
    )
    insert into expunge.surface_counts as counts (deletion, surface, found)
    select ${number}::bigint, 'cdn', (select count(*) from fresh)
    where ${state !== "completed"}::boolean
    on conflict (deletion, surface) do update set
      found = counts.found + excluded.found,
      gone = counts.gone - (select count(*) from again)`.execute(session.db);
}

export async function pendingCdnTargets(
  session: Session,
  id: string,
  token: number,
  limit: number,
  after: Uint8Array | undefined,
): Promise<readonly CdnTarget[]> {
  const { number } = await working(session, id, token);
  const { rows } = await sql<{ hash: string; target: string }>`
    select encode(hash, 'hex') as hash, target from expunge.cdn_targets as known
    where deletion = ${number}::bigint and accepted_at is null
      and known.hash > decode(${after === undefined ? "" : hexOf(after)}, 'hex')
    order by known.hash limit ${limit}`.execute(session.db);
  return rows.map(({ hash, target }) => ({ hash: bytesOf(hash), target }));
}

export async function acceptCdnTargets(
  session: Session,
  id: string,
  token: number,
  hashes: readonly Uint8Array[],
): Promise<void> {
  const { number, state } = await working(session, id, token);
  const these = sql`decode(hash, 'hex') from unnest(${texts(hashes.map(hexOf))}) as one(hash)`;
  if (state === "completed") {
    await sql`
      delete from expunge.cdn_targets
      where deletion = ${number}::bigint and hash in (select ${these})`.execute(session.db);
    return;
  }
  await sql`
    with taken as (
      update expunge.cdn_targets set target = null, accepted_at = ${session.clock}
      where deletion = ${number}::bigint and accepted_at is null and hash in (select ${these})
      returning 1
    )
    update expunge.surface_counts set gone = gone + (select count(*) from taken)
    where deletion = ${number}::bigint and surface = 'cdn'`.execute(session.db);
}

export async function dropCdnTargets(session: Session, id: string, token: number): Promise<void> {
  const { number, state } = await working(session, id, token);
  await forgetCdnTargets(session, number);
  if (state === "completed") return;
  await session.db
    .deleteFrom("expunge.surface_counts")
    .where("deletion", "=", number)
    .where("surface", "=", "cdn")
    .execute();
}

export async function forgetCdnTargets({ db }: Session, deletion: number): Promise<void> {
  await db.deleteFrom("expunge.cdn_targets").where("deletion", "=", deletion).execute();
}

/** How many were accepted and when the last one was; null where there are none. */
export async function cdnCounts(
  { db }: Session,
  deletion: number,
): Promise<{ readonly accepted: number; readonly acceptedAt: number } | null> {
  const { rows } = await sql<{ accepted: number; at: number | null }>`
    select count(*) as accepted, max(accepted_at) as at from expunge.cdn_targets
    where deletion = ${deletion}::bigint and accepted_at is not null`.execute(db);
  const { accepted = 0, at = null } = rows[0] ?? {};
  return at === null ? null : { accepted, acceptedAt: at };
}
