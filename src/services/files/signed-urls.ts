import { type Caller, requireRight } from "../../core/caller.ts";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { FileRow, Instant } from "../../core/model.ts";
import type { Context } from "../context.ts";
import type { Projects } from "../projects.ts";
import type { Files } from "./files.ts";

export interface SignedUrl {
  /** Absolute, or a path on our own server where the store cannot sign. */
  readonly url: string;
  readonly expiresAt: Instant;
}

/** Downloads that need no token: by the store itself, or by our own server with an HMAC. */
export class SignedUrls {
  readonly #context: Context;
  readonly #projects: Projects;
  readonly #files: Files;

  constructor(context: Context, projects: Projects, files: Files) {
    this.#context = context;
    this.#projects = projects;
    this.#files = files;
  }

  /** @throws ExpungeError `file-not-found`, `project-not-active` (no new URL unless active) */
  async sign(
    caller: Caller,
    projectId: string,
    path: string,
    expiresInMs: number,
  ): Promise<SignedUrl> {
    requireRight(caller, "projects:read");
    const project = await this.#projects.get(caller, projectId);
    const file = await this.#files.head(caller, projectId, path);
    if (project.state !== "active") {
      throw new ExpungeError("project-not-active", "A trashed project gets no new signed URL.");
    }
    const { metadata, store, urlSigner } = this.#context;
    const now = await metadata.now();
    const name = file.path.slice(file.path.lastIndexOf("/") + 1);
    const storeExpiryMs = Math.min(expiresInMs, LIMITS.storeUrlExpiryMaxMs);
    const signed = file.key === null ? null : await store.presignGet(file.key, storeExpiryMs, name);
    // Nobody can take back a URL of the store itself; ours are looked up at every use.
    if (signed) return { url: signed.url, expiresAt: now + storeExpiryMs };
    const expiresAt = now + expiresInMs;
    const tag = urlSigner.sign(downloadText(project.uid, file.uid, expiresAt));
    const query = new URLSearchParams({ path: file.path, expires: String(expiresAt), tag });
    return { url: `/v1/downloads/${project.uid}/${file.uid}?${query.toString()}`, expiresAt };
  }

  /**
   * The file that a URL of ours names. The tag covers the file's uid, so an overwritten or deleted
   * file's URL is dead at once.
   * @throws ExpungeError `url-invalid`, `file-not-found`
   */
  async resolve(
    projectUid: string,
    fileUid: string,
    path: string,
    expiresAt: Instant,
    tag: string,
  ): Promise<FileRow> {
    const { metadata, urlSigner } = this.#context;
    if (!urlSigner.verify(downloadText(projectUid, fileUid, expiresAt), tag)) {
      throw new ExpungeError("url-invalid", "The URL's signature does not match.");
    }
    if ((await metadata.now()) >= expiresAt) {
      throw new ExpungeError("url-invalid", "The URL has expired.");
    }
    const project = await metadata.findProjectByUid(projectUid);
    const readable = project?.state === "active" || project?.state === "trashed";
    const file = readable ? await metadata.findFile(projectUid, path) : null;
    if (file?.uid !== fileUid) {
      throw new ExpungeError("file-not-found", "The file of this URL is not there any more.");
    }
    return file;
  }
}

function downloadText(projectUid: string, fileUid: string, expiresAt: Instant): string {
  return ["download", projectUid, fileUid, String(expiresAt)].join("\n");
}
