import { sql } from "kysely";
import { ExpungeError } from "../../core/errors.ts";
import type { Hold, Instant, Project } from "../../core/model.ts";
import type { NewProject, ProjectPatch, ProjectQuery } from "../../ports/metadata/index.ts";
import { recordIdempotent } from "./idempotency.ts";
import type { ProjectRow } from "./schema.ts";
import { cursor, readNow, type Session } from "./session.ts";

export function projectFrom(row: ProjectRow): Project {
  const { hold_reason: reason, hold_placed_at: placedAt } = row;
  return {
    id: row.id,
    uid: row.uid,
    name: row.name,
    owner: row.owner,
    state: row.state,
    fileCount: row.file_count,
    sizeBytes: row.size_bytes,
    quotaBytes: row.quota_bytes,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    hold: reason === null || placedAt === null ? null : { reason, placedAt },
    metadata: row.metadata,
  };
}

export interface LockedProject {
  readonly project: Project;
  /** Read after the lock was had, however long that took. */
  readonly now: Instant;
}

/**
 * Locks a project's row until the transaction ends. The order of locks is the same in every
 * transaction, so that none waits in a circle: first the project (once, and never raised from `share`
 * to `update`), then the deletion, then uploads, files and removals, then the chain's head.
 * `update` where counters or the state change, `share` where the state must only stay what it is.
 * @throws ExpungeError `project-not-found`
 */
export async function lockProject(
  { db, clock }: Session,
  uid: string,
  strength: "update" | "share",
): Promise<LockedProject> {
  const row = await db
    // Materialised, so that the clock is read from the row that the lock has let through.
    .with(
      (cte) => cte("locked").materialized(),
      (cte) => {
        const query = cte.selectFrom("expunge.projects").selectAll().where("uid", "=", uid);
        return strength === "update" ? query.forUpdate() : query.forShare();
      },
    )
    .selectFrom("locked")
    .selectAll()
    .select(clock.as("now"))
    .executeTakeFirst();
  if (!row) throw new ExpungeError("project-not-found", "There is no such project.");
  return { project: projectFrom(row), now: row.now };
}

/** @throws ExpungeError `project-not-found`, `project-not-active` */
export async function lockActive(
  session: Session,
  uid: string,
  strength: "update" | "share" = "update",
): Promise<LockedProject> {
  const locked = await lockProject(session, uid, strength);
  const { state } = locked.project;
  if (state === "active") return locked;
  throw new ExpungeError("project-not-active", `The project is ${state}.`);
}

/** @throws ExpungeError `project-held` */
export function refuseHeld(project: Project): void {
  if (project.hold) throw new ExpungeError("project-held", "A hold stands on the project.");
}

export async function createProject(session: Session, input: NewProject): Promise<Project> {
  await recordIdempotent(session, input.idempotent, {
    projectUid: input.uid,
    resource: input.uid,
  });
  const now = await readNow(session);
  // Deleted projects keep their row (R7), so their ids are taken too.
  const row = await session.db
    .insertInto("expunge.projects")
    .values({
      uid: input.uid,
      id: input.id,
      name: input.name,
      owner: input.owner,
      state: "active",
      file_count: 0,
      size_bytes: 0,
      quota_bytes: input.quotaBytes,
      created_at: now,
      expires_at: input.expiresAt ?? (input.ttlMs === null ? null : now + input.ttlMs),
      hold_reason: null,
      hold_placed_at: null,
      metadata: JSON.stringify(input.metadata),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row) return projectFrom(row);
  throw new ExpungeError("project-exists", `There is or was a project '${input.id}'.`);
}

export async function findProject({ db }: Session, id: string): Promise<Project | null> {
  const row = await db
    .selectFrom("expunge.projects")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row ? projectFrom(row) : null;
}

export async function findProjectByUid({ db }: Session, uid: string): Promise<Project | null> {
  const row = await db
    .selectFrom("expunge.projects")
    .selectAll()
    .where("uid", "=", uid)
    .executeTakeFirst();
  return row ? projectFrom(row) : null;
}

export async function listProjects(
  { db }: Session,
  filter: ProjectQuery,
): Promise<readonly Project[]> {
  const { owner, state, namePrefix, after, limit } = filter;
  const rows = await db
    .selectFrom("expunge.projects")
    .selectAll()
    .$if(owner !== undefined, (query) => query.where("owner", "=", owner ?? ""))
    .where((where) =>
      state === undefined ? where("state", "<>", "deleted") : where("state", "=", state),
    )
    .$if(namePrefix !== undefined, (query) =>
      query.where(sql<boolean>`starts_with(name, ${namePrefix})`),
    )
    .$if(after !== undefined, (query) => query.where("uid", ">", cursor(after ?? "")))
    .orderBy("uid")
    .limit(limit)
    .execute();
  return rows.map(projectFrom);
}

export async function expiredProjects(
  { db, clock }: Session,
  limit: number,
): Promise<readonly Project[]> {
  const rows = await db
    .with(
      (cte) => cte("moment").materialized(),
      (cte) => cte.selectNoFrom(clock.as("now")),
    )
    .selectFrom("expunge.projects")
    .innerJoin("moment", (join) => join.onTrue())
    .selectAll("expunge.projects")
    .where("state", "=", "active")
    .where("hold_placed_at", "is", null)
    .whereRef("expires_at", "<=", "moment.now")
    .orderBy("expires_at")
    .orderBy("uid")
    .limit(limit)
    .execute();
  return rows.map(projectFrom);
}

/** The same rule as in `expiredProjects`, under lock (R8). */
export function isExpired({ state, hold, expiresAt }: Project, now: Instant): boolean {
  return state === "active" && hold === null && expiresAt !== null && expiresAt <= now;
}

export async function whichClosed(
  { db }: Session,
  uids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom("expunge.projects")
    .select("uid")
    .where("uid", "=", sql<string>`any(${sql.val(uids)}::text[])`)
    .where("state", "in", ["deleting", "deleted"])
    .execute();
  return new Set(rows.map(({ uid }) => uid));
}

export async function updateProject(
  session: Session,
  uid: string,
  patch: ProjectPatch,
): Promise<Project> {
  const { project } = await lockActive(session, uid);
  const { name, metadata, quotaBytes, expiresAt } = patch;
  const row = await session.db
    .updateTable("expunge.projects")
    .set({
      name: name ?? project.name,
      metadata: JSON.stringify(metadata ?? project.metadata),
      quota_bytes: quotaBytes === undefined ? project.quotaBytes : quotaBytes,
      expires_at: expiresAt === undefined ? project.expiresAt : expiresAt,
    })
    .where("uid", "=", uid)
    .returningAll()
    .executeTakeFirstOrThrow();
  return projectFrom(row);
}

export async function placeHold(session: Session, uid: string, reason: string): Promise<Hold> {
  const { project, now } = await lockProject(session, uid, "update");
  if (project.state !== "active" && project.state !== "trashed") {
    throw new ExpungeError("not-holdable", `The project is ${project.state}.`);
  }
  const hold: Hold = { reason, placedAt: project.hold?.placedAt ?? now };
  await session.db
    .updateTable("expunge.projects")
    .set({ hold_reason: hold.reason, hold_placed_at: hold.placedAt })
    .where("uid", "=", uid)
    .execute();
  return hold;
}

/** What became due while the hold stood waits a fresh grace (ARCHITECTURE.md, "The deletion"). */
export async function releaseHold(session: Session, uid: string, graceMs: number): Promise<void> {
  const { project, now } = await lockProject(session, uid, "update");
  if (!project.hold) return;
  const { expiresAt } = project;
  await session.db
    .updateTable("expunge.projects")
    .set({
      hold_reason: null,
      hold_placed_at: null,
      expires_at: expiresAt !== null && expiresAt <= now ? now + graceMs : expiresAt,
    })
    .where("uid", "=", uid)
    .execute();
  await session.db
    .updateTable("expunge.deletions")
    .set({ purge_after: now + graceMs })
    .where("project_uid", "=", uid)
    .where("state", "=", "trashed")
    .where("purge_after", "<=", now)
    .execute();
}
