import { sql } from "kysely";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Idempotent, NewIdempotent } from "../../ports/metadata/index.ts";
import { readNow, type Session } from "./session.ts";

export async function findIdempotent(
  session: Session,
  subject: string,
  keyHash: Uint8Array,
  validForMs: number,
): Promise<Idempotent | null> {
  const row = await session.db
    .selectFrom("expunge.idempotent")
    .selectAll()
    .where("subject", "=", subject)
    .where("key_hash", "=", keyHash)
    .where("created_at", ">", sql<number>`${session.clock} - ${validForMs}::bigint`)
    .executeTakeFirst();
  return row
    ? {
        fingerprint: Uint8Array.from(row.fingerprint),
        projectUid: row.project_uid,
        resource: row.resource,
        createdAt: row.created_at,
      }
    : null;
}

/**
 * To be called before anything else is written: of two transactions with one key the second waits here
 * for the first to end. Old records go on the way, a few at a time.
 * @throws ExpungeError `idempotency-key-reused` when the key has made something already
 */
export async function recordIdempotent(
  session: Session,
  record: NewIdempotent | undefined,
  made: { readonly projectUid: string; readonly resource: string },
): Promise<void> {
  if (!record) return;
  const now = await readNow(session);
  const oldest = now - record.validForMs;
  const values = {
    fingerprint: record.fingerprint,
    project_uid: made.projectUid,
    resource: made.resource,
    created_at: now,
  };
  const written = await session.db
    .insertInto("expunge.idempotent")
    .values({ subject: record.subject, key_hash: record.keyHash, ...values })
    .onConflict((conflict) =>
      conflict
        .columns(["subject", "key_hash"])
        .doUpdateSet(values)
        .where("expunge.idempotent.created_at", "<=", oldest),
    )
    .returning("key_hash")
    .executeTakeFirst();
  if (!written) {
    throw new ExpungeError("idempotency-key-reused", "The Idempotency-Key has been used.");
  }
  await sql`
    delete from expunge.idempotent where ctid in (
      select ctid from expunge.idempotent where created_at <= ${oldest}::bigint
       limit ${LIMITS.idempotentForgetRows}::int for update skip locked)`.execute(session.db);
}

/** R7: what remains of a deleted project has no record of how it was made. */
export async function forgetIdempotent({ db }: Session, projectUid: string): Promise<void> {
  await db.deleteFrom("expunge.idempotent").where("project_uid", "=", projectUid).execute();
}
