import { type Insertable, type Selectable, sql } from "kysely";
import type { Instant } from "../../core/model.ts";
import type { Sealed, StoredAmendment, StoredReceipt } from "../../ports/metadata/index.ts";
import type { PublicKey } from "../../ports/signer.ts";
import type { DeletionRow, ReceiptsTable } from "./schema.ts";
import type { Session } from "./session.ts";
import { deletionFacts, emit } from "./webhooks.ts";

function receiptFrom(row: Selectable<ReceiptsTable>): StoredReceipt {
  return {
    projectUid: row.project_uid,
    deletionId: row.deletion_id,
    owner: row.owner,
    sequence: row.sequence,
    jws: row.jws,
    hash: row.hash,
    issuedAt: row.issued_at,
  };
}

export async function findReceipt(
  { db }: Session,
  projectUid: string,
): Promise<StoredReceipt | null> {
  const row = await db
    .selectFrom("expunge.receipts")
    .selectAll()
    .where("project_uid", "=", projectUid)
    .executeTakeFirst();
  return row ? receiptFrom(row) : null;
}

export async function uncopiedReceipts(
  { db }: Session,
  limit: number,
): Promise<readonly StoredReceipt[]> {
  const rows = await db
    .selectFrom("expunge.receipts")
    .selectAll()
    .where("copied", "=", false)
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map(receiptFrom);
}

export async function markReceiptCopied({ db }: Session, projectUid: string): Promise<void> {
  await db
    .updateTable("expunge.receipts")
    .set({ copied: true })
    .where("project_uid", "=", projectUid)
    .execute();
}

export async function listAmendments(
  { db }: Session,
  projectUid: string,
): Promise<readonly StoredAmendment[]> {
  const rows = await db
    .selectFrom("expunge.amendments")
    .selectAll()
    .where("project_uid", "=", projectUid)
    .orderBy("sequence")
    .execute();
  return rows.map(receiptFrom);
}

export async function uncopiedAmendments(
  { db }: Session,
  limit: number,
): Promise<readonly StoredAmendment[]> {
  const rows = await db
    .selectFrom("expunge.amendments")
    .selectAll()
    .where("copied", "=", false)
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map(receiptFrom);
}

export async function markAmendmentCopied({ db }: Session, sequence: number): Promise<void> {
  await db
    .updateTable("expunge.amendments")
    .set({ copied: true })
    .where("sequence", "=", sequence)
    .execute();
}

export interface ChainHead {
  readonly sequence: number;
  readonly hash: string | null;
}

/** Locks the chain's head, last in the order of locks; what is added next follows it. */
export async function lockChain({ db }: Session): Promise<ChainHead> {
  return await db
    .selectFrom("expunge.chain_head")
    .select(["sequence", "hash"])
    .forUpdate()
    .executeTakeFirstOrThrow();
}

/** Its place in the chain and its time, as it was sealed. */
interface Place {
  readonly sequence: number;
  readonly now: Instant;
}

type Deleted = Pick<DeletionRow, "id" | "project_id" | "project_uid" | "owner">;

export async function addReceipt(
  session: Session,
  row: Deleted,
  place: Place,
  sealed: Sealed,
): Promise<void> {
  await session.db
    .insertInto("expunge.receipts")
    .values(statement(row, place, sealed))
    .execute();
  await moveHead(session, place.sequence, sealed.hash);
}

/** As `addReceipt`, of a project that has one, of this hash. */
export async function addAmendment(
  session: Session,
  row: Deleted,
  place: Place,
  sealed: Sealed,
  receiptHash: string,
): Promise<void> {
  await session.db
    .insertInto("expunge.amendments")
    .values(statement(row, place, sealed))
    .execute();
  const data = { ...deletionFacts(row), receiptHash, amendmentHash: sealed.hash };
  await emit(session, place.now, { type: "receipt.amended", data });
  await moveHead(session, place.sequence, sealed.hash);
}

function statement(
  { id, project_uid, owner }: Omit<Deleted, "project_id">,
  { sequence, now }: Place,
  { jws, hash }: Sealed,
): Insertable<ReceiptsTable> {
  return {
    project_uid,
    deletion_id: id,
    owner,
    sequence,
    jws,
    hash,
    issued_at: now,
    copied: false,
  };
}

async function moveHead({ db }: Session, sequence: number, hash: string): Promise<void> {
  await db.updateTable("expunge.chain_head").set({ sequence, hash }).execute();
}

/**
 * Takes a receipt back that the store had a copy of, where no other has its place; the chain's head,
 * locked by the caller, goes on from it (I7).
 */
export async function takeBackReceipt(
  session: Session,
  head: ChainHead,
  receipt: StoredReceipt,
): Promise<void> {
  const { rows } = await sql<{ taken: boolean }>`select
    exists (select from expunge.receipts
      where sequence = ${receipt.sequence} or project_uid = ${receipt.projectUid})
      or exists (select from expunge.amendments where sequence = ${receipt.sequence}) as taken`.execute(
    session.db,
  );
  if (rows[0]?.taken !== false) return;
  const { deletionId: id, projectUid: project_uid, owner, sequence, issuedAt: now } = receipt;
  const row = statement({ id, project_uid, owner }, { sequence, now }, receipt);
  await session.db
    .insertInto("expunge.receipts")
    .values({ ...row, copied: true })
    .execute();
  if (receipt.sequence > head.sequence) await moveHead(session, receipt.sequence, receipt.hash);
}

/** The first one stays: a key id is derived from the key, so another one would be no update. */
export async function keepPublicKey({ db }: Session, key: PublicKey): Promise<void> {
  await db
    .insertInto("expunge.public_keys")
    .values({ kid: key.kid, key: JSON.stringify(key) })
    .onConflict((conflict) => conflict.column("kid").doNothing())
    .execute();
}

export async function listPublicKeys({ db }: Session): Promise<readonly PublicKey[]> {
  const rows = await db
    .selectFrom("expunge.public_keys")
    .select("key")
    .orderBy("ordinal")
    .execute();
  return rows.map(({ key }) => key);
}
