import { sql } from "kysely";
import { LIMITS } from "../../core/limits.ts";
import { MerkleTree } from "../../core/merkle.ts";
import type { SettleResult, Surface } from "../../core/model.ts";
import {
  type AmendmentFacts,
  type RemovalEntry,
  type ReturnedCounts,
  type Sealed,
  type SettleClaim,
  type SettleEnd,
  StaleClaimError,
} from "../../ports/metadata/index.ts";
import { type LockedDeletion, lockDeletion, viewOf } from "./deletion-rows.ts";
import { pageOf } from "./purge-log.ts";
import { addAmendment, findReceipt, lockChain } from "./receipts.ts";
import type { DeletionRow } from "./schema.ts";
import { bytesOf, hexOf, readNow, type Session } from "./session.ts";

export async function dueSettles(
  { db, clock }: Session,
  limit: number,
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    with moment as materialized (select ${clock} as now)
    select deletion.id
    from expunge.deletions as deletion cross join moment
    where deletion.settle_due_at <= moment.now and deletion.lease_until <= moment.now
      and deletion.state = 'completed'
    order by deletion.settle_due_at, deletion.id
    limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

export async function claimSettle(
  session: Session,
  id: string,
  leaseMs: number,
): Promise<SettleClaim | null> {
  const locked = await lockDeletion(session, id);
  if (!locked || !isDue(locked)) return null;
  const token = locked.row.token + 1;
  await session.db
    .updateTable("expunge.deletions")
    .set({ token, lease_until: locked.now + leaseMs })
    .where("id", "=", id)
    .execute();
  const salt = Uint8Array.from(locked.row.salt);
  const deletion = await viewOf(session, id);
  return { deletion, token, salt, tries: locked.row.settle_tries };
}

/** The same rule as in `dueSettles`, under lock. */
function isDue({ row, now }: LockedDeletion): boolean {
  if (row.state !== "completed" || row.lease_until > now) return false;
  return row.settle_due_at !== null && row.settle_due_at <= now;
}

/** @throws StaleClaimError */
async function settling(session: Session, id: string, token: number): Promise<DeletionRow> {
  const locked = await lockDeletion(session, id);
  const row = locked?.row;
  if (row?.token === token && row.state === "completed" && row.settle_due_at !== null) return row;
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or its look has ended`);
}

export async function recordReturned(
  session: Session,
  id: string,
  token: number,
  surface: Surface,
  entries: readonly RemovalEntry[],
): Promise<void> {
  const { number } = await settling(session, id, token);
  if (entries.length === 0) return;
  await sql`
    insert into expunge.returned (deletion, key_hash, leaf, surface, bytes)
    select ${number}::bigint, key_hash, leaf, ${surface}, bytes from (${pageOf(entries)}) as page
    on conflict do nothing`.execute(session.db);
}

export async function retractReturned(
  session: Session,
  id: string,
  token: number,
  keyHash: Uint8Array,
): Promise<void> {
  const { number } = await settling(session, id, token);
  await sql`
    delete from expunge.returned
    where deletion = ${number} and amendment = 0 and key_hash = decode(${hexOf(keyHash)}, 'hex')`.execute(
    session.db,
  );
}

export async function finishSettle(
  session: Session,
  id: string,
  token: number,
  end: SettleEnd,
  seal: (facts: AmendmentFacts) => Promise<Sealed>,
): Promise<SettleResult> {
  const row = await settling(session, id, token);
  const counts = await returnedCounts(session, row.number);
  const found = counts.reduce((sum, one) => sum + one.found, 0);
  const isNews = end.left !== null && (await hasNews(session, row, totalOf(end.left), found));
  if (isNews && end.left !== null) {
    const facts = await factsOf(session, row, { counts, left: end.left, end });
    await addAmendment(session, row, facts, await seal(facts), facts.receiptHash);
    await state(session, row.number, facts.sequence);
  }
  // Kept where it could not be looked at: then it is still to be stated.
  if (end.left !== null) await forget(session, row.number);
  const isClean = end.left !== null && found === 0;
  const result = isNews ? "amended" : isClean ? "clean" : "unknown";
  const written: SettleResult = { at: await readNow(session), result, found };
  await session.db
    .insertInto("expunge.settles")
    .values({ deletion: row.number, ...written })
    .execute();
  await goOn(session, row, end, { at: written.at, isNews });
  return written;
}

function totalOf(left: SettleEnd["left"]): number {
  return [...(left?.values() ?? [])].reduce((sum, count) => sum + count, 0);
}

async function returnedCounts(
  { db }: Session,
  deletion: number,
): Promise<readonly { surface: Surface; found: number; bytes: number }[]> {
  const { rows } = await sql<{ surface: Surface; found: number; bytes: number }>`
    select surface, count(*) as found, sum(bytes)::bigint as bytes from expunge.returned
    where deletion = ${deletion} and amendment = 0
    group by surface order by surface`.execute(db);
  return rows;
}

/** What an amendment stated and nobody could remove since is no news. */
async function hasNews(
  { db }: Session,
  { number, settle_left }: DeletionRow,
  left: number,
  found: number,
): Promise<boolean> {
  if (found === 0) return false;
  if (left !== settle_left) return true;
  const { rows } = await sql<{ news: boolean }>`select exists (
    select from expunge.returned as now
    where now.deletion = ${number} and now.amendment = 0 and not exists (
      select from expunge.returned as before
      where before.deletion = now.deletion and before.key_hash = now.key_hash
        and before.amendment > 0
    )
  ) as news`.execute(db);
  return rows[0]?.news !== false;
}

interface Looked {
  readonly counts: readonly { surface: Surface; found: number; bytes: number }[];
  readonly left: ReadonlyMap<Surface, number>;
  readonly end: SettleEnd;
}

async function factsOf(
  session: Session,
  row: DeletionRow,
  { counts, left, end }: Looked,
): Promise<AmendmentFacts> {
  const receipt = await findReceipt(session, row.project_uid);
  if (!receipt) throw new Error(`${row.id} is completed and has no receipt`);
  const tree = await treeOf(session, row.number);
  const head = await lockChain(session);
  return {
    deletion: await viewOf(session, row.id),
    receiptHash: receipt.hash,
    surfaces: counts.map(({ surface, found, bytes }): ReturnedCounts => {
      const residue = Math.min(found, left.get(surface) ?? 0);
      return { surface, found, deleted: found - residue, residue, bytes };
    }),
    leaves: tree.size,
    merkleRoot: tree.root(),
    verifiedAt: end.verifiedAt,
    sequence: head.sequence + 1,
    previousHash: head.hash,
    now: await readNow(session),
  };
}

async function treeOf({ db }: Session, deletion: number): Promise<MerkleTree> {
  const tree = new MerkleTree();
  let after = { leaf: "", hash: "" };
  for (;;) {
    const { rows } = await sql<{ leaf: string; hash: string }>`
      select encode(leaf, 'hex') as leaf, encode(key_hash, 'hex') as hash
      from expunge.returned
      where deletion = ${deletion} and amendment = 0
        and (leaf, key_hash) > (decode(${after.leaf}, 'hex'), decode(${after.hash}, 'hex'))
      order by returned.leaf, returned.key_hash
      limit ${LIMITS.leafPageRows}`.execute(db);
    for (const { leaf } of rows) tree.add(bytesOf(leaf));
    const last = rows.at(-1);
    if (!last || rows.length < LIMITS.leafPageRows) return tree;
    after = last;
  }
}

async function state({ db }: Session, deletion: number, amendment: number): Promise<void> {
  await db
    .updateTable("expunge.returned")
    .set({ amendment })
    .where("deletion", "=", deletion)
    .where("amendment", "=", 0)
    .execute();
}

async function forget({ db }: Session, deletion: number): Promise<void> {
  await db
    .deleteFrom("expunge.returned")
    .where("deletion", "=", deletion)
    .where("amendment", "=", 0)
    .execute();
}

async function goOn(
  { db }: Session,
  row: DeletionRow,
  { left, retryInMs }: SettleEnd,
  { at, isNews }: { readonly at: number; readonly isNews: boolean },
): Promise<void> {
  const mustRetry = left === null || totalOf(left) > 0;
  const [next, ...later] = row.settle_later.filter((due) => due > at);
  await db
    .updateTable("expunge.deletions")
    .set({
      lease_until: 0,
      ...(isNews ? { settle_left: totalOf(left) } : {}),
      ...(mustRetry
        ? { settle_due_at: at + retryInMs, settle_tries: row.settle_tries + 1 }
        : { settle_due_at: next ?? null, settle_later: JSON.stringify(later), settle_tries: 0 }),
    })
    .where("id", "=", row.id)
    .execute();
}

export async function listSettles({ db }: Session, id: string): Promise<readonly SettleResult[]> {
  return await db
    .selectFrom("expunge.settles")
    .innerJoin("expunge.deletions", "expunge.deletions.number", "expunge.settles.deletion")
    .select(["expunge.settles.at", "expunge.settles.result", "expunge.settles.found"])
    .where("expunge.deletions.id", "=", id)
    .orderBy("expunge.settles.ordinal")
    .execute();
}
