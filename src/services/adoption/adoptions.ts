import { ADOPTION_BEGINS } from "../../core/adoption.ts";
import { type Caller, requireRight } from "../../core/caller.ts";
import { ExpungeError } from "../../core/errors.ts";
import { makeAdoptionId } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { AdoptedProject, Adoption, StoredNote } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { notesOf } from "../run-notes.ts";

export interface NewAdoption {
  /** Nothing is made unless this is false. */
  readonly dryRun?: boolean;
  /** Of the projects that it makes; the caller where nothing is said. */
  readonly owner?: string;
  /** An hour where nothing is said; 0 takes everything. */
  readonly minAgeMs?: number;
  readonly prefix?: string;
}

/** Rows and projects for objects that lie in legacy layouts; for administrators. */
export class Adoptions {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Begins an adoption, or its plan; a worker carries it out. */
  async start(caller: Caller, input: NewAdoption = {}): Promise<Adoption> {
    requireRight(caller, "admin");
    const { metadata, random, jobs, log } = this.#context;
    await metadata.forgetRuns(LIMITS.runKeepMs);
    const request = {
      dryRun: input.dryRun ?? true,
      owner: input.owner ?? caller.subject,
      minAgeMs: input.minAgeMs ?? LIMITS.adoptMinAgeMs,
      prefix: input.prefix ?? "",
    };
    const adoption = await metadata.createRun({
      kind: "adoption",
      id: makeAdoptionId(random.bytes(12)),
      requestedBy: caller.subject,
      request,
      progress: ADOPTION_BEGINS,
    });
    const { id } = adoption;
    const { dryRun, minAgeMs } = request;
    log.child({ run: id }).info({ by: caller.subject, dryRun, minAgeMs }, "adoption begins");
    await jobs.enqueue("run", { runId: id }, { key: id });
    return adoption;
  }

  /** @throws ExpungeError `adoption-not-found` */
  async get(caller: Caller, id: string): Promise<Adoption> {
    requireRight(caller, "admin");
    const run = await this.#context.metadata.findRun(id);
    if (run?.kind === "adoption") return run;
    throw new ExpungeError("adoption-not-found", "There is no such adoption.");
  }

  /** The projects of what was adopted so far, or would be, by their ids. @throws as `get` */
  async *projects(caller: Caller, id: string): AsyncGenerator<AdoptedProject> {
    await this.get(caller, id);
    let after = {};
    for (;;) {
      const page = await this.#context.metadata.listAdoptedProjects(id, {
        limit: LIMITS.runPageRows,
        ...after,
      });
      yield* page;
      const last = page.at(-1);
      if (!last) return;
      after = { after: last.projectId };
    }
  }

  /** Every object that a layout gives to a project and that gets no row, in order. @throws as `get` */
  async *refusals(caller: Caller, id: string): AsyncGenerator<StoredNote> {
    await this.get(caller, id);
    yield* notesOf(this.#context, id);
  }

  /** The database's time, by which an adoption that runs is measured. */
  async now(): Promise<number> {
    return await this.#context.metadata.now();
  }
}
