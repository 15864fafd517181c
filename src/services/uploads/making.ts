import { LIMITS } from "../../core/limits.ts";
import { ExpungeError } from "../../core/errors.ts";
import { makeUid } from "../../core/ids.ts";
import { canonicalKey } from "../../core/keys.ts";
import type { Project, Upload } from "../../core/model.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { CommitFacts, Committed, NewUpload } from "../../ports/metadata/index.ts";
import type { Part } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import { listKey } from "../listing.ts";
import { abortInStore, endAfterFailure } from "./ending.ts";
import { uploadIdOf } from "./ids.ts";

/** An upload that the store knows too: of a file with at least one byte. */
export type StoredUpload = Upload & { readonly storeUploadId: string };

/** An upload before the store knows it. */
type UnopenedUpload = Omit<NewUpload, "storeUploadId">;

/** An upload to a new file of a project: under a key that nothing had before (R1). */
export async function newUpload(
  context: Context,
  project: Project,
  file: Pick<NewUpload, "path" | "sizeBytes" | "contentType" | "metadata">,
  how: Pick<NewUpload, "partSizeBytes" | "direct">,
): Promise<UnopenedUpload> {
  const { path, sizeBytes, contentType, metadata } = file;
  const fileUid = await newUid(context);
  return {
    id: uploadIdOf(context, project.uid, await newUid(context)),
    projectUid: project.uid,
    path,
    key: canonicalKey(project.uid, fileUid),
    fileUid,
    sizeBytes,
    contentType,
    metadata,
    ...how,
    expiresInMs: LIMITS.uploadExpiryMs,
  };
}

export async function newUid({ metadata, random }: Context): Promise<string> {
  return makeUid(await metadata.now(), random.bytes(10));
}

/**
 * The only way by which an object of a project comes into being (R1): opened in the store, recorded in
 * a transaction that saw the project active before its id is used for anything, completed by expunge,
 * committed in a transaction that sees the project active again.
 */
export async function beginUpload(context: Context, upload: UnopenedUpload): Promise<StoredUpload> {
  const { metadata, store, log } = context;
  const storeUploadId = await store.createUpload(upload.key, upload.contentType);
  try {
    return { ...(await metadata.openUpload({ ...upload, storeUploadId })), storeUploadId };
  } catch (error) {
    // Nobody has its id but this call, so no part can come; the sweep aborts it where this fails.
    await abortInStore(context, upload.key, storeUploadId).catch((cause: unknown) => {
      log.warn(
        { project: upload.projectUid, err: cause },
        "unrecorded upload could not be aborted",
      );
    });
    throw error;
  }
}

/**
 * Completes an upload in the store and commits its file. What fails before the commit leaves no file,
 * and the upload is ended; where it is not known whether Complete took effect, the caller may repeat.
 */
export async function finishUpload(
  context: Context,
  upload: StoredUpload,
  parts: readonly Part[],
  facts: Omit<CommitFacts, "etag">,
): Promise<Committed> {
  await makeObject(context, upload, parts);
  return await commit(context, upload, { ...facts, etag: upload.fileUid });
}

/**
 * Completes an upload in the store; nothing is committed.
 * @throws ExpungeError `upload-not-open` where nothing came of it, and it is ended; `project-not-active`
 */
export async function makeObject(
  context: Context,
  upload: StoredUpload,
  parts: readonly Part[],
): Promise<void> {
  await context.metadata.beginCompleting(upload.id);
  if (await completeInStore(context, upload, parts)) return;
  await endAfterFailure(context, upload);
  throw new ExpungeError("upload-not-open", "The upload was ended before it could be completed.");
}

/** Whether the object is there: made now, or by an earlier Complete whose reply was lost. */
async function completeInStore(
  context: Context,
  { id, key, storeUploadId }: StoredUpload,
  parts: readonly Part[],
): Promise<boolean> {
  try {
    await whileFresh(context, id, () => context.store.completeUpload(key, storeUploadId, parts));
    return true;
  } catch (error) {
    // Whatever the store has against it now: an earlier Complete may have made the object already.
    if (error instanceof StoreError && error.errorClass === "permanent") {
      return (await listKey(context, key)) !== null;
    }
    throw error;
  }
}

/** While the work goes on, the completing upload does not look as if it had been left. */
export async function whileFresh<T>(
  context: Context,
  uploadId: string,
  work: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const renewing = keepFresh(context, uploadId, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await renewing;
  }
}

async function keepFresh(context: Context, uploadId: string, done: AbortSignal): Promise<void> {
  for (;;) {
    await context.clock.sleep(LIMITS.uploadStaleMs / 3, done);
    if (done.aborted) return;
    try {
      await context.metadata.beginCompleting(uploadId);
    } catch (error) {
      context.log.warn({ upload: uploadId, err: error }, "completing upload could not be renewed");
      return;
    }
  }
}

async function commit(context: Context, upload: Upload, facts: CommitFacts): Promise<Committed> {
  try {
    const committed = await context.metadata.commitUpload(upload.id, facts);
    if (committed.replacedKey !== null) await enqueueRemovals(context, upload.projectUid);
    return committed;
  } catch (error) {
    // Anything but a refusal means that the outcome is not known: the upload is left as it is, and a
    // repeated call or the uploads job finds out.
    if (error instanceof ExpungeError) await endAfterFailure(context, upload);
    throw error;
  }
}

export async function enqueueRemovals(context: Context, projectUid: string): Promise<void> {
  await context.jobs.enqueue("removals", { projectUid }, { key: projectUid });
}

export function notActive(): ExpungeError {
  return new ExpungeError(
    "project-not-active",
    "The project is being deleted: nothing can be written to it.",
  );
}
