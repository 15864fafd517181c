import type {
  BulkDeleteJson,
  BulkDeletionJson,
  BulkPlanJson,
  CreateProjectJson,
  DeletionJson,
  HoldJson,
  PatchProjectJson,
  PlanJson,
  ProjectJson,
} from "../http/schema/index.ts";
import { LIMITS } from "../core/limits.ts";
import { SECOND_MS } from "../core/limits/units.ts";
import { projectPath } from "./addresses.ts";
import type { Deletions } from "./deletions.ts";
import { isExpungeClientError } from "./error.ts";
import { type Page, type PageOptions, readAll, readPage } from "./pages.ts";
import { nowMs } from "./timing.ts";
import { type CallOptions, onceOnly, type Query, type Transport } from "./transport.ts";

/** Which projects a list has. */
export interface ProjectFilter {
  /** Deleted projects are listed only when they are asked for. */
  readonly state?: ProjectJson["state"] | undefined;
  readonly namePrefix?: string | undefined;
}

/** How a project is deleted. */
export interface DeleteOptions extends CallOptions {
  /** Time in which it can be undone, such as `72h`; the service's own by default. */
  readonly grace?: string | undefined;
  /** Refuse, before anything is removed, when the store holds more of the project. */
  readonly maxObjects?: number | undefined;
}

/** How long a deletion is waited for. */
export interface WaitOptions {
  /** Milliseconds; five minutes by default. */
  readonly waitMs?: number | undefined;
}

/** A deletion that was requested, and not waited for. */
export interface RequestedDeletion {
  readonly deletion: DeletionJson;
  /** Whether it waits by design, because it can still be undone, and not by its size. */
  readonly isInGrace: boolean;
}

/** Projects: the unit of ownership and of deletion. */
export class Projects {
  readonly #transport: Transport;
  readonly #deletions: Deletions;

  constructor(transport: Transport, deletions: Deletions) {
    this.#transport = transport;
    this.#deletions = deletions;
  }

  /**
   * Makes a project. Where it is repeated it makes no second one: it is sent with an `Idempotency-Key`.
   * @throws ExpungeClientError `project-exists`, `invalid-project-id`, `id-not-allowed`
   */
  async create(input: CreateProjectJson = {}, options: CallOptions = {}): Promise<ProjectJson> {
    return await this.#transport.json({
      ...options,
      method: "POST",
      path: "/v1/projects",
      json: input,
      ...onceOnly(),
    });
  }

  /** @throws ExpungeClientError `project-not-found`, `project-deleted` */
  async get(id: string, options: CallOptions = {}): Promise<ProjectJson> {
    return await this.#transport.json({ ...options, path: projectPath(id) });
  }

  /** Changes what is named and nothing else. @throws ExpungeClientError `project-not-active` */
  async update(
    id: string,
    changes: PatchProjectJson,
    options: CallOptions = {},
  ): Promise<ProjectJson> {
    const path = projectPath(id);
    // The same values twice are the same project.
    const call = { method: "PATCH", path, json: changes, isIdempotent: true } as const;
    return await this.#transport.json({ ...options, ...call });
  }

  /** One page of projects. */
  async list(options: ProjectFilter & PageOptions = {}): Promise<Page<ProjectJson>> {
    return await readPage(this.#transport, "/v1/projects", options, filterOf(options));
  }

  /** All projects, page by page as they are taken. */
  all(options: ProjectFilter & CallOptions = {}): AsyncGenerator<ProjectJson, void, undefined> {
    return readAll(this.#transport, "/v1/projects", options, filterOf(options));
  }

  /** What a deletion would remove, per surface. Changes nothing. */
  async plan(id: string, options: CallOptions = {}): Promise<PlanJson> {
    const query = { dryRun: true };
    return await this.#transport.json({
      ...options,
      method: "DELETE",
      path: projectPath(id),
      query,
    });
  }

  /**
   * Deletes a project and waits. The deletion that it answers is done only when its `state` is
   * `completed`: then all objects are gone, that was verified, and `receipt` says so. Otherwise the wait
   * is over, or it is in grace, and `deletions.wait` goes on. Repeats join the same deletion.
   * @throws ExpungeClientError `deletion-blocked` (with `details.deletion`), `too-many-objects`,
   *   `project-held`, `project-not-found`, `project-deleted`
   */
  async delete(id: string, options: DeleteOptions & WaitOptions = {}): Promise<DeletionJson> {
    const waitMs = options.waitMs ?? LIMITS.clientWaitDefaultMs;
    const firstMs = Math.min(waitMs, LIMITS.clientWaitPieceMs);
    const { deletion, isInGrace } = await this.#request(id, options, `wait=${seconds(firstMs)}`);
    if (deletion.state === "completed" || isInGrace || waitMs <= firstMs) return deletion;
    const rest = { signal: options.signal, waitMs: waitMs - firstMs };
    return await this.#deletions.wait(deletion.id, rest);
  }

  /**
   * Requests a deletion and does not wait for its end. One that is blocked already is answered as such.
   * @throws ExpungeClientError `too-many-objects`, `project-held`, `project-not-found`, `project-deleted`
   */
  async requestDeletion(id: string, options: DeleteOptions = {}): Promise<RequestedDeletion> {
    try {
      return await this.#request(id, options, "respond-async");
    } catch (error) {
      const isBlocked = isExpungeClientError(error, "deletion-blocked");
      const blocked = isBlocked ? error.details["deletion"] : null;
      if (typeof blocked !== "object" || blocked === null) throw error;
      return { deletion: blocked as DeletionJson, isInGrace: false };
    }
  }

  /** What deleting many projects would remove. Changes nothing. */
  async planMany(selection: BulkDeleteJson, options: CallOptions = {}): Promise<BulkPlanJson> {
    return await this.#many(selection, options, { dryRun: true });
  }

  /**
   * Requests the deletions of many projects and waits for none; each has an end of its own. While
   * `more` is true, repeat it: one call takes a thousand.
   */
  async deleteMany(
    selection: BulkDeleteJson,
    options: DeleteOptions = {},
  ): Promise<BulkDeletionJson> {
    const { grace, maxObjects } = options;
    return await this.#many(selection, options, { grace, maxObjects });
  }

  /** Undoes a deletion that is in grace. @throws ExpungeClientError `not-restorable` */
  async restore(id: string, options: CallOptions = {}): Promise<ProjectJson> {
    const path = `${projectPath(id)}/restore`;
    return await this.#transport.json({ ...options, method: "POST", path });
  }

  async #request(id: string, options: DeleteOptions, prefer: string): Promise<RequestedDeletion> {
    const { signal, grace, maxObjects } = options;
    const response = await this.#transport.send({
      signal,
      method: "DELETE",
      path: projectPath(id),
      query: { grace, maxObjects },
      headers: { prefer },
    });
    const deletion = (await response.json()) as DeletionJson;
    return { deletion, isInGrace: isInGrace(deletion, response.headers.get("date")) };
  }

  async #many<T>(selection: BulkDeleteJson, options: CallOptions, query: Query): Promise<T> {
    return await this.#transport.json({
      signal: options.signal,
      method: "POST",
      path: "/v1/projects:delete",
      json: selection,
      query,
      // Repeats join the same deletions.
      isIdempotent: true,
    });
  }
}

/** Legal holds, for administrators. */
export class Holds {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The project cannot be deleted until it is released. @throws ExpungeClientError `not-holdable` */
  async place(projectId: string, reason: string, options: CallOptions = {}): Promise<HoldJson> {
    const path = `${projectPath(projectId)}/hold`;
    return await this.#transport.json({ ...options, method: "PUT", path, json: { reason } });
  }

  /** Releases a hold; nothing happens where there is none. An overdue purge waits a fresh grace. */
  async release(projectId: string, options: CallOptions = {}): Promise<void> {
    const path = `${projectPath(projectId)}/hold`;
    await this.#transport.done({ ...options, method: "DELETE", path });
  }
}

function filterOf({ state, namePrefix }: ProjectFilter): Query {
  return { state, namePrefix };
}

function seconds(durationMs: number): number {
  return Math.ceil(durationMs / SECOND_MS);
}

/** Judged by the service's clock: the one of this machine may be wrong by more than the grace. */
function isInGrace({ state, purgeAfter }: DeletionJson, date: string | null): boolean {
  // The header has whole seconds.
  const now = date === null ? nowMs() : Date.parse(date) + SECOND_MS;
  return state === "trashed" && Date.parse(purgeAfter) > now;
}
