import { type Caller, requireRight } from "../../core/caller.ts";
import { ExpungeError } from "../../core/errors.ts";
import { makeRelayoutId } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Instant } from "../../core/model.ts";
import { RELAYOUT_BEGINS, type RelayoutAction, type RelayoutRequest } from "../../core/relayout.ts";
import type { Relayout, StoredNote } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { notesOf } from "../run-notes.ts";
import { type Listed, pageOf } from "../projects.ts";

export interface NewRelayout {
  /** Nothing is copied unless this is false. */
  readonly dryRun?: boolean;
  /** Ids; the files of all projects where none is named. */
  readonly projects?: readonly string[];
}

export interface RelayoutStand {
  readonly relayout: Relayout;
  /** What is held still: by it, or by the one that it finishes or undoes. */
  readonly held: { readonly objects: number; readonly bytes: number };
}

/** Moves adopted files to canonical keys, in two steps of which the first can be undone; for administrators. */
export class Relayouts {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Begins a relayout, or its plan; a worker carries it out. @throws ExpungeError `project-not-found` */
  async start(caller: Caller, input: NewRelayout = {}): Promise<RelayoutStand> {
    requireRight(caller, "admin");
    const projects = [...new Set(input.projects)];
    for (const id of projects) {
      if ((await this.#context.metadata.findProject(id)) !== null) continue;
      throw new ExpungeError("project-not-found", `There is no project '${id.slice(0, 80)}'.`);
    }
    const dryRun = input.dryRun ?? true;
    return await this.#begin(caller, { action: "copy", of: null, dryRun, projects });
  }

  /**
   * Removes the old objects that a relayout holds; from then on they are gone.
   * @throws ExpungeError `relayout-not-found`, `relayout-running`
   */
  async finish(
    caller: Caller,
    id: string,
    input: { dryRun?: boolean } = {},
  ): Promise<RelayoutStand> {
    return await this.#end(caller, "finish", id, input.dryRun ?? true);
  }

  /** Gives the files their old objects back, and removes the copies. @throws as `finish` */
  async undo(caller: Caller, id: string, input: { dryRun?: boolean } = {}): Promise<RelayoutStand> {
    return await this.#end(caller, "undo", id, input.dryRun ?? true);
  }

  async #end(
    caller: Caller,
    action: Exclude<RelayoutAction, "copy">,
    id: string,
    dryRun: boolean,
  ): Promise<RelayoutStand> {
    const { relayout } = await this.get(caller, id);
    if (relayout.request.action !== "copy") {
      throw new ExpungeError("relayout-not-found", "This one copied nothing: it holds nothing.");
    }
    if (relayout.completedAt === null) {
      throw new ExpungeError("relayout-running", "The relayout copies files still.");
    }
    const { projects } = relayout.request;
    return await this.#begin(caller, { action, of: id, dryRun, projects });
  }

  async #begin(caller: Caller, request: RelayoutRequest): Promise<RelayoutStand> {
    const { metadata, random, jobs, log } = this.#context;
    await metadata.forgetRuns(LIMITS.runKeepMs);
    const relayout = await metadata.createRun({
      kind: "relayout",
      id: makeRelayoutId(random.bytes(12)),
      requestedBy: caller.subject,
      request,
      progress: RELAYOUT_BEGINS,
    });
    const { id } = relayout;
    const { action, of, dryRun } = request;
    log.child({ run: id }).info({ by: caller.subject, action, of, dryRun }, "relayout begins");
    await jobs.enqueue("run", { runId: id }, { key: id });
    return await this.#stand(relayout);
  }

  async #stand(relayout: Relayout): Promise<RelayoutStand> {
    const held = await this.#context.metadata.countHeld(relayout.request.of ?? relayout.id);
    return { relayout, held };
  }

  /** @throws ExpungeError `relayout-not-found` */
  async get(caller: Caller, id: string): Promise<RelayoutStand> {
    requireRight(caller, "admin");
    const run = await this.#context.metadata.findRun(id);
    if (run?.kind === "relayout") return await this.#stand(run);
    throw new ExpungeError("relayout-not-found", "There is no such relayout.");
  }

  /**
   * Newest first. @param query after: the id of the last one of the page before
   * @throws ExpungeError `invalid-cursor` where that one was forgotten since
   */
  async list(
    caller: Caller,
    query: { readonly limit: number; readonly after?: string },
  ): Promise<Listed<RelayoutStand>> {
    requireRight(caller, "admin");
    const { metadata } = this.#context;
    const last = query.after === undefined ? undefined : await metadata.findRun(query.after);
    if (last === null) {
      throw new ExpungeError("invalid-cursor", "The relayout that the page begins after is gone.");
    }
    const page = await metadata.listRelayouts({
      limit: query.limit + 1,
      ...(last === undefined ? {} : { after: { requestedAt: last.requestedAt, id: last.id } }),
    });
    const { items, next } = pageOf(page, query.limit, ({ id }) => id);
    return { items: await Promise.all(items.map((one) => this.#stand(one))), next };
  }

  /** Every file that was left as it is, and why, in order. @throws as `get` */
  async *spared(caller: Caller, id: string): AsyncGenerator<StoredNote> {
    await this.get(caller, id);
    yield* notesOf(this.#context, id);
  }

  /** The database's time, by which a relayout that runs is measured. */
  async now(): Promise<Instant> {
    return await this.#context.metadata.now();
  }
}
