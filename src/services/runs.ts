import { LIMITS } from "../core/limits.ts";
import { runAdoption } from "./adoption/run.ts";
import { carryOut } from "./carry-out.ts";
import type { Context } from "./context.ts";
import { runRelayout } from "./relayout/run.ts";

/** The `run` job: goes on with what an operator began. Idempotent. */
export async function carryOutRun(
  context: Context,
  runId: string,
  outer: AbortSignal,
): Promise<void> {
  const { metadata } = context;
  const claim = await metadata.claimRun(runId, LIMITS.leaseMs);
  if (!claim) return;
  const { run, token } = claim;
  const log = context.log.child({ run: runId });
  const extend = (): Promise<boolean> => metadata.extendRun(runId, token, LIMITS.leaseMs);
  const release = (): Promise<void> => metadata.releaseRun(runId, token);
  await carryOut(context, { token, extend, release, log }, outer, async (signal) => {
    const work = { context, token, log, signal };
    if (run.kind === "adoption") await runAdoption({ ...work, adoption: run });
    else await runRelayout({ ...work, relayout: run });
  });
}
