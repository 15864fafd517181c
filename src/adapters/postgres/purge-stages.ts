import { sql } from "kysely";
import { type DeletionEvent, isTerminal, projectStateOf, transition } from "../../core/deletion.ts";
import { ExpungeError } from "../../core/errors.ts";
import type { Blocked, Deletion, Evidence, Upload } from "../../core/model.ts";
import { StaleClaimError } from "../../ports/metadata/index.ts";
import { changing, claimed, type LockedDeletion, viewOf } from "./deletion-rows.ts";
import { mayPurge, NOT_BLOCKED, projectOfDeletion } from "./deletions.ts";
import { lockProject, refuseHeld } from "./projects.ts";
import { printable } from "./removals.ts";
import type { Session } from "./session.ts";
import { uploadFrom } from "./uploads.ts";
import { deletionFacts, emit } from "./webhooks.ts";

/** Nothing is ended or fenced within the grace (I6). */
function purging(locked: LockedDeletion): LockedDeletion {
  if (locked.row.state !== "trashed") return locked;
  throw new ExpungeError("internal", `${locked.row.id} is in its grace still.`);
}

export async function advance(
  session: Session,
  id: string,
  token: number,
  event: DeletionEvent,
): Promise<Deletion> {
  const projectUid = await projectOfDeletion(session, id);
  if (projectUid === null) throw new StaleClaimError(`there is no deletion ${id}`);
  const { project } = await lockProject(session, projectUid, "update");
  const { row, now } = await changing(session, id, token);
  const next = transition(row.state, event);
  // The ends have operations of their own: a receipt goes with `verified` (R7), an undo is no worker's.
  if (next === null || isTerminal(next)) {
    throw new ExpungeError("internal", `${id} is '${row.state}': '${event}' is not allowed here.`);
  }
  if (event === "purge-began") {
    refuseHeld(project);
    if (!mayPurge(row, project, now)) {
      throw new ExpungeError("internal", `The grace of ${id} is not over.`);
    }
  }
  await session.db
    .updateTable("expunge.deletions")
    .set({
      state: next,
      ...(event === "purge-began" ? { purge_started_at: now } : {}),
      // What was listed before is no evidence of what comes now (I3, R6).
      ...(event === "found" ? { evidence: "[]", verified_at: null } : {}),
    })
    .where("id", "=", id)
    .execute();
  await session.db
    .updateTable("expunge.projects")
    .set({ state: projectStateOf(next) })
    .where("uid", "=", projectUid)
    .execute();
  return await viewOf(session, id);
}

export async function recordTombstone(
  session: Session,
  id: string,
  token: number,
  key: string,
): Promise<void> {
  await changing(session, id, token);
  await session.db
    .updateTable("expunge.deletions")
    .set({ tombstone_key: key })
    .where("id", "=", id)
    .execute();
}

export async function unsettledUploads(
  session: Session,
  id: string,
  token: number,
  limit: number,
): Promise<readonly Upload[]> {
  const { row } = await claimed(session, id, token);
  return await unsettledOf(session, row.project_uid, limit);
}

async function unsettledOf(
  { db }: Session,
  projectUid: string,
  limit: number,
): Promise<readonly Upload[]> {
  const rows = await db
    .selectFrom("expunge.uploads")
    .selectAll()
    .where("project_uid", "=", projectUid)
    .where("state", "<>", "committed")
    .where("settled", "=", false)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(uploadFrom);
}

/** In one state with the ones that are settled, so that nothing can commit them (R2). */
export async function settleForFence(
  session: Session,
  id: string,
  token: number,
  uploadIds: readonly string[],
): Promise<void> {
  const { row, now } = purging(await changing(session, id, token));
  await session.db
    .updateTable("expunge.uploads")
    .set({ settled: true, state: "aborting", changed_at: now })
    .where("project_uid", "=", row.project_uid)
    .where("state", "<>", "committed")
    .where("id", "=", sql<string>`any(${sql.val(uploadIds)}::text[])`)
    .execute();
}

export async function recordFence(session: Session, id: string, token: number): Promise<Deletion> {
  const { row, now } = purging(await changing(session, id, token));
  const unsettled = await unsettledOf(session, row.project_uid, 1);
  if (unsettled.length > 0) {
    throw new ExpungeError("internal", `${id} has uploads whose end is not settled.`);
  }
  await session.db
    .updateTable("expunge.deletions")
    .set({ fenced_at: row.fenced_at ?? now })
    .where("id", "=", id)
    .execute();
  return await viewOf(session, id);
}

export async function setBlocked(
  session: Session,
  id: string,
  token: number,
  blocked: (Pick<Blocked, "reason" | "code"> & { readonly retryInMs: number }) | null,
): Promise<Deletion> {
  const { row, now } = await changing(session, id, token);
  const fields = blocked && {
    blocked_reason: printable(blocked.reason),
    blocked_code: blocked.code,
    blocked_since: row.blocked_since ?? now,
    blocked_retry_at: now + blocked.retryInMs,
  };
  await session.db
    .updateTable("expunge.deletions")
    .set(fields ?? NOT_BLOCKED)
    .where("id", "=", id)
    .execute();
  if (blocked && row.blocked_since === null) {
    const data = { ...deletionFacts(row), code: blocked.code };
    await emit(session, now, { type: "project.deletion_blocked", data });
  }
  return await viewOf(session, id);
}

export async function recordEvidence(
  session: Session,
  id: string,
  token: number,
  evidence: readonly Evidence[],
): Promise<void> {
  const { now } = await changing(session, id, token);
  await session.db
    .updateTable("expunge.deletions")
    .set({ evidence: JSON.stringify(evidence), verified_at: now })
    .where("id", "=", id)
    .execute();
}
