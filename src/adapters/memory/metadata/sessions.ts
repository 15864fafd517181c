import type { Session } from "../../../core/credentials.ts";
import type { Instant } from "../../../core/model.ts";
import type { FoundSession, NewSession, NewSignInCode } from "../../../ports/metadata/index.ts";
import type { Tx } from "./state.ts";

export function createSignInCode(tx: Tx, code: NewSignInCode): Instant {
  const { id, owner, rights, hash, ttlMs } = code;
  const expiresAt = tx.now + ttlMs;
  tx.rows.signInCodes.set(id, { owner, rights: [...rights], hash, expiresAt });
  return expiresAt;
}

export function redeemSignInCode(
  tx: Tx,
  codeId: string,
  codeHash: string,
  { id, hash, ttlMs }: NewSession,
): Session | null {
  for (const rows of [tx.rows.signInCodes, tx.rows.sessions]) {
    for (const [key, { expiresAt }] of rows) if (expiresAt <= tx.now) rows.delete(key);
  }
  const code = tx.rows.signInCodes.get(codeId);
  if (code?.hash !== codeHash) return null;
  tx.rows.signInCodes.delete(codeId);
  const { owner, rights } = code;
  const row = { owner, rights, hash, createdAt: tx.now, expiresAt: tx.now + ttlMs };
  tx.rows.sessions.set(id, row);
  return findSession(tx, id)?.session ?? null;
}

export function findSession(tx: Tx, id: string): FoundSession | null {
  const row = tx.rows.sessions.get(id);
  if (!row) return null;
  const { hash, owner, rights, createdAt, expiresAt } = row;
  return { session: { id, owner, rights, createdAt, expiresAt }, hash, at: tx.now };
}

export function endSession(tx: Tx, id: string): void {
  tx.rows.sessions.delete(id);
}
