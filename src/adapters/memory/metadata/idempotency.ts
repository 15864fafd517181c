import { toHex } from "../../../core/encoding.ts";
import type { Idempotent, NewIdempotent } from "../../../ports/metadata/index.ts";
import { refusal, type Tx } from "./state.ts";

function nameOf(subject: string, keyHash: Uint8Array): string {
  return `${toHex(keyHash)} ${subject}`;
}

export function findIdempotent(
  tx: Tx,
  subject: string,
  keyHash: Uint8Array,
  validForMs: number,
): Idempotent | null {
  const found = tx.rows.idempotent.get(nameOf(subject, keyHash));
  return found && found.createdAt > tx.now - validForMs ? found : null;
}

/** @throws ExpungeError `idempotency-key-reused` when the key has made something already */
export function refuseUsedKey(tx: Tx, record: NewIdempotent | undefined): void {
  if (record && findIdempotent(tx, record.subject, record.keyHash, record.validForMs)) {
    throw refusal("idempotency-key-reused", "The Idempotency-Key has been used.");
  }
}

/** After `refuseUsedKey`, once nothing can be refused any more. */
export function recordIdempotent(
  tx: Tx,
  record: NewIdempotent | undefined,
  made: { readonly projectUid: string; readonly resource: string },
): void {
  if (!record) return;
  const { subject, keyHash, fingerprint } = record;
  tx.rows.idempotent.set(nameOf(subject, keyHash), {
    ...made,
    fingerprint: fingerprint.slice(),
    createdAt: tx.now,
  });
}

/** R7: what remains of a deleted project has no record of how it was made. */
export function forgetIdempotent(tx: Tx, projectUid: string): void {
  for (const [name, record] of tx.rows.idempotent) {
    if (record.projectUid === projectUid) tx.rows.idempotent.delete(name);
  }
}
