import type { Caller } from "../core/caller.ts";
import { type ErrorCode, isExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Deletion } from "../core/model.ts";
import type { Deletions, RequestDeletion } from "./deletions.ts";
import type { Plan } from "./plan.ts";
import type { Projects } from "./projects.ts";

/** Which projects: those named, or all of the caller's whose name begins so. */
export type Selection = { readonly ids: readonly string[] } | { readonly namePrefix: string };

export interface Refused {
  readonly id: string;
  readonly code: ErrorCode;
}

export interface BulkAnswer<T> {
  readonly done: readonly T[];
  /** Every project that was selected and is not in `done`, with its reason (I12). */
  readonly refused: readonly Refused[];
  /** Whether more projects have such a name than one call takes: to be repeated. */
  readonly more: boolean;
}

/**
 * Deletions of many projects in one call. Each project is a deletion of its own: one that is refused
 * keeps no other from being deleted.
 */
export class BulkDeletions {
  readonly #projects: Projects;
  readonly #deletions: Deletions;

  constructor(projects: Projects, deletions: Deletions) {
    this.#projects = projects;
    this.#deletions = deletions;
  }

  /** What the deletions would remove; changes nothing. @throws ExpungeError `forbidden` */
  plan(caller: Caller, selection: Selection): Promise<BulkAnswer<Plan>> {
    return this.#each(caller, selection, (id) => this.#deletions.plan(caller, id));
  }

  /**
   * Requests the deletions and waits for none of them. Repeats join what is under way.
   * @throws ExpungeError `forbidden`
   */
  request(
    caller: Caller,
    selection: Selection,
    options: RequestDeletion,
  ): Promise<BulkAnswer<Deletion>> {
    return this.#each(caller, selection, (id) => this.#deletions.request(caller, id, options));
  }

  async #each<T>(
    caller: Caller,
    selection: Selection,
    work: (id: string) => Promise<T>,
  ): Promise<BulkAnswer<T>> {
    const { ids, more } = await this.#select(caller, selection);
    const done: T[] = [];
    const refused: Refused[] = [];
    for (const id of ids) {
      try {
        done.push(await work(id));
      } catch (error) {
        // A right that is missing is missing for all of them; what is no refusal ends the call.
        if (!isExpungeError(error) || error.code === "forbidden") throw error;
        refused.push({ id, code: error.code });
      }
    }
    return { done, refused, more };
  }

  /** By name only what is active: what is being deleted is so already, and so ends a repetition. */
  async #select(
    caller: Caller,
    selection: Selection,
  ): Promise<{ readonly ids: readonly string[]; readonly more: boolean }> {
    if ("ids" in selection) return { ids: [...new Set(selection.ids)], more: false };
    const { items, next } = await this.#projects.list(
      { ...caller, rights: new Set([...caller.rights, "projects:read"]) },
      { limit: LIMITS.bulkItemsMax, state: "active", namePrefix: selection.namePrefix },
    );
    return { ids: items.map(({ id }) => id), more: next !== null };
  }
}
