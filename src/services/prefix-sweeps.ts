import { type Caller, requireRight } from "../core/caller.ts";
import { ExpungeError, messageOf } from "../core/errors.ts";
import { isSweepId, makeSweepId } from "../core/ids.ts";
import { canonicalReach, isKeptByExpunge } from "../core/keys.ts";
import { LIMITS } from "../core/limits.ts";
import { isStoreError } from "../core/store-errors.ts";
import { aroundStore } from "../ports/around-store.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import {
  StaleClaimError,
  type Sweep,
  NOTHING_SWEPT,
  type SweepClaim,
  type SweepEnd,
} from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";
import { whileClaimed } from "./purge/claim.ts";
import { type SweepReport, sweepPrefix } from "./sweep.ts";

/**
 * An administrator empties a prefix through the service: durable, carried out by any worker, and never
 * over what a row names. Files of projects are removed by deleting them or their project.
 */
export class PrefixSweeps {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * @param confirm the prefix once more, so that nobody empties one by a slip
   * @throws ExpungeError `forbidden`, `confirmation-needed`, `invalid-request`, `prefix-in-use`
   */
  async request(caller: Caller, prefix: string, confirm: string): Promise<Sweep> {
    requireRight(caller, "admin");
    const { metadata, random, jobs, log } = this.#context;
    refuseUnfit(prefix);
    if (confirm !== prefix) {
      throw new ExpungeError("confirmation-needed", "'confirm' is not the same as 'prefix'.", {
        remedy: "Write the prefix in 'confirm' too, if it is what you mean.",
      });
    }
    await refuseLive(this.#context, prefix);
    const id = makeSweepId(random.bytes(12));
    const sweep = await metadata.createSweep({ id, prefix, requestedBy: caller.subject });
    await jobs.enqueue("sweep", { sweepId: id }, { key: id });
    log.info({ sweep: id, by: caller.subject }, "sweep of a prefix requested");
    return sweep;
  }

  /** @throws ExpungeError `forbidden`, `sweep-not-found` */
  async get(caller: Caller, id: string): Promise<Sweep> {
    requireRight(caller, "admin");
    const sweep = isSweepId(id) ? await this.#context.metadata.findSweep(id) : null;
    if (sweep) return sweep;
    throw new ExpungeError("sweep-not-found", "There is no such sweep.");
  }
}

/** What reaches further than it looks is for `expunge sweep`, where somebody sees the bucket's name. */
function refuseUnfit(prefix: string): void {
  const why = !prefix.endsWith("/")
    ? "does not end in '/', and could take its siblings too"
    : isKeptByExpunge(prefix)
      ? "is where expunge keeps tombstones and receipts"
      : null;
  if (why !== null) throw new ExpungeError("invalid-request", `The prefix ${why}.`);
}

/** @throws ExpungeError `prefix-in-use` */
async function refuseLive({ metadata }: Context, prefix: string): Promise<void> {
  const reach = canonicalReach(prefix);
  if (reach === "none") return;
  const project = reach === "all" ? null : await metadata.findProjectByUid(reach.projectUid);
  if (reach !== "all" && (project === null || project.state === "deleted")) return;
  throw inUse();
}

function inUse(): ExpungeError {
  return new ExpungeError("prefix-in-use", "Files of a project lie below the prefix.");
}

/** Carries one sweep on; nothing when it has ended or another worker holds it. */
export async function runPrefixSweep(
  context: Context,
  sweepId: string,
  outer: AbortSignal,
): Promise<void> {
  const claim = await context.metadata.claimSweep(sweepId, LIMITS.leaseMs);
  if (!claim) return;
  const { token } = claim;
  const log = context.log.child({ sweep: sweepId });
  let found = 0;
  const extend = (): Promise<boolean> =>
    context.metadata.extendSweep(sweepId, token, LIMITS.leaseMs, found);
  await whileClaimed(context, { token, log, extend }, outer, async (signal) => {
    try {
      const end = await endOf(context, claim, signal, (sofar) => (found = sofar));
      if (end === null) {
        await context.metadata.postponeSweep(sweepId, token, LIMITS.sweepRetryMs);
        return;
      }
      await context.metadata.finishSweep(sweepId, token, end);
      log.info({ outcome: end.outcome, found: end.found, deleted: end.deleted }, "sweep ended");
    } catch (error) {
      if (error instanceof StaleClaimError || (signal.aborted && !outer.aborted)) {
        log.warn({ token }, "claim lost; another worker sweeps on");
        return;
      }
      await context.metadata.postponeSweep(sweepId, token, outer.aborted ? 0 : LIMITS.sweepRetryMs);
      if (!outer.aborted) throw error;
    }
  });
}

/** Null where the store failed in a way that may pass, and there are attempts left. */
async function endOf(
  context: Context,
  { sweep }: SweepClaim,
  signal: AbortSignal,
  onProgress: (found: number) => void,
): Promise<SweepEnd | null> {
  const { prefix, attempts, id } = sweep;
  try {
    await refuseLive(context, prefix);
    const store = sparingNamed(context);
    const options = { prefix, includeExpunge: false, signal, onProgress };
    // Before anything is removed, the whole prefix is seen to hold nothing that a row names.
    await sweepPrefix({ ...context, store }, { ...options, dryRun: true });
    return swept(await sweepPrefix({ ...context, store }, { ...options, dryRun: false }));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ExpungeError) return ended("refused", error.code, error.message);
    if (!isStoreError(error)) throw error;
    context.log.warn({ sweep: id, attempts, code: error.code }, "sweep failed");
    if (error.errorClass === "retryable" && attempts < LIMITS.sweepAttemptsMax) return null;
    return ended("failed", error.code, messageOf(error));
  }
}

/** The store, refusing to show a key that a row names: so no page with one is ever removed (I2). */
function sparingNamed({ store, metadata }: Context): ObjectStore {
  return aroundStore(store, async ({ call }, run) => {
    const answer = await run();
    if (call !== "list" && call !== "listVersions" && call !== "listUploads") return answer;
    const { entries } = answer as { readonly entries: readonly { readonly key: string }[] };
    const named = await metadata.whichNamed([...new Set(entries.map(({ key }) => key))]);
    if (named.size > 0) throw inUse();
    return answer;
  });
}

function swept(report: SweepReport): SweepEnd {
  const { found, deleted, failed, blocked, unknown, bytes, verified, residue } = report;
  return {
    outcome: verified ? "swept" : "residue",
    found,
    deleted,
    failed,
    blocked,
    unknown,
    bytes,
    verified,
    residue: residue.map(({ key, outcome, code, message }) => ({ key, outcome, code, message })),
    error: null,
  };
}

function ended(outcome: "refused" | "failed", code: string, message: string): SweepEnd {
  return { ...NOTHING_SWEPT, outcome, error: { code, message } };
}
