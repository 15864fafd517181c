import { ExpungeError } from "../../core/errors.ts";
import { makeDeletionId } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Evidence, Instant } from "../../core/model.ts";
import type { Clock, Random } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { makePlan, type Plan, tooManyObjects } from "../plan.ts";
import { blockedBy } from "../purge/blocked.ts";
import type { SweepRun } from "../purge/run.ts";
import { allSurfaces } from "../purge/survey.ts";
import { sweep } from "../purge/sweep.ts";
import { listAll } from "../purge/verify.ts";
import { Ground } from "./ground.ts";
import { Left } from "./left.ts";
import type {
  DeletionEngineOptions,
  EngineCall,
  EngineDeleteCall,
  EngineDeletion,
} from "./options.ts";
import { type KeyOutcome, RunLog } from "./run-log.ts";
import { signStatement } from "./statement.ts";
import { TrackedKeys } from "./tracked-keys.ts";

/** The deletion did not end well: blocked, or verified and `onVerified` failed. */
export class EngineError extends ExpungeError {
  readonly deletion: EngineDeletion;

  constructor(
    code: "deletion-blocked" | "on-verified-failed",
    message: string,
    deletion: EngineDeletion,
    cause?: unknown,
  ) {
    const { id, residue } = deletion;
    super(code, message, {
      details: {
        deletion: id,
        residueTotal: residue.length,
        residue: residue.slice(0, LIMITS.residueShown),
      },
      ...(code === "deletion-blocked" ? { remedy: REMEDY_BLOCKED } : {}),
      ...(cause === undefined ? {} : { cause }),
    });
    this.deletion = deletion;
  }
}

const REMEDY_BLOCKED = "Remove the cause that the residue names, then call delete again.";

export interface EnginePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A run, and what only the engine knows of it. */
interface Run extends SweepRun {
  readonly id: string;
  readonly requestedAt: Instant;
  readonly salt: Uint8Array;
  readonly record: RunLog;
  readonly tracked: TrackedKeys;
  readonly readTracked: () => Promise<void>;
}

/**
 * Deletes the objects of projects whose rows are an application's own. It keeps no state: what is to be
 * done is what listings show, so a call that was cut off is simply made again.
 */
export class DeletionEngine {
  readonly #options: DeletionEngineOptions;
  readonly #ports: EnginePorts;
  readonly #ground: Ground;

  /** @throws ExpungeError `invalid-layout`, `ambiguous-layouts`, `invalid-config` */
  constructor(options: DeletionEngineOptions, ports: EnginePorts) {
    this.#options = options;
    this.#ports = ports;
    this.#ground = new Ground(options);
  }

  /**
   * What a deletion of the project would remove now, listed from the store; changes nothing.
   * @throws ExpungeError `invalid-project-id`, `invalid-request` for a tracked key of another project
   * @throws StoreError where a surface cannot be listed
   */
  async plan(projectId: string, call: EngineCall = {}): Promise<Plan> {
    const run = await this.#begin(projectId, call);
    return await makePlan(run.context, run.project, Number.MAX_SAFE_INTEGER, run.signal);
  }

  /**
   * Deletes all objects of the project: sweeps every surface, lists every surface again from the start to
   * the end, and answers only when all are empty; `onVerified` has been called then. It may be repeated
   * at any time, and finds less or nothing to do.
   * @throws EngineError `deletion-blocked` where something remains or could not be checked, and
   * `on-verified-failed`; both carry the deletion
   * @throws ExpungeError `too-many-objects`, and as `plan` does
   */
  async delete(projectId: string, call: EngineDeleteCall = {}): Promise<EngineDeletion> {
    const run = await this.#begin(projectId, call);
    if (call.maxObjects !== undefined) await refuseMoreThan(run, call.maxObjects);
    run.log.info({ tracked: run.tracked.size }, "deletion began");
    const ended = await this.#toTheEnd(run);
    if (ended.state === "blocked") {
      run.log.warn({ residue: ended.residue.length }, "deletion blocked");
      throw new EngineError("deletion-blocked", blockedBy(ended.residue).reason, ended);
    }
    run.log.info({ found: run.record.found }, "every surface is listed empty");
    try {
      await this.#options.onVerified?.(ended);
    } catch (cause) {
      run.log.error({ err: cause }, "onVerified failed");
      const message = `The objects of '${projectId}' are gone, but onVerified failed.`;
      throw new EngineError("on-verified-failed", message, ended, cause);
    }
    return ended;
  }

  async #begin(projectId: string, call: EngineDeleteCall): Promise<Run> {
    const { store, trackedKeys } = this.#options;
    const { clock, random } = this.#ports;
    const listings = this.#ground.listingsFor(projectId);
    const id = makeDeletionId(random.bytes(12));
    const tracked = new TrackedKeys();
    const signal = call.signal ?? new AbortController().signal;
    const record = new RunLog(({ stage, found, gone }) =>
      call.onProgress?.({ id, projectId, stage, found, gone }),
    );
    const run: Run = {
      id,
      project: { id: projectId, uid: projectId },
      requestedAt: clock.now(),
      salt: random.bytes(32),
      context: {
        store,
        clock,
        random,
        layouts: { surfacesFor: () => listings },
        metadata: {
          now: async () => clock.now(),
          trackedKeys: async (_uid, limit, after) => tracked.page(limit, after),
          whichTracked: async (_uid, keys) => tracked.which(keys),
        },
        uploadListings: () => this.#ground.uploadListings(listings, tracked),
      },
      record,
      tracked,
      readTracked: () =>
        tracked.read(
          trackedKeys(projectId),
          (key) => this.#ground.checkTracked(projectId, key),
          signal,
        ),
      log: this.#ports.log.child({ deletion: id, project: projectId }),
      signal,
    };
    await run.readTracked();
    return run;
  }

  /** Sweeps and lists until nothing is left, or until it does not get further. */
  async #toTheEnd(run: Run): Promise<EngineDeletion> {
    for (let pass = 1; ; pass++) {
      run.signal.throwIfAborted();
      const refused = await sweep(run);
      run.record.enter("verify");
      // Rows that the application wrote meanwhile name keys that nobody has looked for yet.
      await run.readTracked();
      const look = await listAll(run);
      const left = new Left(refused, look);
      if (look.found.length === 0) return await this.#completed(run, left, look.evidence);
      if (refused.length > 0 || pass >= LIMITS.sweepPassesMax) {
        return { ...endOf(run, left), state: "blocked" };
      }
      run.log.warn({ found: look.found.length }, "verification found something");
      run.record.enter("sweep");
    }
  }

  async #completed(run: Run, left: Left, evidence: readonly Evidence[]): Promise<EngineDeletion> {
    const { store, signer } = this.#options;
    const verifiedAt = this.#ports.clock.now();
    const capabilities = await store.capabilities();
    const versioned = capabilities.versioning !== "none";
    const ended = { ...endOf(run, left, versioned), state: "completed" as const, verifiedAt };
    if (!signer) return ended;
    const facts = { ...ended, evidence, issuedAt: this.#ports.clock.now() };
    const leaves = run.record.leaves(ended.salt);
    const receipt = await signStatement(signer, store.identity, capabilities, facts, leaves);
    return { ...ended, receipt };
  }
}

async function refuseMoreThan(run: Run, maxObjects: number): Promise<void> {
  if (!Number.isSafeInteger(maxObjects) || maxObjects < 0) {
    throw new ExpungeError("invalid-request", "maxObjects is a whole number, 0 or more.");
  }
  const { objects } = await makePlan(run.context, run.project, maxObjects + 1, run.signal);
  if (objects > maxObjects) throw tooManyObjects(maxObjects);
}

/** What both ends have in common. */
function endOf(run: Run, left: Left, versioned = false): Omit<EngineDeletion, "state"> {
  const { id, project, requestedAt, record, tracked } = run;
  const keys = tracked.all();
  const outcomes = (): Iterable<KeyOutcome> => record.outcomes(keys, left);
  return {
    id,
    projectId: project.id,
    requestedAt,
    verifiedAt: null,
    surfaces: record.counts(allSurfaces(run.context, project, versioned), outcomes()),
    residue: left.residue,
    receipt: null,
    salt: run.salt,
    outcomes,
  };
}
