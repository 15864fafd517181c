import { createHash } from "node:crypto";
import { isExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Project } from "../../core/model.ts";
import { planParts } from "../../core/parts.ts";
import { canonicalKey } from "../../core/keys.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { LegacyFile } from "../../ports/metadata/index.ts";
import type { ObjectHead } from "../../ports/object-store.ts";
import { etagOf } from "../etag.ts";
import { copyParts } from "../uploads/copying.ts";
import { endAfterFailure } from "../uploads/ending.ts";
import { beginUpload, makeObject, type StoredUpload, whileFresh } from "../uploads/making.ts";
import { proveCopy } from "../uploads/proof.ts";
import type { RelayoutWork } from "./work.ts";

/** A file that is to be copied, and the ids of what is made for that, which are known beforehand. */
export interface Planned extends LegacyFile {
  readonly uploadId: string;
  readonly newFileUid: string;
}

/** Why a file was left as it is, or null where its row names the copy; and what that cost. */
export interface Copying {
  readonly code: string | null;
  readonly readBytes: number;
}

const spared = (code: string, readBytes = 0): Copying => ({ code, readBytes });

/** What rows alone have against copying a file of the project, or null. */
export function obstacleOf(project: Project | null): string | null {
  if (project?.state !== "active") return "project-not-active";
  return project.hold ? "project-held" : null;
}

/**
 * Copies a file's object to a canonical key, proves the copy, and has the row name it. The upload is
 * recorded before its parts are copied and the old key becomes a removal as the new one gets its row, so
 * that a deletion knows both at every moment (R1, R12). Idempotent as a whole: what breaks off leaves the
 * row as it was, and an upload that is ended.
 */
export async function copyFile(work: RelayoutWork, planned: Planned): Promise<Copying> {
  const { context, signal } = work;
  const { metadata, inFlight } = context;
  const { projectUid } = planned.file;
  const project = await metadata.findProjectByUid(projectUid);
  const obstacle = obstacleOf(project);
  if (obstacle !== null) return spared(obstacle);
  try {
    return await inFlight.run(projectUid, signal, (running) => copy(work, planned, running));
  } catch (error) {
    signal.throwIfAborted();
    // Whatever the rows have against it by now: deleted, held, over its quota.
    if (isExpungeError(error)) return spared(error.code);
    if (isStoreError(error, "no-such-key")) return spared("missing");
    // The fence, or an abort from elsewhere, has ended it in the store.
    if (isStoreError(error, "no-such-upload")) return spared("upload-not-open");
    const isOfThisFile = isStoreError(error) && OF_ONE_FILE.has(error.code);
    if (isOfThisFile) return spared(error.code);
    throw error;
  }
}

/** What a store may have against one object and not against the next. */
const OF_ONE_FILE: ReadonlySet<string> = new Set([
  "access-denied",
  "invalid-key",
  "key-conflict",
  "invalid-part",
  "invalid-range",
  "bad-request",
]);

async function copy(work: RelayoutWork, planned: Planned, signal: AbortSignal): Promise<Copying> {
  const { context } = work;
  const { file } = planned;
  const source = await context.store.head(file.key, signal);
  if (source.sizeBytes !== file.sizeBytes) return spared("changed");
  if (file.sizeBytes === 0) return await swap(work, planned, source, EMPTY);
  const { partSizeBytes } = planParts(
    file.sizeBytes,
    await context.store.capabilities({ signal }),
    LIMITS.relayoutPartBytes,
  );
  const upload = await beginUpload(context, {
    id: planned.uploadId,
    projectUid: file.projectUid,
    path: file.path,
    key: canonicalKey(file.projectUid, planned.newFileUid),
    fileUid: planned.newFileUid,
    sizeBytes: file.sizeBytes,
    contentType: file.contentType,
    metadata: file.metadata,
    partSizeBytes,
    direct: false,
    expiresInMs: LIMITS.uploadExpiryMs,
  });
  try {
    const result = await fill(work, { planned, source, upload }, signal);
    if (result.code !== null) await endAfterFailure(context, upload);
    return result;
  } catch (error) {
    await endAfterFailure(context, upload);
    throw error;
  }
}

/** A file without bytes has no object (R1); this is the SHA-256 of nothing. */
const EMPTY = { uploadId: null, sha256: createHash("sha256").digest("hex") } as const;

interface Filling {
  readonly planned: Planned;
  readonly source: ObjectHead;
  readonly upload: StoredUpload;
}

async function fill(
  work: RelayoutWork,
  { planned, source, upload }: Filling,
  signal: AbortSignal,
): Promise<Copying> {
  const { context, log } = work;
  const parts = await copyParts(context, upload, source, signal);
  await makeObject(context, upload, parts);
  const copied = { source, copyKey: upload.key, parts };
  const proof = await whileFresh(context, upload.id, () => proveCopy(context, copied, signal));
  const { result, sha256, readBytes } = proof;
  if (result === "unequal") {
    log.error(
      { project: upload.projectUid, file: planned.file.uid },
      "the copy of an object is not the same; the file keeps the one that it has",
    );
  }
  if (result !== "equal") return spared(result, readBytes);
  const { code } = await swap(work, planned, source, { uploadId: upload.id, sha256 });
  return { code, readBytes };
}

async function swap(
  { context, relayout, token }: RelayoutWork,
  { file, newFileUid }: Planned,
  source: ObjectHead,
  made: { readonly uploadId: string | null; readonly sha256: string | null },
): Promise<Copying> {
  const isMoved = await context.metadata.commitFileMove(relayout.id, token, {
    projectUid: file.projectUid,
    fileUid: file.uid,
    key: file.key,
    objectEtag: etagOf(source),
    newFileUid,
    ...made,
  });
  return isMoved ? { code: null, readBytes: 0 } : spared("replaced");
}
