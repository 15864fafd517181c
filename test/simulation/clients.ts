import type { Caller } from "../../src/core/caller.ts";
import { isExpungeError } from "../../src/core/errors.ts";
import { collect } from "../../src/services/bytes.ts";
import type { Services } from "../../src/services/index.ts";
import { contentOf, type Ground, hit, type ProjectModel } from "./model.ts";
import { piece } from "./ports.ts";

export const ADMIN: Caller = { subject: "admin", rights: new Set(["admin"]) };
/** Owns every project of a run. */
export const OWNER: Caller = {
  subject: "alice",
  rights: new Set(["projects:read", "projects:write", "projects:delete"]),
};

/** What a client's call came to: the answer, a refusal by code, or nothing that can be relied on. */
export type Reply<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

const CLIENT_TIMEOUT_MS = 60_000;

/** An API process that answers, or null. */
export type Api = () => Services | null;

/** Whether a refusal says that nothing was done. Of any other failure the outcome is open. */
function isRefused(reply: Reply<unknown>): boolean {
  if (reply.ok) return false;
  const { error } = reply;
  return isExpungeError(error, "project-not-found") || isExpungeError(error, "file-not-found");
}

/** Sends one call to whichever process answers; no answer in time, and none is waited for any more. */
export function ask<T>(
  ground: Ground,
  api: Api,
  work: (services: Services) => Promise<T>,
): Promise<Reply<T>> {
  return new Promise((resolve) => {
    const timer = ground.world.schedule(CLIENT_TIMEOUT_MS, () =>
      resolve({ ok: false, error: null }),
    );
    const services = api();
    if (!services) return;
    const answer = (reply: Reply<T>): void => {
      timer.run = null;
      resolve(reply);
    };
    work(services).then(
      (value) => answer({ ok: true, value }),
      (error: unknown) => answer({ ok: false, error }),
    );
  });
}

/** A client that uploads, overwrites, deletes and reads files of its own in the projects of a run. */
export class FileClient {
  readonly #ground: Ground;
  readonly #api: Api;
  readonly #name: string;
  #files = 0;

  constructor(ground: Ground, name: string, api: Api) {
    this.#ground = ground;
    this.#name = name;
    this.#api = api;
  }

  async putNew(project: ProjectModel): Promise<void> {
    const path = `${this.#name}/file-${++this.#files}`;
    const isEmpty = this.#ground.world.rng.chance(0.1);
    const text = isEmpty ? "" : `${project.id} ${path} first`;
    // Set before the call: an effect may land at any time from here on.
    project.files.set(path, new Set([null, text]));
    const reply = await this.#put(project, path, text);
    if (reply.ok) project.files.set(path, new Set([text]));
    else if (isRefused(reply)) project.files.set(path, new Set([null]));
  }

  async overwrite(project: ProjectModel): Promise<void> {
    const path = this.#certainPath(project);
    if (path === null) return;
    const before = [...(project.files.get(path) ?? [])];
    const text = `${project.id} ${path} again ${this.#ground.world.nowMs}`;
    project.files.set(path, new Set([...before, text]));
    const reply = await this.#put(project, path, text);
    if (reply.ok) project.files.set(path, new Set([text]));
    else if (isRefused(reply)) project.files.set(path, new Set(before));
  }

  async deleteFile(project: ProjectModel): Promise<void> {
    const path = this.#certainPath(project);
    if (path === null) return;
    const before = [...(project.files.get(path) ?? [])];
    project.files.set(path, new Set([...before, null]));
    const reply = await this.#ask((api) => api.files.delete(OWNER, project.id, path));
    if (reply.ok) project.files.set(path, new Set([null]));
    else if (isRefused(reply)) project.files.set(path, new Set(before));
  }

  async putDirect(project: ProjectModel): Promise<void> {
    const { rng } = this.#ground.world;
    const path = `${this.#name}/direct-${++this.#files}`;
    const text = `${project.id} ${path} direct`;
    project.files.set(path, new Set([null, text]));
    const bytes = contentOf(text);
    const input = { path, sizeBytes: bytes.length, contentType: "text/plain", metadata: {} };
    const opened = await this.#ask((api) => api.uploads.open(OWNER, project.id, input));
    if (!opened.ok) return;
    const { id } = opened.value;
    const url = await this.#ask((api) => api.uploads.partUrl(OWNER, project.id, id, 1));
    if (!url.ok) return;
    await this.#ground.world.pause(rng.pick([1, 100, 60_000]));
    const part = partOf(project.uid, id, url.value.url);
    const sent = await this.#ask((api) => api.uploads.receivePart(part, piece(bytes)));
    if (!sent.ok || rng.chance(0.2)) return;
    if (rng.chance(0.2)) {
      await this.#ask((api) => api.uploads.abort(OWNER, project.id, id));
      return;
    }
    const done = await this.#ask((api) => api.uploads.complete(OWNER, project.id, id));
    if (done.ok) project.files.set(path, new Set([text]));
  }

  /** Every acknowledged file of a live project reads byte for byte (I2). */
  async read(project: ProjectModel): Promise<void> {
    const path = this.#certainPath(project);
    if (path === null) return;
    const possible = project.files.get(path) ?? new Set();
    const reply = await this.#ask(async (api) => {
      const { body, file } = await api.files.get(OWNER, project.id, path);
      return new TextDecoder().decode(await collect(body, Math.max(file.sizeBytes, 1)));
    });
    const { violations, metadata } = this.#ground;
    // A backup knows nothing of what came after it.
    if (this.#ground.restored !== null) return;
    if (reply.ok) {
      hit(this.#ground, "file read");
      if (!possible.has(reply.value)) {
        violations.add("I2", `${path} of ${project.id} reads '${reply.value}'`);
      }
      return;
    }
    const isGone =
      isExpungeError(reply.error, "file-not-found") ||
      isExpungeError(reply.error, "object-missing");
    const state = metadata.view().rows.projects.get(project.uid)?.state;
    // It was live all along if it is now: there is no way back from `deleting`.
    if (isGone && (state === "active" || state === "trashed")) {
      violations.add("I2", `${path} of live ${project.id} cannot be read`);
    }
  }

  #put(project: ProjectModel, path: string, text: string): Promise<Reply<unknown>> {
    const bytes = contentOf(text);
    return this.#ask((api) =>
      api.files.put(OWNER, project.id, {
        path,
        body: piece(bytes),
        sizeBytes: this.#ground.world.rng.chance(0.5) ? bytes.length : null,
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
    return certain.length > 0 ? this.#ground.world.rng.pick(certain) : null;
  }

  #ask<T>(work: (services: Services) => Promise<T>): Promise<Reply<T>> {
    return ask(this.#ground, this.#api, work);
  }
}

function partOf(projectUid: string, uploadId: string, url: string) {
  const query = new URL(url, "http://localhost").searchParams;
  return {
    projectUid,
    uploadId,
    partNumber: 1,
    sizeBytes: Number(query.get("length")),
    expiresAt: Number(query.get("expires")),
    tag: query.get("tag") ?? "",
  };
}
