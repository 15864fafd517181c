import { compareUtf8 } from "../../../core/encoding.ts";
import type { FileRow, Upload } from "../../../core/model.ts";
import type {
  CommitFacts,
  Committed,
  NewEmptyFile,
  NewUpload,
} from "../../../ports/metadata/index.ts";
import { placeFile, sizeWith } from "./files.ts";
import { recordIdempotent, refuseUsedKey } from "./idempotency.ts";
import {
  activeProject,
  addRemoval,
  filesOf,
  isLive,
  refusal,
  type Tx,
  type UploadRow,
} from "./state.ts";

export function openUpload(tx: Tx, input: NewUpload): Upload {
  const project = activeProject(tx, input.projectUid);
  sizeWith(project, filesOf(tx, project.uid).get(input.path), input.sizeBytes ?? 0);
  refuseUsedKey(tx, input.idempotent);
  if (tx.rows.uploads.has(input.id)) throw new Error(`upload ${input.id} exists already`);
  const upload: Upload = {
    id: input.id,
    projectUid: input.projectUid,
    path: input.path,
    key: input.key,
    fileUid: input.fileUid,
    state: "open",
    storeUploadId: input.storeUploadId,
    sizeBytes: input.sizeBytes,
    partSizeBytes: input.partSizeBytes,
    contentType: input.contentType,
    metadata: structuredClone(input.metadata),
    direct: input.direct,
    createdAt: tx.now,
    expiresAt: tx.now + input.expiresInMs,
  };
  tx.rows.uploads.set(upload.id, { upload, changedAt: tx.now, settled: false });
  const { projectUid, id: resource } = input;
  recordIdempotent(tx, input.idempotent, { projectUid, resource });
  return upload;
}

export function findUpload(tx: Tx, projectUid: string, id: string): Upload | null {
  const upload = tx.rows.uploads.get(id)?.upload;
  return upload?.projectUid === projectUid ? upload : null;
}

export function findCommitted(tx: Tx, projectUid: string, id: string): FileRow | null {
  const upload = findUpload(tx, projectUid, id);
  if (upload?.state !== "committed") return null;
  const files = tx.rows.files.get(projectUid)?.values();
  // By uid: the file may have been moved since.
  return files?.find(({ uid }) => uid === upload.fileUid) ?? null;
}

export function beginCompleting(tx: Tx, id: string): Upload {
  const row = standing(tx, id);
  activeProject(tx, row.upload.projectUid);
  const { state } = row.upload;
  if (state !== "open" && state !== "completing") throw notOpen();
  return setState(tx, row, "completing");
}

export function commitUpload(tx: Tx, id: string, facts: CommitFacts): Committed {
  const row = standing(tx, id);
  const { upload } = row;
  if (upload.state === "committed") {
    const file = findCommitted(tx, upload.projectUid, id);
    if (!file) throw notOpen();
    return { file, created: false, replacedKey: null };
  }
  // R1: the commit sees the project active once more, whatever opened or completed the upload saw.
  const project = activeProject(tx, upload.projectUid);
  if (upload.state !== "completing") throw notOpen();
  // No store upload and no bytes: an empty file, which has no object (R1).
  const isEmpty = upload.storeUploadId === null && facts.sizeBytes === 0;
  const { sizeBytes, sha256, etag, precondition } = facts;
  const { projectUid, path, fileUid, contentType, metadata } = upload;
  const key = isEmpty ? null : upload.key;
  const committed = placeFile(
    tx,
    project,
    { uid: fileUid, projectUid, path, key, sizeBytes, contentType, etag, sha256, metadata },
    precondition,
  );
  if (upload.direct) setState(tx, row, "committed");
  else tx.rows.uploads.delete(id);
  return committed;
}

export function keepUnnamed(tx: Tx, id: string): void {
  const { upload } = standing(tx, id);
  activeProject(tx, upload.projectUid);
  if (upload.state !== "completing") throw notOpen();
  tx.rows.uploads.delete(id);
}

export function commitEmptyFile(tx: Tx, input: NewEmptyFile): Committed {
  const project = activeProject(tx, input.projectUid);
  const { projectUid, path, fileUid, contentType, metadata, sha256, etag, precondition } = input;
  return placeFile(
    tx,
    project,
    {
      uid: fileUid,
      projectUid,
      path,
      key: null,
      sizeBytes: 0,
      contentType,
      etag,
      sha256,
      metadata,
    },
    precondition,
  );
}

export function discardUpload(tx: Tx, id: string): Upload | null {
  const row = tx.rows.uploads.get(id);
  if (!row || row.upload.state === "committed") return null;
  return setState(tx, row, "aborting");
}

export function settleUpload(tx: Tx, id: string): void {
  const upload = tx.rows.uploads.get(id)?.upload;
  // From `deleting` on the fence settles, and the row stays to name its key (R2, R9).
  if (upload?.state !== "aborting" || !isLive(tx, upload.projectUid)) return;
  tx.rows.uploads.delete(id);
  addRemoval(tx, upload.projectUid, upload.key, upload.sizeBytes ?? 0);
}

export function staleUploads(tx: Tx, staleMs: number, limit: number): readonly Upload[] {
  return [...tx.rows.uploads.values()]
    .filter(({ upload, changedAt }) => {
      if (upload.state === "committed" || !isLive(tx, upload.projectUid)) return false;
      return upload.state === "open" ? upload.expiresAt <= tx.now : changedAt + staleMs <= tx.now;
    })
    .map(({ upload }) => upload)
    .sort((a, b) => a.createdAt - b.createdAt || compareUtf8(a.id, b.id))
    .slice(0, limit);
}

export function forgetCommitted(tx: Tx, limit: number): number {
  const expired = [...tx.rows.uploads.values()]
    .map(({ upload }) => upload)
    .filter(({ state, expiresAt }) => state === "committed" && expiresAt <= tx.now)
    .slice(0, limit);
  for (const { id } of expired) tx.rows.uploads.delete(id);
  return expired.length;
}

function setState(tx: Tx, row: UploadRow, state: Upload["state"]): Upload {
  row.upload = { ...row.upload, state };
  row.changedAt = tx.now;
  return row.upload;
}

/** @throws ExpungeError `upload-not-open` where there is none */
function standing(tx: Tx, id: string): UploadRow {
  const row = tx.rows.uploads.get(id);
  if (!row) throw notOpen();
  return row;
}

function notOpen(): Error {
  return refusal("upload-not-open", "The upload was ended or completed.");
}
