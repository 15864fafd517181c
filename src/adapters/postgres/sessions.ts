import type { Session } from "../../core/credentials.ts";
import type { Instant } from "../../core/model.ts";
import type { FoundSession, NewSession, NewSignInCode } from "../../ports/metadata/index.ts";
import type { SessionRow } from "./schema-credentials.ts";
import { readNow, type Session as DatabaseSession } from "./session.ts";

function sessionFrom(row: SessionRow): Session {
  const { id, owner, rights, created_at: createdAt, expires_at: expiresAt } = row;
  return { id, owner, rights, createdAt, expiresAt };
}

export async function createSignInCode(
  session: DatabaseSession,
  { id, owner, rights, hash, ttlMs }: NewSignInCode,
): Promise<Instant> {
  const expiresAt = (await readNow(session)) + ttlMs;
  await session.db
    .insertInto("expunge.sign_in_codes")
    .values({ id, owner, rights: JSON.stringify(rights), hash, expires_at: expiresAt })
    .execute();
  return expiresAt;
}

export async function redeemSignInCode(
  session: DatabaseSession,
  codeId: string,
  codeHash: string,
  { id, hash, ttlMs }: NewSession,
): Promise<Session | null> {
  const { db } = session;
  const now = await readNow(session);
  await db.deleteFrom("expunge.sign_in_codes").where("expires_at", "<=", now).execute();
  await db.deleteFrom("expunge.sessions").where("expires_at", "<=", now).execute();
  const code = await db
    .deleteFrom("expunge.sign_in_codes")
    .where("id", "=", codeId)
    .where("hash", "=", codeHash)
    .returningAll()
    .executeTakeFirst();
  if (!code) return null;
  const row = await db
    .insertInto("expunge.sessions")
    .values({
      id,
      owner: code.owner,
      rights: JSON.stringify(code.rights),
      hash,
      created_at: now,
      expires_at: now + ttlMs,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return sessionFrom(row);
}

export async function findSession(
  { db, clock }: DatabaseSession,
  id: string,
): Promise<FoundSession | null> {
  const row = await db
    .selectFrom("expunge.sessions")
    .selectAll()
    .select(clock.as("now"))
    .where("id", "=", id)
    .executeTakeFirst();
  return row ? { session: sessionFrom(row), hash: row.hash, at: row.now } : null;
}

export async function endSession({ db }: DatabaseSession, id: string): Promise<void> {
  await db.deleteFrom("expunge.sessions").where("id", "=", id).execute();
}
