import { ExpungeError } from "../../core/errors.ts";
import type { Metadata, Project, Upload } from "../../core/model.ts";
import { planParts } from "../../core/parts.ts";
import type { NewIdempotent } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { isUploadOpen } from "../presence.ts";
import { beginUpload, newUpload } from "./making.ts";

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
  const upload = {
    ...(await newUpload(context, project, input, { partSizeBytes, direct: true })),
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
