import type { ApiToken } from "../../../core/credentials.ts";
import { compareUtf8 } from "../../../core/encoding.ts";
import type { FoundToken, NewToken, TokenQuery } from "../../../ports/metadata/index.ts";
import { byBytes, refusal, type Tx } from "./state.ts";

export function createToken(tx: Tx, input: NewToken): ApiToken {
  const { id, name, owner, rights, hash, ttlMs, expiresAt } = input;
  const token: ApiToken = {
    id,
    name,
    owner,
    rights: [...rights],
    createdAt: tx.now,
    expiresAt: expiresAt ?? (ttlMs === null ? null : tx.now + ttlMs),
    revokedAt: null,
    lastUsedAt: null,
  };
  tx.rows.tokens.set(id, { token, hash });
  return token;
}

export function findToken(tx: Tx, id: string): FoundToken | null {
  const row = tx.rows.tokens.get(id);
  return row ? { token: row.token, hash: row.hash, at: tx.now } : null;
}

export function listTokens(tx: Tx, { limit, after }: TokenQuery): readonly ApiToken[] {
  return [...tx.rows.tokens.values()]
    .map(({ token }) => token)
    .filter(({ id }) => after === undefined || compareUtf8(id, after) > 0)
    .sort(byBytes(({ id }) => id))
    .slice(0, limit);
}

export function revokeToken(tx: Tx, id: string): ApiToken {
  const row = tx.rows.tokens.get(id);
  if (!row) throw refusal("token-not-found", "There is no such token.");
  row.token = { ...row.token, revokedAt: row.token.revokedAt ?? tx.now };
  return row.token;
}

export function recordTokenUse(tx: Tx, id: string, everyMs: number): void {
  const row = tx.rows.tokens.get(id);
  if (!row) return;
  const { lastUsedAt } = row.token;
  if (lastUsedAt !== null && lastUsedAt + everyMs > tx.now) return;
  row.token = { ...row.token, lastUsedAt: tx.now };
}
