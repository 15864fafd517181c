import type { Selectable } from "kysely";
import type { StoredReceipt } from "../../ports/metadata/index.ts";
import type { PublicKey } from "../../ports/signer.ts";
import type { ReceiptsTable } from "./schema.ts";
import type { Session } from "./session.ts";

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
