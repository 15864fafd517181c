import { type Caller, isAdmin, maySee, requireRight } from "../core/caller.ts";
import { isTerminal } from "../core/deletion.ts";
import { ExpungeError } from "../core/errors.ts";
import { isDeletionId, makeDeletionId } from "../core/ids.ts";
import { known } from "../core/known.ts";
import { LIMITS } from "../core/limits.ts";
import type { Deletion, DeletionState, Project, Residue, SettleResult } from "../core/model.ts";
import type { DeletionCap } from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";
import { makePlan, type Plan, tooManyObjects } from "./plan.ts";
import { type Listed, pageOf, type Projects, refuseDeleted } from "./projects.ts";
import { inOrder } from "./purge/seal.ts";
import { allSurfaces } from "./purge/survey.ts";

/** What a deletion is asked for with. */
export interface RequestDeletion {
  /** Time in which it can be undone; the configured grace when absent. */
  readonly graceMs?: number;
  /** Refuses the request when the store holds more objects than this. */
  readonly maxObjects?: number;
}

/** How a project is deleted with one call. */
export interface DeleteProject extends RequestDeletion {
  /** How long to wait for the end; the configured wait when absent. */
  readonly waitMs?: number;
  /** Ends the wait, and changes nothing. */
  readonly signal?: AbortSignal;
}

export interface ListDeletions {
  readonly limit: number;
  readonly after?: string;
  readonly state?: DeletionState;
  readonly projectId?: string;
}

/** Deletions of projects: requested, undone, watched and retried here; carried out by `purge/`. */
export class Deletions {
  readonly #context: Context;
  readonly #projects: Projects;

  constructor(context: Context, projects: Projects) {
    this.#context = context;
    this.#projects = projects;
  }

  /** What a deletion would remove, listed from the store; changes nothing. */
  async plan(caller: Caller, projectId: string): Promise<Plan> {
    requireRight(caller, "projects:delete");
    const project = refuseDeleted(await this.#projects.find(caller, projectId));
    return await makePlan(this.#context, project);
  }

  /**
   * Closes the project and begins its deletion, or joins the one that it has. Answers before anything
   * is removed: `wait` tells how it ends.
   * @throws ExpungeError `project-not-found`, `project-held`, `too-many-objects`, `too-many-deletions`, `forbidden`
   */
  async request(caller: Caller, projectId: string, options: RequestDeletion): Promise<Deletion> {
    requireRight(caller, "projects:delete");
    const project = await this.#projects.find(caller, projectId);
    const { metadata, random, jobs, log } = this.#context;
    if (project.state === "deleted") return this.#complete(await this.#ofDeleted(project));
    if (options.maxObjects !== undefined && project.state !== "deleting") {
      await this.#refuseMoreThan(project, options.maxObjects);
    }
    const id = makeDeletionId(random.bytes(12));
    const graceMs = this.#graceFor(caller, options.graceMs);
    const { deletion, joined } = await metadata.requestDeletion({
      id,
      projectUid: project.uid,
      requestedBy: caller.subject,
      graceMs,
      salt: random.bytes(32),
      cap: this.#capFor(caller),
    });
    log
      .child({ deletion: deletion.id, project: project.uid })
      .info(
        { by: caller.subject, joined, graceMs, purgeAfter: deletion.purgeAfter },
        "deletion requested",
      );
    // Only a wake-up: were it lost, the scan for due deletions would find the row.
    const delayMs = Math.max(0, deletion.purgeAfter - (await metadata.now()));
    await jobs.enqueue("purge", { deletionId: deletion.id }, { key: deletion.id, delayMs });
    return this.#complete(deletion);
  }

  /**
   * Requests the deletion, waits for it, and answers how it stands: `completed` means that it was
   * verified; `trashed` that it is in grace; anything else that the wait was over before the end. A
   * repetition joins the same deletion.
   * @throws ExpungeError `deletion-blocked` with the residue in its details, and as `request` does
   */
  async delete(caller: Caller, projectId: string, options: DeleteProject = {}): Promise<Deletion> {
    const { metadata, settings } = this.#context;
    const deletion = await this.request(caller, projectId, options);
    const isInGrace = await this.isInGrace(deletion);
    const waitMs = isInGrace ? 0 : (options.waitMs ?? settings.deleteWaitMs);
    const latest = await this.wait(deletion, waitMs, options.signal);
    if (latest.blocked === null) return latest;
    const { id, blocked, residueTotal } = latest;
    const residue = await metadata.listResidue(id, LIMITS.residueShown);
    throw new ExpungeError("deletion-blocked", `The deletion is blocked: ${blocked.reason}`, {
      details: { deletion: id, residueTotal, residue },
    });
  }

  /**
   * Whether the purge is still to come, by the database's clock (R8): until then nothing happens, so
   * there is nothing to wait for.
   */
  async isInGrace({ state, purgeAfter }: Deletion): Promise<boolean> {
    return state === "trashed" && purgeAfter > (await this.#context.metadata.now());
  }

  /** Undo within the grace. @throws ExpungeError `not-restorable`, `project-not-found` */
  async restore(caller: Caller, projectId: string): Promise<Deletion> {
    requireRight(caller, "projects:delete");
    const project = await this.#projects.find(caller, projectId);
    const deletion = await this.#context.metadata.restoreProject(project.uid);
    this.#context.log
      .child({ deletion: deletion.id, project: project.uid })
      .info({ by: caller.subject }, "deletion undone");
    this.#context.watch.notify(deletion.id);
    return this.#complete(deletion);
  }

  /** @throws ExpungeError `deletion-not-found`, also for malformed ids and those of others (I10) */
  async get(caller: Caller, id: string): Promise<Deletion> {
    requireRight(caller, "projects:read");
    const deletion = isDeletionId(id) ? await this.#context.metadata.findDeletion(id) : null;
    if (!deletion || !maySee(caller, deletion.owner)) {
      throw new ExpungeError("deletion-not-found", "There is no such deletion.");
    }
    return this.#complete(deletion);
  }

  async list(caller: Caller, query: ListDeletions): Promise<Listed<Deletion>> {
    requireRight(caller, "projects:read");
    const items = await this.#context.metadata.listDeletions({
      limit: query.limit + 1,
      ...(isAdmin(caller) ? {} : { owner: caller.subject }),
      ...(query.after === undefined ? {} : { after: query.after }),
      ...(query.state === undefined ? {} : { state: query.state }),
      ...(query.projectId === undefined ? {} : { projectId: query.projectId }),
    });
    const completed = items.map((deletion) => this.#complete(deletion));
    return pageOf(completed, query.limit, ({ id }) => id);
  }

  async residue(caller: Caller, id: string, limit: number): Promise<readonly Residue[]> {
    const deletion = await this.get(caller, id);
    return await this.#context.metadata.listResidue(deletion.id, limit);
  }

  /** The later looks at a completed deletion, in the order in which they happened. */
  async settles(caller: Caller, id: string): Promise<readonly SettleResult[]> {
    const deletion = await this.get(caller, id);
    return await this.#context.metadata.listSettles(deletion.id);
  }

  /** The whole residue, page by page. */
  async *allResidue(caller: Caller, id: string): AsyncGenerator<Residue> {
    const deletion = await this.get(caller, id);
    let after: string | undefined;
    for (;;) {
      const page = await this.#context.metadata.listResidue(
        deletion.id,
        LIMITS.pageItemsMax,
        after,
      );
      yield* page;
      if (page.length < LIMITS.pageItemsMax) return;
      after = page.at(-1)?.key;
    }
  }

  /** Tries a blocked deletion again now; nothing for one that is not blocked. */
  async retry(caller: Caller, id: string): Promise<Deletion> {
    requireRight(caller, "projects:delete");
    const { id: deletionId } = await this.get(caller, id);
    const { metadata, jobs, log } = this.#context;
    const deletion = await metadata.retryDeletion(deletionId);
    await jobs.enqueue("purge", { deletionId }, { key: deletionId });
    log.child({ deletion: deletionId }).info({ by: caller.subject }, "retry requested");
    return this.#complete(deletion);
  }

  /**
   * Waits until the deletion is completed, undone or blocked, at most so long. A caller that goes away
   * changes nothing.
   */
  async wait(deletion: Deletion, waitMs: number, signal?: AbortSignal): Promise<Deletion> {
    const { clock, metadata, watch } = this.#context;
    const until = clock.now() + Math.min(waitMs, LIMITS.deleteWaitMaxMs);
    let latest = deletion;
    for (;;) {
      const wake = new AbortController();
      const unsubscribe = watch.subscribe(deletion.id, () => wake.abort());
      try {
        latest = (await metadata.findDeletion(deletion.id)) ?? latest;
        const leftMs = until - clock.now();
        const ended = isTerminal(latest.state) || latest.blocked !== null;
        if (ended || leftMs <= 0 || signal?.aborted) return this.#complete(latest);
        const stop = signal ? AbortSignal.any([wake.signal, signal]) : wake.signal;
        await clock.sleep(Math.min(leftMs, LIMITS.waitPollMs), stop);
      } finally {
        unsubscribe();
      }
    }
  }

  /** What a caller asks for; of all but admins not less than the least. */
  #graceFor(caller: Caller, wishedMs?: number): number {
    const { graceMs, minGraceMs } = this.#context.settings;
    return Math.max(wishedMs ?? graceMs, isAdmin(caller) ? 0 : minGraceMs);
  }

  #capFor(caller: Caller): DeletionCap | null {
    const { deletionsPerHour: deletions } = this.#context.settings;
    if (deletions === null || isAdmin(caller)) return null;
    return { deletions, withinMs: LIMITS.deletionWindowMs };
  }

  async #refuseMoreThan(project: Project, maxObjects: number): Promise<void> {
    const { objects } = await makePlan(this.#context, project, maxObjects + 1);
    if (objects <= maxObjects) return;
    throw tooManyObjects(maxObjects);
  }

  async #ofDeleted(project: Project): Promise<Deletion> {
    const deletion = await this.#context.metadata.findDeletionOf(project.uid);
    return known(deletion, "the deletion of a deleted project");
  }

  /** Every surface is shown, also those that hold nothing; versions where some were seen. */
  #complete(deletion: Deletion): Deletion {
    const project = { id: deletion.projectId, uid: deletion.projectUid };
    const surfaces = inOrder(allSurfaces(this.#context, project, false), deletion.surfaces);
    return { ...deletion, surfaces };
  }
}
