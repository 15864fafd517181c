import type { ApiToken } from "../../core/credentials.ts";
import { ExpungeError } from "../../core/errors.ts";
import type { FoundToken, NewToken, TokenQuery } from "../../ports/metadata/index.ts";
import type { TokenRow } from "./schema-credentials.ts";
import { cursor, readNow, type Session } from "./session.ts";

function tokenFrom(row: TokenRow): ApiToken {
  return {
    id: row.id,
    name: row.name,
    owner: row.owner,
    rights: row.rights,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}

export async function createToken(session: Session, input: NewToken): Promise<ApiToken> {
  const { id, name, owner, rights, hash, ttlMs, expiresAt } = input;
  const now = await readNow(session);
  const row = await session.db
    .insertInto("expunge.tokens")
    .values({
      id,
      name,
      owner,
      rights: JSON.stringify(rights),
      hash,
      created_at: now,
      expires_at: expiresAt ?? (ttlMs === null ? null : now + ttlMs),
      revoked_at: null,
      last_used_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return tokenFrom(row);
}

export async function findToken({ db, clock }: Session, id: string): Promise<FoundToken | null> {
  const row = await db
    .selectFrom("expunge.tokens")
    .selectAll()
    .select(clock.as("now"))
    .where("id", "=", id)
    .executeTakeFirst();
  return row ? { token: tokenFrom(row), hash: row.hash, at: row.now } : null;
}

export async function listTokens(
  { db }: Session,
  { limit, after }: TokenQuery,
): Promise<readonly ApiToken[]> {
  let query = db.selectFrom("expunge.tokens").selectAll().orderBy("id").limit(limit);
  if (after !== undefined) query = query.where("id", ">", cursor(after));
  return (await query.execute()).map((row) => tokenFrom(row));
}

export async function revokeToken({ db, clock }: Session, id: string): Promise<ApiToken> {
  const row = await db
    .updateTable("expunge.tokens")
    .set((eb) => ({ revoked_at: eb.fn.coalesce(eb.ref("revoked_at"), clock) }))
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst();
  if (row) return tokenFrom(row);
  throw new ExpungeError("token-not-found", "There is no such token.");
}

export async function recordTokenUse(session: Session, id: string, everyMs: number): Promise<void> {
  const now = await readNow(session);
  await session.db
    .updateTable("expunge.tokens")
    .set({ last_used_at: now })
    .where("id", "=", id)
    .where((eb) => eb.or([eb("last_used_at", "is", null), eb("last_used_at", "<=", now - everyMs)]))
    .execute();
}
