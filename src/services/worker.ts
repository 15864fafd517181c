import { LIMITS } from "../core/limits.ts";
import type { JobHandlers } from "../ports/jobs.ts";
import type { Context } from "./context.ts";
import { runRemovals } from "./files/removals.ts";
import { runPurge } from "./purge/purge.ts";
import { copyReceipts } from "./receipts.ts";
import { endStaleUploads } from "./uploads/ending.ts";

/** What each job does. All of them are idempotent and look into the database for what is due. */
export function jobHandlers(context: Context): JobHandlers {
  return {
    purge: async ({ deletionId }, signal) => {
      await runPurge(context, deletionId, signal);
    },
    removals: async (_data, signal) => await runRemovals(context, signal),
    "receipt-copy": async (_data, signal) => await copyReceipts(context, signal),
    uploads: async (_data, signal) => await endStaleUploads(context, signal),
  };
}

/**
 * Looks for what is due and wakes a worker for it, again and again until the signal aborts. The rows
 * are the truth and jobs only wake-ups: so nothing is lost with a job, and what a dead process had
 * claimed is found once its lease ends (I5, I9).
 */
export async function scanForever(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await scanOnce(context);
    } catch (error) {
      context.log.error({ err: error }, "scan for due work failed; it is repeated");
    }
    await context.clock.sleep(LIMITS.scanEveryMs, signal);
  }
}

/** One look for due deletions, removals, uploads and receipt copies. */
export async function scanOnce(context: Context): Promise<void> {
  const { metadata, jobs } = context;
  for (const deletionId of await metadata.dueDeletions(LIMITS.scanItems)) {
    await jobs.enqueue("purge", { deletionId }, { key: deletionId });
  }
  const [removal] = await metadata.dueRemovals(1);
  if (removal) {
    const { projectUid } = removal;
    await jobs.enqueue("removals", { projectUid }, { key: projectUid });
  }
  await metadata.forgetCommitted(LIMITS.scanItems);
  const [upload] = await metadata.staleUploads(LIMITS.uploadStaleMs, 1);
  if (upload) await jobs.enqueue("uploads", {}, { key: "uploads" });
  const [receipt] = await metadata.uncopiedReceipts(1);
  if (receipt) {
    const { projectUid } = receipt;
    await jobs.enqueue("receipt-copy", { projectUid }, { key: projectUid });
  }
}
