import { type Caller, isAdmin, maySee, requireRight } from "../core/caller.ts";
import { ExpungeError } from "../core/errors.ts";
import { assertProjectId, makeProjectId, makeUid } from "../core/ids.ts";
import { LIMITS } from "../core/limits.ts";
import type { Hold, Instant, Metadata, Project, ProjectState } from "../core/model.ts";
import type { NewIdempotent, ProjectPatch } from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";
import { makeOnce, type Once } from "./idempotency.ts";
import { lifeOf } from "./life.ts";

export interface CreateProject {
  readonly id?: string;
  readonly owner?: string;
  readonly name?: string;
  readonly ttlMs?: number;
  readonly expiresAt?: Instant;
  readonly quotaBytes?: number;
  readonly metadata?: Metadata;
}

export interface ListProjects {
  readonly limit: number;
  readonly after?: string;
  readonly state?: ProjectState;
  readonly namePrefix?: string;
}

/** A page and where the next one begins; `next` is null at the end. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Projects: made, found, changed and held here; deleted by `Deletions`. */
export class Projects {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * @throws ExpungeError `project-exists`, `invalid-project-id`, `id-not-allowed`, `forbidden`,
   *   `invalid-request`
   */
  async create(caller: Caller, input: CreateProject): Promise<Project> {
    return (await this.createOnce(caller, undefined, input)).made;
  }

  /**
   * The same, once for all requests with this key.
   * @throws ExpungeError as `create`, and `idempotency-key-reused`
   */
  async createOnce(
    caller: Caller,
    idempotencyKey: string | undefined,
    input: CreateProject,
  ): Promise<Once<Project>> {
    requireRight(caller, "projects:write");
    return await makeOnce(this.#context, caller, idempotencyKey, {
      request: { createProject: input },
      make: (idempotent) => this.#create(caller, input, idempotent),
      again: async ({ projectUid }) => {
        const made = await this.#context.metadata.findProjectByUid(projectUid);
        if (made) return made;
        throw new ExpungeError("project-not-found", "The project that the key made is gone.");
      },
    });
  }

  async #create(
    caller: Caller,
    input: CreateProject,
    idempotent: NewIdempotent | undefined,
  ): Promise<Project> {
    const { layouts, random, metadata, log } = this.#context;
    if (!isAdmin(caller) && (input.id !== undefined || input.owner !== undefined)) {
      throw new ExpungeError("id-not-allowed", "Only an admin may choose a project's id or owner.");
    }
    if (input.id !== undefined) assertProjectId(layouts.idFormat, input.id);
    const id = input.id ?? makeProjectId(layouts.idFormat, random.bytes(64));
    const project = await metadata.createProject({
      id,
      uid: makeUid(await metadata.now(), random.bytes(10)),
      name: input.name ?? id,
      owner: input.owner ?? caller.subject,
      metadata: input.metadata ?? {},
      quotaBytes: input.quotaBytes ?? null,
      ...lifeOf(input),
      ...(idempotent === undefined ? {} : { idempotent }),
    });
    log.info({ project: project.uid, by: caller.subject }, "project created");
    return project;
  }

  /**
   * Any project that the caller may know of, also a deleted one.
   * @throws ExpungeError `project-not-found`, also for the projects of others (I10)
   */
  async find(caller: Caller, id: string): Promise<Project> {
    // No database holds a NUL, so no id has one.
    const project = id.includes("\0") ? null : await this.#context.metadata.findProject(id);
    if (!project || !maySee(caller, project.owner)) {
      throw new ExpungeError("project-not-found", `There is no project '${id.slice(0, 80)}'.`);
    }
    return project;
  }

  /** @throws ExpungeError `project-not-found`, `project-deleted` */
  async get(caller: Caller, id: string): Promise<Project> {
    requireRight(caller, "projects:read");
    return refuseDeleted(await this.find(caller, id));
  }

  /** The caller's projects, an admin's being all; deleted ones only when asked for by state. */
  async list(caller: Caller, query: ListProjects): Promise<Listed<Project>> {
    requireRight(caller, "projects:read");
    const items = await this.#context.metadata.listProjects({
      limit: query.limit + 1,
      ...(isAdmin(caller) ? {} : { owner: caller.subject }),
      ...(query.after === undefined ? {} : { after: query.after }),
      ...(query.state === undefined ? {} : { state: query.state }),
      ...(query.namePrefix === undefined ? {} : { namePrefix: query.namePrefix }),
    });
    return pageOf(items, query.limit, ({ uid }) => uid);
  }

  /**
   * To let a project expire is to delete it: it needs that right, and for all but admins it is no way
   * around the limits of deletions.
   * @throws ExpungeError `project-not-found`, `project-deleted`, `project-not-active`, `forbidden`
   */
  async update(caller: Caller, id: string, patch: ProjectPatch): Promise<Project> {
    requireRight(caller, "projects:write");
    const { uid } = refuseDeleted(await this.find(caller, id));
    if (typeof patch.expiresAt === "number" && !isAdmin(caller)) {
      requireRight(caller, "projects:delete");
      const earliest = (await this.#context.metadata.now()) + LIMITS.expiryNoticeMs;
      if (patch.expiresAt < earliest) {
        throw new ExpungeError("invalid-request", "'expiresAt' must be a day from now, or later.");
      }
    }
    return await this.#context.metadata.updateProject(uid, patch);
  }

  /** @throws ExpungeError `not-holdable`, `project-not-found`, `forbidden` */
  async placeHold(caller: Caller, id: string, reason: string): Promise<Hold> {
    requireRight(caller, "admin");
    const { uid } = await this.find(caller, id);
    const hold = await this.#context.metadata.placeHold(uid, reason);
    this.#context.log.info({ project: uid, by: caller.subject }, "hold placed");
    return hold;
  }

  /** Idempotent. An overdue purge waits a fresh grace. @throws ExpungeError `project-not-found` */
  async releaseHold(caller: Caller, id: string): Promise<void> {
    requireRight(caller, "admin");
    const { uid } = await this.find(caller, id);
    const graceMs = Math.max(this.#context.settings.graceMs, LIMITS.holdReleaseGraceMs);
    await this.#context.metadata.releaseHold(uid, graceMs);
    this.#context.log.info({ project: uid, by: caller.subject }, "hold released");
  }
}

export function refuseDeleted(project: Project): Project {
  if (project.state !== "deleted") return project;
  throw new ExpungeError("project-deleted", `The project '${project.id}' was deleted.`, {
    details: { projectUid: project.uid, receipt: `/v1/receipts/${project.uid}` },
  });
}

/** Cuts a list that was asked for with one item more than the page takes. */
export function pageOf<T>(
  items: readonly T[],
  limit: number,
  cursorOf: (item: T) => string,
): Listed<T> {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return { items: page, next: items.length > limit && last ? cursorOf(last) : null };
}
