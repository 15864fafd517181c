import { doublingMs } from "../../core/backoff.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Evidence, Residue, SettleResult, Surface } from "../../core/model.ts";
import { DatabaseError } from "../../core/database-errors.ts";
import { type SettleClaim, type SettleEnd, StaleClaimError } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { signAmendment } from "./amendment.ts";
import { notingCdn, purgeCdnAgain } from "./cdn.ts";
import { deletionClaim, whileClaimed } from "./claim.ts";
import { entriesOf, keyHashOf, type PurgeRun, type RemovalRecord } from "./run.ts";
import { sweep } from "./sweep.ts";
import { listAll } from "./verify.ts";

/**
 * Looks once more at a completed deletion: every surface is listed, and what came back is removed and
 * stated in an amendment. The deletion stays completed and its receipt never changes (I1). What was
 * found is written down before it is removed, so that a crash in between loses no statement (R5).
 * Answers null when no look was due, or another worker took it over.
 */
export async function runSettle(
  context: Context,
  deletionId: string,
  outer: AbortSignal,
): Promise<SettleResult | null> {
  const claim = await context.metadata.claimSettle(deletionId, LIMITS.leaseMs);
  if (!claim) return null;
  const log = context.log.child({ deletion: deletionId, project: claim.deletion.projectUid });
  const { projectId: id, projectUid: uid } = claim.deletion;
  const noting = { context, ...claim, project: { id, uid } };
  const record = notingCdn(noting, returnedLog(context, deletionId, claim.token, claim.salt));
  return await whileClaimed(
    context,
    deletionClaim(context, deletionId, { token: claim.token, log }),
    outer,
    (signal) => settle({ ...noting, record, log, signal }, claim, outer),
  );
}

function returnedLog(
  { metadata }: Context,
  id: string,
  token: number,
  salt: Uint8Array,
): RemovalRecord {
  return {
    page: (surface, units) =>
      metadata.recordReturned(id, token, surface, entriesOf(salt, surface, units)),
    retract: (surface, unit) => metadata.retractReturned(id, token, keyHashOf(salt, surface, unit)),
    // The count of a completed deletion is final: what comes after stands in amendments.
    progress: () => Promise.resolve(),
  };
}

async function settle(
  run: PurgeRun,
  { tries }: SettleClaim,
  outer: AbortSignal,
): Promise<SettleResult | null> {
  const { context, deletion, token, log } = run;
  try {
    const look = await afterPurge(run, await lookUntilEmpty(run));
    const retryInMs = doublingMs(tries + 1, LIMITS.settleRetryMinMs, LIMITS.settleRetryMaxMs);
    const end: SettleEnd = { ...look, retryInMs };
    const result = await context.metadata.finishSettle(deletion.id, token, end, (facts) =>
      signAmendment(context, facts),
    );
    report(run, result, look.left);
    return result;
  } catch (error) {
    if (error instanceof StaleClaimError || (run.signal.aborted && !outer.aborted)) {
      log.warn({ token }, "claim lost; another worker looks");
      return null;
    }
    if (!(error instanceof DatabaseError)) await context.metadata.releaseClaim(deletion.id, token);
    throw error;
  }
}

type Look = Pick<SettleEnd, "left" | "verifiedAt">;

/** A CDN that does not take the purge leaves open what it shows still: the look is repeated. */
async function afterPurge(run: PurgeRun, look: Look): Promise<Look> {
  const [first] = await purgeCdnAgain(run);
  if (first === undefined) return look;
  run.log.error({ code: first.code }, "the CDN was not purged again");
  return { ...look, left: null };
}

/** Removes what is listed, pass by pass, and answers what the last listing shows. */
async function lookUntilEmpty(run: PurgeRun): Promise<Look> {
  for (let pass = 1; ; pass++) {
    run.signal.throwIfAborted();
    const verifiedAt = await run.context.metadata.now();
    const { evidence, found } = await listAll(run);
    const left = leftOf(evidence, found);
    const isOver = left === null || left.size === 0 || pass > LIMITS.sweepPassesMax;
    if (isOver) return { left, verifiedAt };
    run.log.error({ found: found.length }, "something of a deleted project is there again");
    await sweep(run);
  }
}

/** What is listed still on each surface; null when one could not be listed. */
function leftOf(
  evidence: readonly Evidence[],
  found: readonly Residue[],
): ReadonlyMap<Surface, number> | null {
  if (found.some(({ outcome }) => outcome === "unknown")) return null;
  const left = new Map<Surface, number>();
  for (const { surface, entries } of evidence) {
    if (entries > 0) left.set(surface, (left.get(surface) ?? 0) + entries);
  }
  return left;
}

function report({ log }: PurgeRun, { result, found }: SettleResult, left: Look["left"]): void {
  const facts = { result, found, left: left && Object.fromEntries(left) };
  if (result === "clean") log.info(facts, "settled: every surface is empty still");
  else if (result === "amended") log.error(facts, "settled: an amendment states what came back");
  else log.error(facts, "could not settle; it is looked at again");
}
