import { sql } from "kysely";
import { ExpungeError } from "../../core/errors.ts";
import { CANONICAL_ROOT } from "../../core/keys.ts";
import {
  addRelayouts,
  oneDone,
  type RelayoutCounts,
  type RelayoutProgress,
} from "../../core/relayout.ts";
import {
  type FileMove,
  type HeldBy,
  type HeldObject,
  type LegacyFile,
  type LegacyFileQuery,
  type Relayout,
  type RelayoutStep,
  type RelayoutStore,
  type RunNote,
  StaleClaimError,
} from "../../ports/metadata/index.ts";
import { texts } from "./columns.ts";
import { fileFrom } from "./files.ts";
import { type LockedProject, lockActive, refuseHeld } from "./projects.ts";
import { addRemoval } from "./removals.ts";
import { addNotes, relayoutFrom, writeRun } from "./runs.ts";
import type { FilesRow } from "./schema.ts";
import type { RunRow } from "./schema-runs.ts";
import { cursor, type Session } from "./session.ts";

export async function listRelayouts(
  { db }: Session,
  { limit, after }: Parameters<RelayoutStore["listRelayouts"]>[0],
): Promise<readonly Relayout[]> {
  const rows = await db
    .selectFrom("expunge.runs")
    .selectAll()
    .where("kind", "=", "relayout")
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(requested_at, id) < (${after?.requestedAt ?? 0}, ${after?.id ?? ""})`,
      ),
    )
    .orderBy("requested_at", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map(relayoutFrom);
}

export async function listLegacyFiles(
  { db }: Session,
  { projects, limit, after }: LegacyFileQuery,
): Promise<readonly LegacyFile[]> {
  const later = after === undefined ? sql`true` : sql`file.key > ${cursor(after)}`;
  const asked = projects.length === 0 ? sql`true` : sql`project.id = any(${texts(projects)})`;
  const { rows } = await sql<FilesRow & { readonly key: string; readonly projectId: string }>`
    select file.*, project.id as "projectId"
    from expunge.files as file
    join expunge.projects as project on project.uid = file.project_uid
    where file.key is not null and ${later} and ${asked}
      and project.state in ('active', 'trashed')
      and not starts_with(file.key, ${CANONICAL_ROOT} || file.project_uid || '/')
    order by file.key limit ${limit}`.execute(db);
  return rows.map((row) => ({
    projectId: row.projectId,
    file: { ...fileFrom(row), key: row.key },
  }));
}

export async function recordRelayout(
  session: Session,
  id: string,
  token: number,
  { after, uploads, counts, notes }: RelayoutStep,
): Promise<Relayout> {
  const row = await lockRun(session, id, token);
  await addNotes(session, row.number, await ofLiveProjects(session, notes));
  return await progressed(session, row, { after, uploads }, counts);
}

/** Of a project that is being deleted nothing is noted any more: it would outlive the deletion (R7). */
async function ofLiveProjects(
  { db }: Session,
  notes: readonly RunNote[],
): Promise<readonly RunNote[]> {
  if (notes.length === 0) return notes;
  const { rows } = await sql<{ id: string }>`
    select id from expunge.projects where state in ('active', 'trashed')
      and id = any(${texts(notes.map(({ projectId }) => projectId))})`.execute(db);
  const live = new Set(rows.map(({ id }) => id));
  return notes.filter(({ projectId }) => live.has(projectId));
}

/** Last of all locks, for the project's comes before it. @throws StaleClaimError */
async function lockRun({ db }: Session, id: string, token: number): Promise<RunRow> {
  const row = await db
    .selectFrom("expunge.runs")
    .selectAll()
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  if (row) return row;
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or it has ended`);
}

async function progressed(
  session: Session,
  row: RunRow,
  changes: Partial<RelayoutProgress>,
  added: Partial<RelayoutCounts>,
): Promise<Relayout> {
  const { progress } = relayoutFrom(row);
  const counts = addRelayouts(progress.counts, added);
  const written = { ...progress, ...changes, counts };
  return relayoutFrom(await writeRun(session, row.id, row.token, written));
}

export async function commitFileMove(
  session: Session,
  id: string,
  token: number,
  { projectUid, fileUid, key, objectEtag, newFileUid, uploadId, sha256 }: FileMove,
): Promise<boolean> {
  const { db } = session;
  const { project, now } = await lockActive(session, projectUid);
  refuseHeld(project);
  const newKey = uploadId === null ? null : await takeUpload(session, projectUid, uploadId);
  const run = await lockRun(session, id, token);
  const file = await db
    .updateTable("expunge.files")
    .set({
      uid: newFileUid,
      key: newKey,
      sha256: sql<string | null>`coalesce(${sha256}::text, sha256)`,
    })
    .where("uid", "=", fileUid)
    .where("project_uid", "=", projectUid)
    .where("key", "=", key)
    .returning("size_bytes")
    .executeTakeFirst();
  if (!file) return false;
  await addRemoval(session, projectUid, key, file.size_bytes, now);
  await db
    .updateTable("expunge.removals")
    .set({ held_by: id, file_uid: newFileUid, etag: objectEtag })
    .where("key", "=", key)
    .execute();
  if (uploadId !== null) {
    await db.deleteFrom("expunge.uploads").where("id", "=", uploadId).execute();
  }
  await progressed(session, run, {}, oneDone(file.size_bytes));
  return true;
}

/** The key that the upload has made an object of. @throws ExpungeError `upload-not-open` */
async function takeUpload({ db }: Session, projectUid: string, uploadId: string): Promise<string> {
  const upload = await db
    .selectFrom("expunge.uploads")
    .select("key")
    .where("id", "=", uploadId)
    .where("project_uid", "=", projectUid)
    .where("state", "=", "completing")
    .forUpdate()
    .executeTakeFirst();
  if (upload) return upload.key;
  throw new ExpungeError("upload-not-open", "The upload was ended or completed.");
}

export async function listHeld(
  { db }: Session,
  id: string,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<readonly HeldObject[]> {
  const later = after === undefined ? sql`true` : sql`removal.key > ${cursor(after)}`;
  const { rows } = await sql<HeldObject>`
    select removal.key, project.id as "projectId", removal.size_bytes as "sizeBytes", removal.etag
    from expunge.removals as removal
    join expunge.projects as project on project.uid = removal.project_uid
    where removal.held_by = ${id} and ${later}
    order by removal.key limit ${limit}`.execute(db);
  return rows;
}

export async function countHeld(
  { db }: Session,
  id: string,
): Promise<{ readonly objects: number; readonly bytes: number }> {
  const { rows } = await sql<{ readonly objects: number; readonly bytes: number }>`
    select count(*) as objects, coalesce(sum(size_bytes), 0)::bigint as bytes
    from expunge.removals where held_by = ${id}`.execute(db);
  return rows[0] ?? { objects: 0, bytes: 0 };
}

interface Held extends LockedProject {
  readonly run: RunRow;
  readonly fileUid: string;
  readonly sizeBytes: number;
}

/** The project of a removal never changes, so it can be read before it is locked (order of locks). */
async function lockHeld(
  session: Session,
  { run, token, relayout }: HeldBy,
  key: string,
): Promise<Held | null> {
  const of = async (): Promise<{ project: string; file: string | null; bytes: number } | null> => {
    const row = await session.db
      .selectFrom("expunge.removals")
      .select(["project_uid as project", "file_uid as file", "size_bytes as bytes"])
      .where("key", "=", key)
      .where("held_by", "=", relayout)
      .executeTakeFirst();
    return row ?? null;
  };
  const before = await of();
  if (!before) return null;
  const locked = await lockActive(session, before.project);
  refuseHeld(locked.project);
  // Once more, for the lock: a deletion of the file lets its old object go.
  const now = await of();
  if (now === null || now.file === null) return null;
  const claim = await lockRun(session, run, token);
  return { ...locked, run: claim, fileUid: now.file, sizeBytes: now.bytes };
}

export async function releaseHeld(session: Session, by: HeldBy, key: string): Promise<boolean> {
  const held = await lockHeld(session, by, key);
  if (!held) return false;
  await session.db
    .updateTable("expunge.removals")
    .set({ held_by: null, due_at: held.now })
    .where("key", "=", key)
    .execute();
  await progressed(session, held.run, {}, oneDone(held.sizeBytes));
  return true;
}

export async function undoFileMove(
  session: Session,
  by: HeldBy,
  key: string,
): Promise<{ readonly copyKey: string | null } | null> {
  const held = await lockHeld(session, by, key);
  if (!held) return null;
  const { db } = session;
  const { run, project, now, fileUid, sizeBytes } = held;
  const copy = await db
    .selectFrom("expunge.files")
    .select("key")
    .where("uid", "=", fileUid)
    .executeTakeFirstOrThrow();
  await db.deleteFrom("expunge.removals").where("key", "=", key).execute();
  await db.updateTable("expunge.files").set({ key }).where("uid", "=", fileUid).execute();
  if (copy.key !== null) await addRemoval(session, project.uid, copy.key, sizeBytes, now);
  await progressed(session, run, {}, oneDone(sizeBytes));
  return { copyKey: copy.key };
}
