import { sql } from "kysely";
import type { Instant } from "../../core/model.ts";
import type { Removal } from "../../ports/metadata/index.ts";
import { readNow, type Session } from "./session.ts";

/** Hands a key to the removals: from here on they are what knows of it (R9, R12). */
export async function addRemoval(
  { db }: Session,
  projectUid: string,
  key: string,
  sizeBytes: number,
  now: Instant,
): Promise<void> {
  await db
    .insertInto("expunge.removals")
    .values({
      key,
      project_uid: projectUid,
      size_bytes: sizeBytes,
      requested_at: now,
      due_at: now,
      attempts: 0,
      code: null,
      message: null,
      held_by: null,
      file_uid: null,
      etag: null,
    })
    .onConflict((conflict) => conflict.column("key").doNothing())
    .execute();
}

/** Lets the objects go that a file had before its relayout: what becomes of the file becomes of them. */
export async function releaseObjectsOf(
  { db }: Session,
  fileUid: string,
  now: Instant,
): Promise<void> {
  await db
    .updateTable("expunge.removals")
    .set({ held_by: null, due_at: now })
    .where("file_uid", "=", fileUid)
    .where("held_by", "is not", null)
    .execute();
}

interface RemovalColumns {
  readonly key: string;
  readonly project_uid: string;
  readonly requested_at: Instant;
  readonly attempts: number;
}

function removalFrom(row: RemovalColumns): Removal {
  return {
    key: row.key,
    projectUid: row.project_uid,
    requestedAt: row.requested_at,
    attempts: row.attempts,
  };
}

/** Only those of live projects: from `deleting` on they belong to the deletion (R12). */
export async function dueRemovals(
  { db, clock }: Session,
  limit: number,
): Promise<readonly Removal[]> {
  const rows = await db
    .selectFrom("expunge.removals as removal")
    .innerJoin("expunge.projects as project", "project.uid", "removal.project_uid")
    .select(["removal.key", "removal.project_uid", "removal.requested_at", "removal.attempts"])
    .where("removal.due_at", "<=", sql<Instant>`(select ${clock})`)
    .where("project.state", "in", ["active", "trashed"])
    .where("removal.held_by", "is", null)
    .orderBy("removal.requested_at")
    .orderBy("removal.key")
    .limit(limit)
    .execute();
  return rows.map(removalFrom);
}

export async function findRemovals(
  { db }: Session,
  keys: readonly string[],
  fileUid: string | null = null,
): Promise<readonly Removal[]> {
  const wanted = keys.filter((key) => !key.includes("\0"));
  const rows = await db
    .selectFrom("expunge.removals")
    .select(["key", "project_uid", "requested_at", "attempts"])
    .where(sql<boolean>`(key = any(${sql.val(wanted)}::text[]) or file_uid = ${fileUid})`)
    .execute();
  return rows.map(removalFrom);
}

/** In a project that is being deleted, the removal stays: its key must not escape the receipt (I7). */
const OF_LIVE_PROJECT = sql<boolean>`exists (
  select from expunge.projects as project
  where project.uid = project_uid and project.state in ('active', 'trashed')
)`;

export async function finishRemovals({ db }: Session, keys: readonly string[]): Promise<void> {
  const gone = keys.filter((key) => !key.includes("\0"));
  await db
    .deleteFrom("expunge.removals")
    .where("key", "=", sql<string>`any(${sql.val(gone)}::text[])`)
    .where(OF_LIVE_PROJECT)
    .execute();
}

export async function postponeRemoval(
  session: Session,
  key: string,
  code: string,
  message: string,
  delayMs: number,
): Promise<void> {
  const now = await readNow(session);
  await session.db
    .updateTable("expunge.removals")
    .set({
      attempts: sql<number>`attempts + 1`,
      due_at: now + delayMs,
      code: printable(code),
      message: printable(message),
    })
    .where("key", "=", key)
    .where(OF_LIVE_PROJECT)
    .execute();
}

/** Messages of stores quote keys, and a key may hold a NUL, which text cannot. */
export function printable(text: string): string {
  return text.replaceAll("\0", "\u2400");
}
