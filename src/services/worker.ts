import { messageOf } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { JobHandler, JobHandlers, JobName } from "../ports/jobs.ts";
import type { Context } from "./context.ts";
import { runAudit } from "./audit/run.ts";
import { expireProjects } from "./expiry.ts";
import { runRemovals } from "./files/removals.ts";
import { runPrefixSweep } from "./prefix-sweeps.ts";
import { Pulse } from "./pulse.ts";
import { runPurge } from "./purge/purge.ts";
import { runSettle } from "./purge/settle.ts";
import { copyReceipts } from "./receipts.ts";
import { guardRestore } from "./restore-guard.ts";
import { carryOutRun } from "./runs.ts";
import { endStaleUploads } from "./uploads/ending.ts";
import { deliverWebhooks, wakeWebhooks } from "./webhooks.ts";

/** What each job does. All of them are idempotent and look into the database for what is due. */
export function jobHandlers(context: Context): JobHandlers {
  const job = <N extends JobName>(name: N, handler: JobHandler<N>): JobHandler<N> =>
    measured(context, name, handler);
  return {
    purge: job("purge", async ({ deletionId }, signal) => {
      await runPurge(context, deletionId, signal);
    }),
    removals: job("removals", async (_data, signal) => await runRemovals(context, signal)),
    settle: job("settle", async ({ deletionId }, signal) => {
      await runSettle(context, deletionId, signal);
    }),
    "receipt-copy": job("receipt-copy", async (_data, signal) => {
      await copyReceipts(context, signal);
    }),
    sweep: job("sweep", async ({ sweepId }, signal) => {
      await runPrefixSweep(context, sweepId, signal);
    }),
    audit: job("audit", async ({ auditId }, signal) => await runAudit(context, auditId, signal)),
    run: job("run", async ({ runId }, signal) => await carryOutRun(context, runId, signal)),
    uploads: job("uploads", async (_data, signal) => await endStaleUploads(context, signal)),
    webhooks: job("webhooks", async ({ webhookId }, signal) => {
      await deliverWebhooks(context, webhookId, signal);
    }),
  };
}

/** The same job, with a span around each run and the run's time and result in the metrics. */
function measured<N extends JobName>(
  { metrics, tracing, clock }: Context,
  name: N,
  handler: JobHandler<N>,
): JobHandler<N> {
  return async (data, signal) => {
    const startedAt = clock.now();
    let result: "ok" | "failed" = "failed";
    try {
      await tracing.span(`job ${name}`, {}, () => handler(data, signal));
      result = "ok";
    } finally {
      metrics.job(name, result, clock.now() - startedAt);
    }
  };
}

/**
 * Looks for what is due and wakes a worker for it, again and again until the signal aborts. The rows
 * are the truth and jobs only wake-ups: so nothing is lost with a job, and what a dead process had
 * claimed is found once its lease ends (I5, I9).
 * @param pulse is told of every turn
 */
export async function scanForever(
  context: Context,
  signal: AbortSignal,
  pulse: Pulse = new Pulse(context.clock.now()),
): Promise<void> {
  await repeat(context, LIMITS.scanEveryMs, "scan for due work", signal, async () => {
    try {
      await scanOnce(context);
      pulse.beat(context.clock.now());
    } catch (error) {
      pulse.miss(messageOf(error));
      throw error;
    }
  });
}

/** Looks for tombstones that the database lost since the start, again and again (I11). */
export async function guardForever(context: Context, signal: AbortSignal): Promise<void> {
  await context.clock.sleep(LIMITS.restoreGuardEveryMs, signal);
  await repeat(context, LIMITS.restoreGuardEveryMs, "restore guard", signal, async () => {
    await guardRestore(context, signal);
  });
}

/** Cancels what this process writes to projects that another one is deleting, again and again (R2). */
export async function cancelForever(context: Context, signal: AbortSignal): Promise<void> {
  await repeat(context, LIMITS.inFlightCheckMs, "check of writes in flight", signal, async () => {
    const writing = context.inFlight.projects();
    if (writing.length === 0) return;
    for (const uid of await context.metadata.whichClosed(writing)) context.inFlight.cancel(uid);
  });
}

async function repeat(
  { clock, log }: Context,
  everyMs: number,
  what: string,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, `${what} failed; it is repeated`);
    }
    await clock.sleep(everyMs, signal);
  }
}

/** One look for due deletions, removals, uploads and receipt copies. */
export async function scanOnce(context: Context): Promise<void> {
  const { metadata, jobs } = context;
  await expireProjects(context);
  for (const deletionId of await metadata.dueDeletions(LIMITS.scanItems)) {
    await jobs.enqueue("purge", { deletionId }, { key: deletionId });
  }
  for (const deletionId of await metadata.dueSettles(LIMITS.scanItems)) {
    await jobs.enqueue("settle", { deletionId }, { key: deletionId });
  }
  for (const sweepId of await metadata.dueSweeps(LIMITS.scanItems)) {
    await jobs.enqueue("sweep", { sweepId }, { key: sweepId });
  }
  for (const auditId of await metadata.dueAudits(LIMITS.scanItems)) {
    await jobs.enqueue("audit", { auditId }, { key: auditId });
  }
  for (const runId of await metadata.dueRuns(LIMITS.scanItems)) {
    await jobs.enqueue("run", { runId }, { key: runId });
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
  const [amendment] = receipt ? [receipt] : await metadata.uncopiedAmendments(1);
  if (amendment) {
    const { projectUid } = amendment;
    await jobs.enqueue("receipt-copy", { projectUid }, { key: projectUid });
  }
  await wakeWebhooks(context);
}
