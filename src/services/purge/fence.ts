import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Deletion, Residue, Upload } from "../../core/model.ts";
import { uploadUnit } from "../../core/removal-log.ts";
import { isStoreError, outcomeOf, StoreError } from "../../core/store-errors.ts";
import { listKey } from "../listing.ts";
import { inPool } from "../pool.ts";
import { abortInStore } from "../uploads/ending.ts";
import type { PurgeRun, SweepRun } from "./run.ts";

/** The fence stands, or it does not for these uploads. */
export type Fenced =
  | { readonly deletion: Deletion; readonly residue: null }
  | { readonly deletion: null; readonly residue: readonly Residue[] };

/**
 * The fence (R2): every recorded upload, `completing` ones included, is aborted until the answer is
 * success or `no-such-upload`, and its key is then listed. From here no writer that goes through
 * expunge can create an object of the project. One that cannot be ended keeps the others from nothing,
 * and is named.
 */
export async function fence(run: PurgeRun): Promise<Fenced> {
  const { context, deletion, token } = run;
  context.inFlight.cancel(deletion.projectUid);
  let ended = 0;
  for (;;) {
    run.signal.throwIfAborted();
    const uploads = await context.metadata.unsettledUploads(
      deletion.id,
      token,
      LIMITS.pageItemsMax,
    );
    if (uploads.length === 0) break;
    const { settled, residue } = await endAll(run, uploads);
    await context.metadata.settleForFence(deletion.id, token, settled);
    if (residue.length > 0) return { deletion: null, residue };
    ended += uploads.length;
    if (ended > LIMITS.partsMax * LIMITS.pageItemsMax) {
      throw new ExpungeError("internal", "The uploads of the project do not come to an end.");
    }
  }
  const fenced = await context.metadata.recordFence(deletion.id, token);
  run.log.info({ uploadsEnded: ended }, "fence stands");
  return { deletion: fenced, residue: null };
}

async function endAll(
  run: PurgeRun,
  uploads: readonly Upload[],
): Promise<{ readonly settled: readonly string[]; readonly residue: readonly Residue[] }> {
  const settled: string[] = [];
  const residue: Residue[] = [];
  const end = async (upload: Upload): Promise<void> => {
    try {
      await endForFence(run, upload);
      settled.push(upload.id);
    } catch (error) {
      if (!(error instanceof StoreError) || run.signal.aborted) throw error;
      run.log.warn({ upload: upload.id, code: error.code, err: error }, "upload not ended");
      const { code, message } = error;
      const outcome = outcomeOf(error.errorClass);
      residue.push({ surface: "multipart", key: upload.key, outcome, code, message });
    }
  };
  await inPool(LIMITS.abortsInFlight, async (add) => {
    for (const upload of uploads) await add(() => end(upload));
  });
  return { settled, residue };
}

async function endForFence(run: PurgeRun, upload: Upload): Promise<void> {
  const { context, signal } = run;
  if (upload.storeUploadId !== null) {
    const bytes = await bytesOfParts(run, upload.key, upload.storeUploadId);
    if (bytes !== null) await logUpload(run, upload.key, upload.storeUploadId, bytes);
    await abortInStore(context, upload.key, upload.storeUploadId, signal);
  }
  if (!(await becameObject(run, upload))) return;
  run.log.info({ upload: upload.id }, "upload had become an object; the sweep takes it");
  if (upload.storeUploadId === null) return;
  // Complete won: nothing was lost as an upload, and the object is counted by itself (I7).
  await run.record.retract("multipart", uploadUnit(upload.key, upload.storeUploadId));
}

/**
 * Whether its Complete won. There are stores where the object of one that won shows only a moment after
 * the abort was answered (docs/stores.md), so one for which a Complete may have been sent is looked for
 * twice.
 */
async function becameObject({ context, signal }: PurgeRun, upload: Upload): Promise<boolean> {
  if ((await listKey(context, upload.key, signal)) !== null) return true;
  if (upload.state === "open") return false;
  await context.clock.sleep(LIMITS.completionShowsMs, signal);
  return (await listKey(context, upload.key, signal)) !== null;
}

/** Bytes of an open upload's parts, or null when the store does not know it any more. */
export async function bytesOfParts(
  run: SweepRun,
  key: string,
  storeUploadId: string,
): Promise<number | null> {
  const { context, signal } = run;
  try {
    const parts = await context.store.listParts(key, storeUploadId, signal);
    return parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  } catch (error) {
    if (isStoreError(error, "no-such-upload")) return null;
    throw error;
  }
}

/** Before the request that aborts it, as with every removal (R5). */
export async function logUpload(
  run: SweepRun,
  key: string,
  storeUploadId: string,
  bytes: number,
): Promise<void> {
  const unit = uploadUnit(key, storeUploadId);
  await run.record.page("multipart", [{ unit, sizeBytes: bytes }]);
}
