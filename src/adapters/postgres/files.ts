import { sql } from "kysely";
import { ExpungeError } from "../../core/errors.ts";
import type { FileRow, Instant, Project } from "../../core/model.ts";
import type { WebhookEvent, WebhookEvents } from "../../core/webhooks.ts";
import type { Committed, FilePrecondition, FileQuery } from "../../ports/metadata/index.ts";
import { lockActive, refuseHeld } from "./projects.ts";
import { addRemoval, releaseObjectsOf } from "./removals.ts";
import type { FilesRow } from "./schema.ts";
import { cursor, prefixEnd, type Session } from "./session.ts";
import { emit } from "./webhooks.ts";

export function fileFrom(row: FilesRow): FileRow {
  return {
    uid: row.uid,
    projectUid: row.project_uid,
    path: row.path,
    key: row.key,
    sizeBytes: row.size_bytes,
    contentType: row.content_type,
    etag: row.etag,
    sha256: row.sha256,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    metadata: row.metadata,
  };
}

export async function findFile(
  { db }: Session,
  projectUid: string,
  path: string,
): Promise<FileRow | null> {
  const row = await db
    .selectFrom("expunge.files")
    .selectAll()
    .where("project_uid", "=", projectUid)
    .where("path", "=", path)
    .executeTakeFirst();
  return row ? fileFrom(row) : null;
}

export async function listFiles(
  { db }: Session,
  projectUid: string,
  { prefix = "", after, limit }: FileQuery,
): Promise<readonly FileRow[]> {
  if (prefix.includes("\0")) return [];
  const end = prefixEnd(prefix);
  const rows = await db
    .selectFrom("expunge.files")
    .selectAll()
    .where("project_uid", "=", projectUid)
    .where("path", ">=", prefix)
    .$if(end !== null, (query) => query.where("path", "<", end ?? ""))
    .$if(after !== undefined, (query) => query.where("path", ">", cursor(after ?? "")))
    .orderBy("path")
    .limit(limit)
    .execute();
  return rows.map(fileFrom);
}

/** @throws ExpungeError `precondition-failed` */
function checkPrecondition(file: FileRow | null, precondition: FilePrecondition | undefined): void {
  const { ifMatch, ifNoneMatch } = precondition ?? {};
  if (ifMatch !== undefined && file?.etag !== ifMatch) {
    throw new ExpungeError("precondition-failed", "The file is not the one that If-Match names.");
  }
  if (ifNoneMatch !== undefined && file) {
    throw new ExpungeError("precondition-failed", "There is a file at the path already.");
  }
}

/** @throws ExpungeError `quota-exceeded` */
export function checkQuota(project: Project, replaced: FileRow | null, sizeBytes: number): void {
  const total = project.sizeBytes - (replaced?.sizeBytes ?? 0) + sizeBytes;
  if (project.quotaBytes === null || total <= project.quotaBytes) return;
  throw new ExpungeError("quota-exceeded", `The project may have ${project.quotaBytes} bytes.`);
}

/**
 * Puts a file at its path, in a transaction that has the project locked for update; the key of the
 * one that was there becomes a removal (R12).
 * @throws ExpungeError `precondition-failed`, `project-held`, `quota-exceeded`
 */
export async function placeFile(
  session: Session,
  { project, now }: { readonly project: Project; readonly now: Instant },
  file: Omit<FileRow, "createdAt" | "updatedAt">,
  precondition: FilePrecondition | undefined,
): Promise<Committed> {
  const replaced = await findFile(session, project.uid, file.path);
  checkPrecondition(replaced, precondition);
  if (replaced) refuseHeld(project);
  checkQuota(project, replaced, file.sizeBytes);
  const content = {
    uid: file.uid,
    key: file.key,
    size_bytes: file.sizeBytes,
    content_type: file.contentType,
    etag: file.etag,
    sha256: file.sha256,
    updated_at: now,
    metadata: JSON.stringify(file.metadata),
  };
  const row = await session.db
    .insertInto("expunge.files")
    .values({ ...content, project_uid: project.uid, path: file.path, created_at: now })
    .onConflict((conflict) => conflict.columns(["project_uid", "path"]).doUpdateSet(content))
    .returningAll()
    .executeTakeFirstOrThrow();
  if (replaced?.key) await addRemoval(session, project.uid, replaced.key, replaced.sizeBytes, now);
  if (replaced) await releaseObjectsOf(session, replaced.uid, now);
  const addedBytes = file.sizeBytes - (replaced?.sizeBytes ?? 0);
  await addToCounters(session, project.uid, replaced ? 0 : 1, addedBytes);
  await emit(session, now, ...placedEvents(project, file, replaced));
  return { file: fileFrom(row), created: !replaced, replacedKey: replaced?.key ?? null };
}

function fileFacts(project: Project, fileUid: string): WebhookEvents["file.deleted"] {
  return { projectId: project.id, projectUid: project.uid, fileUid };
}

/** The bytes that were replaced are gone, as those of a file that was deleted. */
function placedEvents(
  project: Project,
  { uid, sizeBytes }: Pick<FileRow, "uid" | "sizeBytes">,
  replaced: FileRow | null,
): readonly WebhookEvent[] {
  return [
    { type: "file.created", data: { ...fileFacts(project, uid), sizeBytes } },
    ...(replaced
      ? [{ type: "file.deleted" as const, data: fileFacts(project, replaced.uid) }]
      : []),
  ];
}

async function addToCounters(
  { db }: Session,
  projectUid: string,
  files: number,
  bytes: number,
): Promise<void> {
  await db
    .updateTable("expunge.projects")
    .set({
      file_count: sql<number>`file_count + ${files}`,
      size_bytes: sql<number>`size_bytes + ${bytes}`,
    })
    .where("uid", "=", projectUid)
    .execute();
}

export async function removeFile(
  session: Session,
  projectUid: string,
  path: string,
  precondition: FilePrecondition | undefined,
): Promise<FileRow> {
  const { project, now } = await lockActive(session, projectUid);
  refuseHeld(project);
  const file = await fileAt(session, projectUid, path);
  checkPrecondition(file, precondition);
  await session.db.deleteFrom("expunge.files").where("uid", "=", file.uid).execute();
  if (file.key !== null) await addRemoval(session, projectUid, file.key, file.sizeBytes, now);
  await releaseObjectsOf(session, file.uid, now);
  await addToCounters(session, projectUid, -1, -file.sizeBytes);
  await emit(session, now, { type: "file.deleted", data: fileFacts(project, file.uid) });
  return file;
}

export async function moveFile(
  session: Session,
  projectUid: string,
  from: string,
  to: string,
): Promise<FileRow> {
  // For update, though no counter changes: two moves to one path must not pass each other.
  const { project, now } = await lockActive(session, projectUid);
  refuseHeld(project);
  const file = await fileAt(session, projectUid, from);
  if (await findFile(session, projectUid, to)) {
    throw new ExpungeError("file-exists", "There is a file at the new path already.");
  }
  const row = await session.db
    .updateTable("expunge.files")
    .set({ path: to, updated_at: now })
    .where("uid", "=", file.uid)
    .returningAll()
    .executeTakeFirstOrThrow();
  return fileFrom(row);
}

/** @throws ExpungeError `file-not-found` */
async function fileAt(session: Session, projectUid: string, path: string): Promise<FileRow> {
  const file = await findFile(session, projectUid, path);
  if (file) return file;
  throw new ExpungeError("file-not-found", "There is no file at this path.");
}
