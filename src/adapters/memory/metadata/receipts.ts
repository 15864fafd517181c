import type { StoredAmendment, StoredReceipt } from "../../../ports/metadata/index.ts";
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

export function listAmendments(tx: Tx, projectUid: string): readonly StoredAmendment[] {
  return inOrder(
    [...tx.rows.amendments.values()]
      .map(({ amendment }) => amendment)
      .filter((amendment) => amendment.projectUid === projectUid),
  );
}

export function uncopiedAmendments(tx: Tx, limit: number): readonly StoredAmendment[] {
  const waiting = [...tx.rows.amendments.values()].filter(({ copied }) => !copied);
  return inOrder(waiting.map(({ amendment }) => amendment)).slice(0, limit);
}

export function markAmendmentCopied(tx: Tx, sequence: number): void {
  const row = tx.rows.amendments.get(sequence);
  if (row) row.copied = true;
}

function inOrder(amendments: readonly StoredAmendment[]): readonly StoredAmendment[] {
  return amendments.toSorted((a, b) => a.sequence - b.sequence);
}

/** What the next receipt or amendment follows. */
export function chainHead(tx: Tx): { sequence: number; hash: string | null } {
  let head: { sequence: number; hash: string | null } = { sequence: 0, hash: null };
  for (const { receipt } of tx.rows.receipts.values()) {
    if (receipt.sequence > head.sequence) head = receipt;
  }
  for (const { amendment } of tx.rows.amendments.values()) {
    if (amendment.sequence > head.sequence) head = amendment;
  }
  return head;
}

export function keepPublicKey(tx: Tx, key: PublicKey): void {
  if (!tx.rows.publicKeys.has(key.kid)) tx.rows.publicKeys.set(key.kid, { ...key });
}

export function listPublicKeys(tx: Tx): readonly PublicKey[] {
  return [...tx.rows.publicKeys.values()];
}
