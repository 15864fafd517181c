import { type RawBuilder, sql } from "kysely";
import { fromUtf8, utf8 } from "../../core/encoding.ts";
import type { Instant } from "../../core/model.ts";
import {
  type NewRun,
  type Run,
  type RunClaim,
  type RunNote,
  StaleClaimError,
  type StoredNote,
} from "../../ports/metadata/index.ts";
import type { RunRow } from "./schema-runs.ts";
import { bytesOf, hexOf, readNow, type Session } from "./session.ts";

export function runFrom(row: RunRow): Run {
  const { id, kind, request, progress, attempts } = row;
  return {
    id,
    kind,
    requestedAt: row.requested_at,
    requestedBy: row.requested_by,
    request,
    attempts,
    completedAt: row.completed_at,
    progress,
  };
}

export async function createRun(session: Session, run: NewRun): Promise<Run> {
  const row = await session.db
    .insertInto("expunge.runs")
    .values({
      id: run.id,
      kind: run.kind,
      requested_at: await readNow(session),
      requested_by: run.requestedBy,
      request: JSON.stringify(run.request),
      completed_at: null,
      progress: JSON.stringify(run.progress),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return runFrom(row);
}

export async function findRun({ db }: Session, id: string): Promise<Run | null> {
  const row = await db
    .selectFrom("expunge.runs")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row ? runFrom(row) : null;
}

export async function dueRuns({ db, clock }: Session, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("expunge.runs")
    .select("id")
    .where("completed_at", "is", null)
    .where("lease_until", "<=", sql<Instant>`(select ${clock})`)
    .orderBy("requested_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

export async function claimRun(
  session: Session,
  id: string,
  leaseMs: number,
): Promise<RunClaim | null> {
  const locked = await session.db
    .selectFrom("expunge.runs")
    .selectAll()
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  // Read after the lock was had.
  const now = await readNow(session);
  if (!locked || locked.completed_at !== null || locked.lease_until > now) return null;
  const { token, attempts } = locked;
  const row = await session.db
    .updateTable("expunge.runs")
    .set({ token: token + 1, attempts: attempts + 1, lease_until: now + leaseMs })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return { run: runFrom(row), token: row.token };
}

export async function extendRun(
  { db, clock }: Session,
  id: string,
  token: number,
  leaseMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("expunge.runs")
    .set({ lease_until: sql<Instant>`(select ${clock}) + ${leaseMs}` })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function releaseRun(session: Session, id: string, token: number): Promise<void> {
  await extendRun(session, id, token, 0);
}

export async function endRun(
  session: Session,
  id: string,
  token: number,
  progress: Run["progress"],
): Promise<Run> {
  return runFrom(await writeRun(session, id, token, progress, await readNow(session)));
}

/** The last statement of a step: with an older token, nothing of the step happens. @throws StaleClaimError */
export async function writeRun(
  { db }: Session,
  id: string,
  token: number,
  progress: Run["progress"],
  completedAt: Instant | null = null,
): Promise<RunRow> {
  const row = await db
    .updateTable("expunge.runs")
    .set({ progress: JSON.stringify(progress), completed_at: completedAt })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .returningAll()
    .executeTakeFirst();
  if (row) return row;
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or it has ended`);
}

/** One column of many rows, as an array: one parameter however many there are. */
export function texts(values: readonly (string | null)[]): RawBuilder<unknown> {
  return sql`${sql.val(values)}::text[]`;
}

export function numbers(values: readonly number[]): RawBuilder<unknown> {
  return sql`${sql.val(values)}::bigint[]`;
}

export async function addNotes(
  { db }: Session,
  run: number,
  notes: readonly RunNote[],
): Promise<void> {
  if (notes.length === 0) return;
  await sql`
    insert into expunge.run_notes (run, project_id, key, code)
    select ${run}, project, decode(key, 'hex'), code
    from unnest(
      ${texts(notes.map(({ projectId }) => projectId))},
      ${texts(notes.map(({ key }) => hexOf(utf8(key))))},
      ${texts(notes.map(({ code }) => code))}
    ) with ordinality as one(project, key, code, place)
    order by place`.execute(db);
}

export async function listNotes(
  { db }: Session,
  id: string,
  { limit, after = 0 }: { readonly limit: number; readonly after?: number },
): Promise<readonly StoredNote[]> {
  const { rows } = await sql<StoredNote>`
    select ordinal, project_id as "projectId", encode(key, 'hex') as key, code
    from expunge.run_notes
    where run = (select number from expunge.runs where id = ${id}) and ordinal > ${after}
    order by ordinal limit ${limit}`.execute(db);
  return rows.map((row) => ({ ...row, key: fromUtf8(bytesOf(row.key)) }));
}

export async function forgetRuns(session: Session, keptMs: number): Promise<number> {
  const now = await readNow(session);
  const { numDeletedRows } = await session.db
    .deleteFrom("expunge.runs")
    .where("completed_at", "<=", now - keptMs)
    .executeTakeFirst();
  return Number(numDeletedRows);
}
