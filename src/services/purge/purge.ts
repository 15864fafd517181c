import { doublingMs } from "../../core/backoff.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Deletion, Residue } from "../../core/model.ts";
import { StoreError } from "../../core/store-errors.ts";
import { DatabaseError, type DatabaseErrorCode } from "../../core/database-errors.ts";
import { ExpungeError, messageOf } from "../../core/errors.ts";
import { StaleClaimError } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { blockedBy, type Cause } from "./blocked.ts";
import { fence } from "./fence.ts";
import { notingCdn, purgeCdn } from "./cdn.ts";
import { deletionClaim, whileClaimed } from "./claim.ts";
import { type PurgeRun, removalLog } from "./run.ts";
import { seal } from "./seal.ts";
import { sweep } from "./sweep.ts";
import { writeTombstone } from "./tombstone.ts";
import { verify } from "./verify.ts";

export type PurgeEnd = "completed" | "blocked" | "not-claimable" | "claim-lost" | "stopped";

/**
 * Takes one deletion as far as it goes: fence, sweep, verification, receipt. Every stage is durable
 * and may be repeated by any worker after a crash at any point (I5); the token stops this worker's
 * writes once another has taken over, and what it still sends to the store removes only keys of this
 * project, which no one can create any more (I4).
 */
export async function runPurge(
  context: Context,
  deletionId: string,
  outer: AbortSignal,
): Promise<PurgeEnd> {
  const claim = await context.metadata.claimDeletion(deletionId, LIMITS.leaseMs);
  if (!claim) return "not-claimable";
  const log = context.log.child({ deletion: deletionId, project: claim.deletion.projectUid });
  log.info({ state: claim.deletion.state, attempt: claim.deletion.attempts }, "deletion claimed");
  const { projectId: id, projectUid: uid } = claim.deletion;
  const noting = { context, ...claim, project: { id, uid } };
  const record = notingCdn(noting, removalLog(context, deletionId, claim.token, claim.salt));
  const startedAt = context.clock.now();
  let end: PurgeEnd | "failed" = "failed";
  try {
    end = await context.tracing.span("purge", { "expunge.deletion.id": deletionId }, () =>
      whileClaimed(
        context,
        deletionClaim(context, deletionId, { token: claim.token, log }),
        outer,
        (signal) => runToEnd({ ...noting, record, log, signal }, outer),
      ),
    );
    return end;
  } finally {
    context.metrics.purgeRun(end, context.clock.now() - startedAt);
    context.watch.notify(deletionId);
  }
}

async function runToEnd(run: PurgeRun, outer: AbortSignal): Promise<PurgeEnd> {
  const { context, deletion, log, token } = run;
  try {
    const begun = await begin(run);
    if (!begun) return "not-claimable";
    return (await stages(run, begun)) ? "completed" : "blocked";
  } catch (error) {
    if (error instanceof StaleClaimError || (run.signal.aborted && !outer.aborted)) {
      return claimLost(run);
    }
    if (outer.aborted) {
      log.info({}, "deletion interrupted; it goes on with the next claim");
      await context.metadata.releaseClaim(deletion.id, token);
      return "stopped";
    }
    log.error({ err: error }, "deletion stopped by an error; it is tried again");
    // Nothing is wrong with the deletion, and whoever waits for it may wait on: the job goes on at once.
    if (error instanceof DatabaseError && PASSING.has(error.code)) {
      await context.metadata.releaseClaim(deletion.id, token);
      throw error;
    }
    return await blockAfter(run, error);
  }
}

/** What a database gets over without anybody's doing. */
const PASSING: ReadonlySet<DatabaseErrorCode> = new Set<DatabaseErrorCode>([
  "unreachable",
  "connection-lost",
  "busy",
]);

async function blockAfter(run: PurgeRun, error: unknown): Promise<PurgeEnd> {
  try {
    await block(run, causeOf(error));
    return "blocked";
  } catch (cause) {
    // The deletion has ended after all, or is another worker's, who meets the same and records it.
    if (cause instanceof StaleClaimError) return claimLost(run);
    throw cause;
  }
}

function claimLost({ log, token }: PurgeRun): "claim-lost" {
  log.warn({ token }, "claim lost; another worker goes on");
  return "claim-lost";
}

/**
 * The point of no return, `trashed -> deleting`; null when a hold was placed since the claim, or the
 * grace turned out not to be over.
 */
async function begin(run: PurgeRun): Promise<Deletion | null> {
  const { context, deletion, token } = run;
  if (deletion.state !== "trashed") return deletion;
  try {
    const begun = await context.metadata.advance(deletion.id, token, "purge-began");
    moved(run, begun);
    return begun;
  } catch (error) {
    if (!(error instanceof ExpungeError)) throw error;
    run.log.info({ code: error.code }, "purge may not begin");
    await context.metadata.releaseClaim(deletion.id, token);
    return null;
  }
}

/** The stages from wherever the deletion stands; true when it completed. */
async function stages(run: PurgeRun, start: Deletion): Promise<boolean> {
  const { context, token } = run;
  const stage = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    context.tracing.span(name, {}, work);
  let deletion = start;
  if (deletion.tombstoneKey === null) await stage("tombstone", () => writeTombstone(run, start));
  if (deletion.fencedAt === null) {
    const fenced = await stage("fence", () => fence(run));
    if (fenced.residue !== null) return await stop(run, fenced.residue);
    deletion = fenced.deletion;
  }
  let residue: readonly Residue[] = [];
  for (let pass = 1; pass <= LIMITS.sweepPassesMax; pass++) {
    run.signal.throwIfAborted();
    if (deletion.state === "deleting") {
      residue = await stage("sweep", () => sweep(run));
      await context.metadata.replaceResidue(deletion.id, token, residue);
      if (residue.length > 0) break;
      deletion = await context.metadata.advance(deletion.id, token, "swept");
      moved(run, deletion);
    }
    residue = await stage("verify", () => verify(run));
    if (residue.length === 0) {
      const unpurged =
        context.cdn === null ? await purgeCdn(run) : await stage("cdn", () => purgeCdn(run));
      if (unpurged.length > 0) return await stop(run, unpurged);
      // What an earlier attempt could not purge.
      if (deletion.residueTotal > 0) await context.metadata.replaceResidue(deletion.id, token, []);
      deletion = await stage("seal", () => seal(run));
      moved(run, deletion);
      const endedAt = deletion.completedAt ?? deletion.purgeAfter;
      context.metrics.deletionCompleted(endedAt - deletion.purgeAfter);
      return true;
    }
    deletion = await context.metadata.advance(deletion.id, token, "found");
    moved(run, deletion);
  }
  return await stop(run, residue);
}

/** Not completed: names what is in the way. */
async function stop(run: PurgeRun, residue: readonly Residue[]): Promise<false> {
  await run.context.metadata.replaceResidue(run.deletion.id, run.token, residue);
  await block(run, blockedBy(residue));
  return false;
}

function moved(run: PurgeRun, deletion: Deletion): void {
  run.log.info({ state: deletion.state }, "deletion moved");
  run.context.watch.notify(deletion.id);
}

function causeOf(error: unknown): Cause {
  if (error instanceof StoreError || error instanceof ExpungeError) {
    return { code: error.code, reason: error.message };
  }
  if (error instanceof DatabaseError) {
    return { code: "database-unavailable", reason: error.message };
  }
  return { code: "internal", reason: messageOf(error) };
}

/** Records why it cannot go on and when it is tried again; never reported as success. */
async function block(run: PurgeRun, cause: Cause): Promise<void> {
  const { context, deletion, token } = run;
  const retryInMs = doublingMs(
    deletion.attempts,
    LIMITS.blockedRetryMinMs,
    LIMITS.blockedRetryMaxMs,
  );
  await context.metadata.setBlocked(deletion.id, token, { ...cause, retryInMs });
  await context.metadata.releaseClaim(deletion.id, token);
  run.log.warn({ ...cause, retryInMs }, "deletion blocked");
}
