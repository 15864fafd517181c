import { sql } from "kysely";
import { fromUtf8, utf8 } from "../../core/encoding.ts";
import type { Instant } from "../../core/model.ts";
import {
  type Adoption,
  type NewRun,
  type Relayout,
  type Run,
  type RunClaim,
  type RunKind,
  type RunNote,
  type RunOfKind,
  StaleClaimError,
  type StoredNote,
} from "../../ports/metadata/index.ts";
import { texts } from "./columns.ts";
import { claimLocked, dueIds, extendLease, forgetEnded } from "./leases.ts";
import type { RunRow } from "./schema-runs.ts";
import { bytesOf, hexOf, readNow, type Session } from "./session.ts";

const TABLE = "expunge.runs";

/** What kind a row is decides what its request and its progress are: they were written together. */
function runFrom(row: RunRow): Run {
  return row.kind === "adoption" ? adoptionFrom(row) : relayoutFrom(row);
}

export function adoptionFrom(row: RunRow): Adoption {
  const { request, progress } = row as RunRow & Pick<Adoption, "request" | "progress">;
  return { ...factsOf(row), kind: "adoption", request, progress };
}

export function relayoutFrom(row: RunRow): Relayout {
  const { request, progress } = row as RunRow & Pick<Relayout, "request" | "progress">;
  return { ...factsOf(row), kind: "relayout", request, progress };
}

function factsOf(row: RunRow): Omit<Run, "kind" | "request" | "progress"> {
  return {
    id: row.id,
    requestedAt: row.requested_at,
    requestedBy: row.requested_by,
    attempts: row.attempts,
    completedAt: row.completed_at,
  };
}

export async function createRun<K extends RunKind>(
  session: Session,
  run: NewRun<K>,
): Promise<RunOfKind<K>> {
  const row = await session.db
    .insertInto(TABLE)
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
  return runFrom(row) as RunOfKind<K>;
}

export async function findRun({ db }: Session, id: string): Promise<Run | null> {
  const row = await db.selectFrom(TABLE).selectAll().where("id", "=", id).executeTakeFirst();
  return row ? runFrom(row) : null;
}

export async function dueRuns(session: Session, limit: number): Promise<readonly string[]> {
  return await dueIds(session, TABLE, limit);
}

export async function claimRun(
  session: Session,
  id: string,
  leaseMs: number,
): Promise<RunClaim | null> {
  const locked = await session.db
    .selectFrom(TABLE)
    .selectAll()
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  const row = await claimLocked(session, TABLE, locked, leaseMs);
  return row ? { run: runFrom(row), token: row.token } : null;
}

export async function extendRun(
  session: Session,
  id: string,
  token: number,
  leaseMs: number,
): Promise<boolean> {
  return await extendLease(session, TABLE, { id, token }, leaseMs);
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
    .updateTable(TABLE)
    .set({ progress: JSON.stringify(progress), completed_at: completedAt })
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .returningAll()
    .executeTakeFirst();
  if (row) return row;
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or it has ended`);
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
  // One that holds objects is needed to finish or to undo it.
  const holds = sql<boolean>`exists (select from expunge.removals where held_by = runs.id)`;
  return await forgetEnded(session, TABLE, keptMs, holds);
}
