import type { StoredReceipt } from "../../../ports/metadata/index.ts";
import type { PublicKey } from "../../../ports/signer.ts";
import type { Tx } from "./state.ts";

export function findReceipt(tx: Tx, projectUid: string): StoredReceipt | null {
  return tx.rows.receipts.get(projectUid)?.receipt ?? null;
}

export function uncopiedReceipts(tx: Tx, limit: number): readonly StoredReceipt[] {
  return [...tx.rows.receipts.values()]
    .filter(({ copied }) => !copied)
    .map(({ receipt }) => receipt)
    .sort((a, b) => a.sequence - b.sequence)
    .slice(0, limit);
}

export function markReceiptCopied(tx: Tx, projectUid: string): void {
  const row = tx.rows.receipts.get(projectUid);
  if (row) row.copied = true;
}

export function keepPublicKey(tx: Tx, key: PublicKey): void {
  if (!tx.rows.publicKeys.has(key.kid)) tx.rows.publicKeys.set(key.kid, { ...key });
}

export function listPublicKeys(tx: Tx): readonly PublicKey[] {
  return [...tx.rows.publicKeys.values()];
}
