import type { Caller } from "../../src/core/caller.ts";
import { isExpungeError } from "../../src/core/errors.ts";
import type { Services } from "../../src/services/index.ts";
import { contentOf, type ProjectModel } from "./model.ts";
import type { World } from "./world.ts";

export const ADMIN: Caller = { subject: "admin", rights: new Set(["admin"]) };

/** What a client's call came to: the answer, a refusal by code, or nothing that can be relied on. */
type Reply<T> = { ok: true; value: T } | { ok: false; refused: boolean };

const CLIENT_TIMEOUT_MS = 60_000;

/** A client that uploads, overwrites, deletes, reads, deletes projects and undoes it. */
export class Client {
  readonly #world: World;
  readonly #api: () => Services | null;
  readonly #projects: ProjectModel[];
  readonly #name: string;
  #files = 0;

  constructor(world: World, name: string, projects: ProjectModel[], api: () => Services | null) {
    this.#world = world;
    this.#name = name;
    this.#projects = projects;
    this.#api = api;
  }

  async act(actions: number): Promise<void> {
    const { rng } = this.#world;
    for (let i = 0; i < actions; i++) {
      await this.#pause(rng.between(10, 20_000));
      const project = rng.pick(this.#projects);
      const dice = rng.between(1, 100);
      if (dice <= 45) await this.#putNew(project);
      else if (dice <= 55) await this.#putDirect(project);
      else if (dice <= 67) await this.#overwrite(project);
      else if (dice <= 77) await this.#deleteFile(project);
      else if (dice <= 92) await this.#requestDeletion(project);
      else await this.#restore(project);
    }
  }

  async #putNew(project: ProjectModel): Promise<void> {
    const path = `${this.#name}/file-${++this.#files}`;
    const text = `${project.id} ${path} first`;
    const reply = await this.#put(project, path, text);
    if (reply.ok) project.files.set(path, new Set([text]));
    else project.files.set(path, new Set(reply.refused ? [null] : [null, text]));
  }

  async #overwrite(project: ProjectModel): Promise<void> {
    const path = this.#certainPath(project);
    if (path === null) return;
    const before = [...(project.files.get(path) ?? [])];
    const text = `${project.id} ${path} again ${this.#world.nowMs}`;
    // Set before the call: an effect may land at any time from here on.
    project.files.set(path, new Set([...before, text]));
    const reply = await this.#put(project, path, text);
    if (reply.ok) project.files.set(path, new Set([text]));
    else if (reply.refused) project.files.set(path, new Set(before));
  }

  async #deleteFile(project: ProjectModel): Promise<void> {
    const path = this.#certainPath(project);
    if (path === null) return;
    const before = [...(project.files.get(path) ?? [])];
    project.files.set(path, new Set([...before, null]));
    const reply = await this.#call((api) => api.files.delete(ADMIN, project.id, path));
    if (reply.ok) project.files.set(path, new Set([null]));
    else if (reply.refused) project.files.set(path, new Set(before));
  }

  async #putDirect(project: ProjectModel): Promise<void> {
    const path = `${this.#name}/direct-${++this.#files}`;
    const text = `${project.id} ${path} direct`;
    project.files.set(path, new Set([null, text]));
    const bytes = contentOf(text);
    const opened = await this.#call((api) =>
      api.uploads.open(ADMIN, project.id, {
        path,
        sizeBytes: bytes.length,
        contentType: "text/plain",
        metadata: {},
      }),
    );
    if (!opened.ok) return;
    const { id } = opened.value;
    const url = await this.#call((api) => api.uploads.partUrl(ADMIN, project.id, id, 1));
    if (!url.ok) return;
    await this.#pause(this.#world.rng.pick([1, 100, 60_000]));
    const query = new URL(url.value.url, "http://x").searchParams;
    const sent = await this.#call((api) =>
      api.uploads.receivePart(
        {
          projectUid: project.uid,
          uploadId: id,
          partNumber: 1,
          sizeBytes: Number(query.get("length")),
          expiresAt: Number(query.get("expires")),
          tag: query.get("tag") ?? "",
        },
        piece(bytes),
      ),
    );
    if (!sent.ok || this.#world.rng.chance(0.2)) return;
    const done = await this.#call((api) => api.uploads.complete(ADMIN, project.id, id));
    if (done.ok) project.files.set(path, new Set([text]));
  }

  async #requestDeletion(project: ProjectModel): Promise<void> {
    const { rng } = this.#world;
    if (!rng.chance(0.4)) return;
    project.deletionRequested = true;
    const graceMs = rng.pick([0, 0, 30_000, 1_800_000]);
    project.purgeNotBefore = Math.min(project.purgeNotBefore, this.#world.nowMs + graceMs);
    await this.#call((api) => api.deletions.request(ADMIN, project.id, { graceMs }));
  }

  async #restore(project: ProjectModel): Promise<void> {
    await this.#call((api) => api.deletions.restore(ADMIN, project.id));
  }

  #put(project: ProjectModel, path: string, text: string): Promise<Reply<unknown>> {
    const bytes = contentOf(text);
    return this.#call((api) =>
      api.files.put(ADMIN, project.id, {
        path,
        body: piece(bytes),
        sizeBytes: this.#world.rng.chance(0.5) ? bytes.length : null,
        contentType: "text/plain",
        metadata: {},
        checksums: {},
      }),
    );
  }

  /** A path of this client on which no call of unknown outcome may still land. */
  #certainPath(project: ProjectModel): string | null {
    const certain = [...project.files]
      .filter(([path, contents]) => path.startsWith(`${this.#name}/`) && contents.size === 1)
      .filter(([, contents]) => !contents.has(null))
      .map(([path]) => path);
    return certain.length > 0 ? this.#world.rng.pick(certain) : null;
  }

  /**
   * A refusal by a code of ours is relied on where it says that nothing was done; any other failure,
   * and no answer in time, leaves the outcome open.
   */
  #call<T>(work: (api: Services) => Promise<T>): Promise<Reply<T>> {
    return new Promise((resolve) => {
      const unknown: Reply<T> = { ok: false, refused: false };
      this.#world.schedule(CLIENT_TIMEOUT_MS, () => resolve(unknown));
      const api = this.#api();
      if (!api) return;
      work(api).then(
        (value) => resolve({ ok: true, value }),
        (error: unknown) => {
          const refused =
            isExpungeError(error, "project-not-found") || isExpungeError(error, "file-not-found");
          resolve(refused ? { ok: false, refused: true } : unknown);
        },
      );
    });
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#world.schedule(durationMs, resolve));
  }
}

async function* piece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
