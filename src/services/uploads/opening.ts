import { ExpungeError } from "../../core/errors.ts";
import { canonicalKey } from "../../core/keys.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Metadata, Project, Upload } from "../../core/model.ts";
import { planParts } from "../../core/parts.ts";
import type { NewIdempotent, NewUpload } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { newUid } from "../files/put.ts";
import { isUploadOpen } from "../presence.ts";
import { beginUpload } from "./making.ts";

export interface OpenUpload {
  /** Normalised where it is opened (core/paths.ts). */
  readonly path: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly metadata: Metadata;
}

/** Records an upload and makes it known to the store. @throws ExpungeError as `Uploads.open` */
export async function openUpload(
  context: Context,
  project: Project,
  input: OpenUpload,
  idempotent: NewIdempotent | undefined,
): Promise<Upload> {
  const { metadata, store } = context;
  const { partSizeBytes } = planParts(input.sizeBytes, await store.capabilities());
  const fileUid = await newUid(context);
  const upload: Omit<NewUpload, "storeUploadId"> = {
    id: await newUid(context),
    projectUid: project.uid,
    path: input.path,
    key: canonicalKey(project.uid, fileUid),
    fileUid,
    sizeBytes: input.sizeBytes,
    partSizeBytes,
    contentType: input.contentType,
    metadata: input.metadata,
    direct: true,
    expiresInMs: LIMITS.uploadExpiryMs,
    ...(idempotent === undefined ? {} : { idempotent }),
  };
  // An empty file has no object and so no upload in the store (R1).
  const opened =
    input.sizeBytes === 0
      ? await metadata.openUpload({ ...upload, storeUploadId: null })
      : await beginUpload(context, upload);
  context.log.info({ project: project.uid, upload: upload.id }, "upload opened");
  return opened;
}

/** The upload, where parts of it can still be sent. @throws ExpungeError `upload-not-open` */
export async function stillOpen(
  context: Context,
  project: Project,
  uploadId: string,
): Promise<Upload> {
  const upload = await context.metadata.findUpload(project.uid, uploadId);
  if (upload?.state !== "open") throw notOpen();
  if (upload.storeUploadId === null) return upload;
  // One whose row was written although the answer to that was lost has been aborted in the store.
  if (!(await isUploadOpen(context, upload.key, upload.storeUploadId))) throw notOpen();
  return upload;
}

export function notOpen(): ExpungeError {
  return new ExpungeError("upload-not-open", "The upload was ended or completed.");
}
