import { LIMITS } from "../../core/limits.ts";
import type { Upload } from "../../core/model.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { Context } from "../context.ts";

/**
 * Aborts an upload in the store until the answer is success or `no-such-upload` (R2): both mean that
 * nothing can come of it any more but what came already. Throws when that stays open.
 */
export async function abortInStore(
  context: Pick<Context, "store">,
  key: string,
  storeUploadId: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await context.store.abortUpload(key, storeUploadId, signal);
  } catch (error) {
    if (!isStoreError(error, "no-such-upload")) throw error;
  }
}

/**
 * Ends an upload that is not wanted any more: no commit from here on, aborted in the store, and its
 * key handed to the removals, since a Complete may have won (R9). Idempotent; what a crash leaves is
 * taken up by the `uploads` job. In a project that is not active any more the fence ends it.
 */
export async function endUpload(context: Context, uploadId: string): Promise<void> {
  const upload = await context.metadata.discardUpload(uploadId);
  if (!upload) return;
  if (upload.storeUploadId !== null) await abortInStore(context, upload.key, upload.storeUploadId);
  await context.metadata.settleUpload(uploadId);
  await context.jobs.enqueue(
    "removals",
    { projectUid: upload.projectUid },
    { key: upload.projectUid },
  );
}

/** Ends an upload after a failure that is about to be reported; the job takes up what fails here. */
export async function endAfterFailure(context: Context, upload: Upload): Promise<void> {
  try {
    await endUpload(context, upload.id);
  } catch (error) {
    context.log.warn(
      { upload: upload.id, project: upload.projectUid, err: error },
      "upload could not be ended; the uploads job goes on with it",
    );
  }
}

/**
 * The `uploads` job: ends what expired or was left in the midst. One that fails is `aborting` from then
 * on, and comes again only once it is stale anew; so it keeps no other one waiting.
 */
export async function endStaleUploads(context: Context, signal: AbortSignal): Promise<void> {
  for (;;) {
    const stale = await context.metadata.staleUploads(LIMITS.uploadStaleMs, LIMITS.scanItems);
    for (const upload of stale) {
      signal.throwIfAborted();
      try {
        await endUpload(context, upload.id);
      } catch (error) {
        context.log.warn(
          { upload: upload.id, project: upload.projectUid, err: error },
          "stale upload could not be ended; tried again later",
        );
      }
    }
    if (stale.length < LIMITS.scanItems) return;
  }
}
