import { sql } from "kysely";
import { ExpungeError } from "../../core/errors.ts";
import type { FileRow, Upload } from "../../core/model.ts";
import type {
  CommitFacts,
  Committed,
  NewEmptyFile,
  NewUpload,
} from "../../ports/metadata/index.ts";
import { checkQuota, fileFrom, findFile, placeFile } from "./files.ts";
import { recordIdempotent } from "./idempotency.ts";
import { lockActive, lockProject } from "./projects.ts";
import { addRemoval } from "./removals.ts";
import type { UploadRow } from "./schema.ts";
import { readNow, type Session } from "./session.ts";

export function uploadFrom(row: UploadRow): Upload {
  return {
    id: row.id,
    projectUid: row.project_uid,
    path: row.path,
    key: row.key,
    fileUid: row.file_uid,
    state: row.state,
    storeUploadId: row.store_upload_id,
    sizeBytes: row.size_bytes,
    partSizeBytes: row.part_size_bytes,
    contentType: row.content_type,
    metadata: row.metadata,
    direct: row.direct,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

/** The upload's project never changes, so it can be read before it is locked (order of locks). */
async function projectOf({ db }: Session, id: string): Promise<string | null> {
  const row = await db
    .selectFrom("expunge.uploads")
    .select("project_uid")
    .where("id", "=", id)
    .executeTakeFirst();
  return row?.project_uid ?? null;
}

/** Read under lock, after the project's. */
async function lockUpload({ db }: Session, id: string): Promise<UploadRow | undefined> {
  return await db
    .selectFrom("expunge.uploads")
    .selectAll()
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
}

function notOpen(): ExpungeError {
  return new ExpungeError("upload-not-open", "The upload was ended or completed.");
}

export async function openUpload(session: Session, input: NewUpload): Promise<Upload> {
  const { project, now } = await lockActive(session, input.projectUid);
  await recordIdempotent(session, input.idempotent, {
    projectUid: input.projectUid,
    resource: input.id,
  });
  const replaced = await findFile(session, project.uid, input.path);
  checkQuota(project, replaced, input.sizeBytes ?? 0);
  const row = await session.db
    .insertInto("expunge.uploads")
    .values({
      id: input.id,
      project_uid: input.projectUid,
      path: input.path,
      key: input.key,
      file_uid: input.fileUid,
      state: "open",
      store_upload_id: input.storeUploadId,
      size_bytes: input.sizeBytes,
      part_size_bytes: input.partSizeBytes,
      content_type: input.contentType,
      metadata: JSON.stringify(input.metadata),
      direct: input.direct,
      created_at: now,
      expires_at: now + input.expiresInMs,
      changed_at: now,
      settled: false,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return uploadFrom(row);
}

export async function findUpload(
  { db }: Session,
  projectUid: string,
  id: string,
): Promise<Upload | null> {
  const row = await db
    .selectFrom("expunge.uploads")
    .selectAll()
    .where("id", "=", id)
    .where("project_uid", "=", projectUid)
    .executeTakeFirst();
  return row ? uploadFrom(row) : null;
}

export async function findCommitted(
  { db }: Session,
  projectUid: string,
  id: string,
): Promise<FileRow | null> {
  const row = await db
    .selectFrom("expunge.uploads as upload")
    // By uid: the file may have been moved since.
    .innerJoin("expunge.files as file", "file.uid", "upload.file_uid")
    .selectAll("file")
    .where("upload.id", "=", id)
    .where("upload.project_uid", "=", projectUid)
    .where("file.project_uid", "=", projectUid)
    .where("upload.state", "=", "committed")
    .executeTakeFirst();
  return row ? fileFrom(row) : null;
}

export async function beginCompleting(session: Session, id: string): Promise<Upload> {
  const projectUid = await projectOf(session, id);
  if (projectUid === null) throw notOpen();
  const { now } = await lockActive(session, projectUid, "share");
  const upload = await lockUpload(session, id);
  if (upload?.state !== "open" && upload?.state !== "completing") throw notOpen();
  const row = await session.db
    .updateTable("expunge.uploads")
    .set({ state: "completing", changed_at: now })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return uploadFrom(row);
}

export async function commitUpload(
  session: Session,
  id: string,
  facts: CommitFacts,
): Promise<Committed> {
  const projectUid = await projectOf(session, id);
  if (projectUid === null) throw notOpen();
  const locked = await lockProject(session, projectUid, "update");
  const upload = await lockUpload(session, id);
  if (!upload) throw notOpen();
  if (upload.state === "committed") {
    const file = await findCommitted(session, projectUid, id);
    if (!file) throw notOpen();
    return { file, created: false, replacedKey: null };
  }
  // R1: the commit sees the project active once more, whatever opened or completed the upload saw.
  if (locked.project.state !== "active") {
    throw new ExpungeError("project-not-active", `The project is ${locked.project.state}.`);
  }
  if (upload.state !== "completing") throw notOpen();
  // No store upload and no bytes: an empty file, which has no object (R1).
  const isEmpty = upload.store_upload_id === null && facts.sizeBytes === 0;
  const file = {
    uid: upload.file_uid,
    projectUid,
    path: upload.path,
    key: isEmpty ? null : upload.key,
    sizeBytes: facts.sizeBytes,
    contentType: upload.content_type,
    etag: facts.etag,
    sha256: facts.sha256,
    metadata: upload.metadata,
  };
  const committed = await placeFile(session, locked, file, facts.precondition);
  if (upload.direct) {
    await session.db
      .updateTable("expunge.uploads")
      .set({ state: "committed", changed_at: locked.now })
      .where("id", "=", id)
      .execute();
  } else await session.db.deleteFrom("expunge.uploads").where("id", "=", id).execute();
  return committed;
}

export async function keepUnnamed(session: Session, id: string): Promise<void> {
  const projectUid = await projectOf(session, id);
  if (projectUid === null) throw notOpen();
  await lockActive(session, projectUid, "share");
  const upload = await lockUpload(session, id);
  if (upload?.state !== "completing") throw notOpen();
  await session.db.deleteFrom("expunge.uploads").where("id", "=", id).execute();
}

export async function commitEmptyFile(session: Session, input: NewEmptyFile): Promise<Committed> {
  const locked = await lockActive(session, input.projectUid);
  const { projectUid, path, contentType, metadata, sha256, etag } = input;
  const file = {
    uid: input.fileUid,
    projectUid,
    path,
    key: null,
    sizeBytes: 0,
    contentType,
    etag,
    sha256,
    metadata,
  };
  return await placeFile(session, locked, file, input.precondition);
}

/** Only the upload's row is locked: whoever locks the project too does so before it. */
export async function discardUpload(session: Session, id: string): Promise<Upload | null> {
  const upload = await lockUpload(session, id);
  if (!upload || upload.state === "committed") return null;
  const now = await readNow(session);
  const row = await session.db
    .updateTable("expunge.uploads")
    .set({ state: "aborting", changed_at: now })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return uploadFrom(row);
}

export async function settleUpload(session: Session, id: string): Promise<void> {
  const projectUid = await projectOf(session, id);
  if (projectUid === null) return;
  const { project, now } = await lockProject(session, projectUid, "share");
  const upload = await lockUpload(session, id);
  // From `deleting` on the fence settles, and the row stays to name its key (R2, R9).
  const isLive = project.state === "active" || project.state === "trashed";
  if (upload?.state !== "aborting" || !isLive) return;
  await session.db.deleteFrom("expunge.uploads").where("id", "=", id).execute();
  await addRemoval(session, projectUid, upload.key, upload.size_bytes ?? 0, now);
}

export async function staleUploads(
  session: Session,
  staleMs: number,
  limit: number,
): Promise<readonly Upload[]> {
  const now = await readNow(session);
  const rows = await session.db
    .selectFrom("expunge.uploads as upload")
    .innerJoin("expunge.projects as project", "project.uid", "upload.project_uid")
    .selectAll("upload")
    .where("project.state", "in", ["active", "trashed"])
    .where("upload.state", "<>", "committed")
    .where((where) =>
      where.or([
        where.and([where("upload.state", "=", "open"), where("upload.expires_at", "<=", now)]),
        where.and([
          where("upload.state", "in", ["completing", "aborting"]),
          where("upload.changed_at", "<=", now - staleMs),
        ]),
      ]),
    )
    .orderBy("upload.created_at")
    .orderBy("upload.id")
    .limit(limit)
    .execute();
  return rows.map(uploadFrom);
}

export async function forgetCommitted({ db, clock }: Session, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from expunge.uploads where id = any(array(
      select id from expunge.uploads
      where state = 'committed' and expires_at <= (select ${clock})
      order by expires_at limit ${limit}
    )) returning 1 as one`.execute(db);
  return rows.length;
}
