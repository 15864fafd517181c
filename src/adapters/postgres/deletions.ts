import { sql } from "kysely";
import { isTerminal, projectStateOf, transition } from "../../core/deletion.ts";
import { ExpungeError } from "../../core/errors.ts";
import { fromUtf8, utf8 } from "../../core/encoding.ts";
import type { Deletion, Instant, Project, Residue } from "../../core/model.ts";
import type { Claim, DeletionQuery, DeletionRequest } from "../../ports/metadata/index.ts";
import { deletionFrom, lockDeletion, selectDeletions, viewOf } from "./deletion-rows.ts";
import { isExpired, type LockedProject, lockProject, refuseHeld } from "./projects.ts";
import { refuseMoreThan } from "./deletion-cap.ts";
import { newDeletion } from "./new-deletion.ts";
import type { DeletionRow } from "./schema.ts";
import { bytesOf, type Session } from "./session.ts";

export async function requestDeletion(
  session: Session,
  request: DeletionRequest,
): Promise<{ deletion: Deletion; joined: boolean }> {
  return await requestFor(
    session,
    request,
    await lockProject(session, request.projectUid, "update"),
  );
}

export async function expireProject(
  session: Session,
  request: DeletionRequest,
): Promise<Deletion | null> {
  const locked = await lockProject(session, request.projectUid, "update");
  if (!isExpired(locked.project, locked.now)) return null;
  return (await requestFor(session, request, locked)).deletion;
}

async function requestFor(
  session: Session,
  request: DeletionRequest,
  { project, now }: LockedProject,
): Promise<{ deletion: Deletion; joined: boolean }> {
  refuseHeld(project);
  const purgeAfter = now + request.graceMs;
  const standing = await standingDeletion(session, project.uid);
  if (standing) {
    // Forward, never back; and once the purge has begun there is nothing to bring forward.
    await session.db
      .updateTable("expunge.deletions")
      .set({ purge_after: sql<Instant>`least(purge_after, ${purgeAfter}::bigint)` })
      .where("id", "=", standing)
      .where("state", "=", "trashed")
      .execute();
    return { deletion: await viewOf(session, standing), joined: true };
  }
  await refuseMoreThan(session, request, now);
  await session.db
    .insertInto("expunge.deletions")
    .values(newDeletion(request, project, { state: "trashed", requestedAt: now, purgeAfter }))
    .execute();
  await session.db
    .updateTable("expunge.projects")
    .set({ state: projectStateOf("trashed") })
    .where("uid", "=", project.uid)
    .execute();
  return { deletion: await viewOf(session, request.id), joined: false };
}

/** The id of a project's deletion that was not undone; an index allows one at most. */
export async function standingDeletion(
  { db }: Session,
  projectUid: string,
): Promise<string | null> {
  const row = await db
    .selectFrom("expunge.deletions")
    .select("id")
    .where("project_uid", "=", projectUid)
    .where("state", "<>", "restored")
    .executeTakeFirst();
  return row?.id ?? null;
}

export async function restoreProject(session: Session, projectUid: string): Promise<Deletion> {
  const { project, now } = await lockProject(session, projectUid, "update");
  const id = await standingDeletion(session, projectUid);
  const locked = id === null ? null : await lockDeletion(session, id);
  const next = locked ? transition(locked.row.state, "restored") : null;
  if (!locked || next === null) {
    throw new ExpungeError("not-restorable", `The project is ${project.state}.`);
  }
  await session.db
    .updateTable("expunge.deletions")
    .set({ ...NOT_BLOCKED, state: next, lease_until: 0 })
    .where("id", "=", locked.row.id)
    .execute();
  const { expiresAt } = project;
  await session.db
    .updateTable("expunge.projects")
    .set({
      state: projectStateOf(next),
      expires_at: expiresAt !== null && expiresAt <= now ? null : expiresAt,
    })
    .where("uid", "=", projectUid)
    .execute();
  return await viewOf(session, locked.row.id);
}

export const NOT_BLOCKED = {
  blocked_reason: null,
  blocked_code: null,
  blocked_since: null,
  blocked_retry_at: null,
} as const;

export async function findDeletionOf(
  session: Session,
  projectUid: string,
): Promise<Deletion | null> {
  const row = await selectDeletions(session)
    .where("deletions.project_uid", "=", projectUid)
    .where("deletions.state", "<>", "restored")
    .executeTakeFirst();
  return row ? deletionFrom(row) : null;
}

/** Newest first; within one millisecond by id. A cursor that nothing is known of has no next page. */
export async function listDeletions(
  session: Session,
  { owner, state, projectId, limit, after }: DeletionQuery,
): Promise<readonly Deletion[]> {
  const rows = await selectDeletions(session)
    .$if(owner !== undefined, (query) => query.where("deletions.owner", "=", owner ?? ""))
    .$if(state !== undefined, (query) => query.where("deletions.state", "=", state ?? "trashed"))
    .$if(projectId !== undefined, (query) =>
      query.where("deletions.project_id", "=", projectId ?? ""),
    )
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(deletions.requested_at, deletions.id) < (
          select last.requested_at, last.id from expunge.deletions as last
          where last.id = ${after} and ${owner === undefined ? sql`true` : sql`last.owner = ${owner}`}
        )`,
      ),
    )
    .orderBy("deletions.requested_at", "desc")
    .orderBy("deletions.id", "desc")
    .limit(limit)
    .execute();
  return rows.map(deletionFrom);
}

/**
 * By the bytes of the key. The cursor is a key, so a page is not cut between entries of one key
 * (`with ties`): the rest would be lost.
 */
export async function listResidue(
  { db }: Session,
  id: string,
  limit: number,
  after: string | undefined,
): Promise<readonly Residue[]> {
  const later = after === undefined ? sql`true` : sql`key > ${utf8(after)}`;
  const { rows } = await sql<Residue>`
    select surface, encode(key, 'hex') as key, outcome, code, message
    from (
      select * from expunge.residue
      where deletion = (select number from expunge.deletions where id = ${id}) and ${later}
      order by key fetch first (${limit}::bigint) rows with ties
    ) as page
    order by page.key, page.surface, page.ordinal`.execute(db);
  return rows.map((row) => ({ ...row, key: fromUtf8(bytesOf(row.key)) }));
}

export async function dueDeletions(
  { db, clock }: Session,
  limit: number,
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    with moment as materialized (select ${clock} as now)
    select deletion.id
    from expunge.deletions as deletion
    join expunge.projects as project on project.uid = deletion.project_uid
    cross join moment
    where deletion.state in ('trashed', 'deleting', 'verifying')
      and deletion.lease_until <= moment.now
      and (deletion.blocked_retry_at is null or deletion.blocked_retry_at <= moment.now)
      and (deletion.state <> 'trashed'
        or (deletion.purge_after <= moment.now and project.hold_placed_at is null))
    order by deletion.purge_after, deletion.id
    limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** The same rule as in `dueDeletions`, under lock (I6, R8, ARCHITECTURE.md, "The deletion"). */
function isClaimable(row: DeletionRow, project: Project, now: Instant): boolean {
  if (isTerminal(row.state) || row.lease_until > now) return false;
  if (row.blocked_retry_at !== null && row.blocked_retry_at > now) return false;
  return row.state !== "trashed" || mayPurge(row, project, now);
}

/** Whether the grace is over and no hold stands (I6). */
export function mayPurge(row: DeletionRow, project: Project, now: Instant): boolean {
  return row.purge_after <= now && project.hold === null;
}

/** A deletion's project never changes, so it can be read before it is locked (order of locks). */
export async function projectOfDeletion({ db }: Session, id: string): Promise<string | null> {
  const row = await db
    .selectFrom("expunge.deletions")
    .select("project_uid")
    .where("id", "=", id)
    .executeTakeFirst();
  return row?.project_uid ?? null;
}

export async function claimDeletion(
  session: Session,
  id: string,
  leaseMs: number,
): Promise<Claim | null> {
  const projectUid = await projectOfDeletion(session, id);
  if (projectUid === null) return null;
  const { project } = await lockProject(session, projectUid, "share");
  const locked = await lockDeletion(session, id);
  if (!locked || !isClaimable(locked.row, project, locked.now)) return null;
  const token = locked.row.token + 1;
  await session.db
    .updateTable("expunge.deletions")
    .set({
      token,
      attempts: locked.row.attempts + 1,
      lease_until: locked.now + leaseMs,
    })
    .where("id", "=", id)
    .execute();
  const salt = Uint8Array.from(locked.row.salt);
  return { deletion: await viewOf(session, id), token, salt };
}

export async function extendClaim(
  session: Session,
  id: string,
  token: number,
  leaseMs: number,
): Promise<boolean> {
  const locked = await lockDeletion(session, id);
  if (locked?.row.token !== token) return false;
  if (isTerminal(locked.row.state) && locked.row.settle_due_at === null) return false;
  await session.db
    .updateTable("expunge.deletions")
    .set({ lease_until: locked.now + leaseMs })
    .where("id", "=", id)
    .execute();
  return true;
}

export async function releaseClaim({ db }: Session, id: string, token: number): Promise<void> {
  await db
    .updateTable("expunge.deletions")
    .set({ lease_until: 0 })
    .where("id", "=", id)
    .where("token", "=", token)
    .execute();
}

/** Every table whose rows one process works on at a time. */
const LEASED = ["expunge.deletions", "expunge.audits", "expunge.sweeps", "expunge.runs"] as const;

export async function releaseAllClaims({ db }: Session): Promise<void> {
  for (const table of LEASED) {
    await db.updateTable(table).set({ lease_until: 0 }).where("lease_until", ">", 0).execute();
  }
}

export async function retryDeletion(session: Session, id: string): Promise<Deletion> {
  const locked = await lockDeletion(session, id);
  if (!locked) throw new ExpungeError("deletion-not-found", `There is no deletion ${id}.`);
  await session.db
    .updateTable("expunge.deletions")
    .set(NOT_BLOCKED)
    .where("id", "=", id)
    .where("blocked_retry_at", "is not", null)
    .execute();
  return await viewOf(session, id);
}
