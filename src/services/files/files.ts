import { type Caller, requireRight } from "../../core/caller.ts";
import { ExpungeError, isExpungeError } from "../../core/errors.ts";
import type { FileRow, Project } from "../../core/model.ts";
import { normalisePath } from "../../core/paths.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { Committed, FilePrecondition } from "../../ports/metadata/index.ts";
import type { ByteRange } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import { listKey } from "../listing.ts";
import { type Listed, pageOf, type Projects, refuseDeleted } from "../projects.ts";
import { putFile, type PutFile } from "./put.ts";
import { settleRemovals } from "./removals.ts";

export interface FileContent {
  readonly file: FileRow;
  readonly body: AsyncIterable<Uint8Array>;
}

/** `removed`: verified gone. `pending`: the row is gone, a job goes on with the object (R12). */
export type FileDeletion =
  | { readonly path: string; readonly outcome: "deleted" }
  | { readonly path: string; readonly outcome: "pending"; readonly code: string };

export interface FileOutcome {
  readonly path: string;
  readonly outcome: "deleted" | "absent" | "pending" | "failed";
  readonly code?: string;
}

export interface FileCheck {
  readonly path: string;
  /** Whether a row records it. */
  readonly row: boolean;
  /** Whether its bytes are really there; an empty file has none and needs none. */
  readonly object: boolean;
}

export interface ListFiles {
  readonly prefix?: string;
  readonly limit: number;
  readonly after?: string;
}

/** The files of projects. Paths are normalised here and nowhere else. */
export class Files {
  readonly #context: Context;
  readonly #projects: Projects;

  constructor(context: Context, projects: Projects) {
    this.#context = context;
    this.#projects = projects;
  }

  /**
   * Stores a body under a path, replacing the file that is there; the last commit wins, and what it
   * replaced is removed and verified by a job (R12).
   * @throws ExpungeError `project-not-active`, `precondition-failed`, `checksum-mismatch`,
   * `size-mismatch`, `quota-exceeded`, `project-held`, `invalid-path`
   */
  async put(
    caller: Caller,
    projectId: string,
    input: PutFile,
    signal?: AbortSignal,
  ): Promise<Committed> {
    requireRight(caller, "projects:write");
    const path = normalisePath(input.path);
    const project = refuseDeleted(await this.#projects.find(caller, projectId));
    const committed = await this.#context.inFlight.run(project.uid, signal, (running) =>
      putFile(this.#context, project, { ...input, path }, running),
    );
    this.#context.log.info(
      { project: project.uid, file: committed.file.uid, bytes: committed.file.sizeBytes },
      committed.created ? "file created" : "file replaced",
    );
    return committed;
  }

  /** @throws ExpungeError `file-not-found`, `project-deleted`, `project-not-active` when deleting */
  async head(caller: Caller, projectId: string, path: string): Promise<FileRow> {
    requireRight(caller, "projects:read");
    const project = this.#readable(await this.#projects.find(caller, projectId));
    return await this.#row(project, path);
  }

  /** The file and its bytes, or a range of them. @throws as `head`; `object-missing` */
  async get(
    caller: Caller,
    projectId: string,
    path: string,
    options: { range?: ByteRange; signal?: AbortSignal } = {},
  ): Promise<FileContent> {
    return await this.open(await this.head(caller, projectId, path), options);
  }

  /** Opens the bytes of a row that the caller may read. */
  async open(
    file: FileRow,
    options: { range?: ByteRange; signal?: AbortSignal } = {},
  ): Promise<FileContent> {
    if (file.key === null) return { file, body: empty() };
    const where = { project: file.projectUid, file: file.uid };
    try {
      const object = await this.#context.store.get(file.key, options.range, options.signal);
      if (object.sizeBytes === file.sizeBytes) return { file, body: object.body };
      // A body that is not begun holds its socket until it is let go.
      await object.body[Symbol.asyncIterator]().return?.();
      this.#context.log.error({ ...where, sizeBytes: object.sizeBytes }, "object is another one");
    } catch (error) {
      if (!isStoreError(error, "no-such-key")) throw error;
      this.#context.log.error(where, "object is missing");
      throw new ExpungeError("object-missing", "The file's object is missing in the store.", {
        cause: error,
      });
    }
    throw new ExpungeError(
      "object-missing",
      "The object in the store is not the file's: it has another size.",
    );
  }

  async list(caller: Caller, projectId: string, query: ListFiles): Promise<Listed<FileRow>> {
    requireRight(caller, "projects:read");
    const project = this.#readable(await this.#projects.find(caller, projectId));
    const rows = await this.#context.metadata.listFiles(project.uid, {
      limit: query.limit + 1,
      ...(query.prefix === undefined ? {} : { prefix: query.prefix.normalize("NFC") }),
      ...(query.after === undefined ? {} : { after: query.after }),
    });
    return pageOf(rows, query.limit, ({ path }) => path);
  }

  /**
   * Deletes one file: the row goes in the transaction that records the removal, then the object is
   * removed and looked for (R12).
   * @throws ExpungeError `file-not-found`, `project-not-active`, `project-held`, `precondition-failed`
   */
  async delete(
    caller: Caller,
    projectId: string,
    path: string,
    options: { precondition?: FilePrecondition; signal?: AbortSignal } = {},
  ): Promise<FileDeletion> {
    requireRight(caller, "projects:write");
    const project = refuseDeleted(await this.#projects.find(caller, projectId));
    const { metadata } = this.#context;
    const row = await metadata.removeFile(project.uid, normalisePath(path), options.precondition);
    this.#context.log.info({ project: project.uid, file: row.uid }, "file deleted");
    // With the object that it had before its relayout, where that is held still.
    const removals = await metadata.findRemovals(row.key === null ? [] : [row.key], row.uid);
    if (removals.length === 0) return { path: row.path, outcome: "deleted" };
    // The removal is on record: a caller that goes away now changes nothing, and what a dead process or
    // an error leaves is found by the scan. A job besides would do all of it a second time.
    const results = await settleRemovals(this.#context, removals, new AbortController().signal);
    for (const result of results) {
      if (!result.verified) return { path: row.path, outcome: "pending", code: result.code };
    }
    return { path: row.path, outcome: "deleted" };
  }

  /** One outcome per path; never a bare success when one failed. */
  async deleteMany(
    caller: Caller,
    projectId: string,
    paths: readonly string[],
  ): Promise<readonly FileOutcome[]> {
    requireRight(caller, "projects:write");
    refuseDeleted(await this.#projects.find(caller, projectId));
    const outcomes: FileOutcome[] = [];
    for (const path of paths) {
      try {
        outcomes.push(await this.delete(caller, projectId, path));
      } catch (error) {
        if (!(error instanceof ExpungeError)) throw error;
        const outcome = error.code === "file-not-found" ? "absent" : "failed";
        outcomes.push({ path, outcome, code: error.code });
      }
    }
    return outcomes;
  }

  /** What is recorded and what is really there. */
  async check(
    caller: Caller,
    projectId: string,
    paths: readonly string[],
  ): Promise<readonly FileCheck[]> {
    requireRight(caller, "projects:read");
    const project = this.#readable(await this.#projects.find(caller, projectId));
    const checks: FileCheck[] = [];
    for (const path of paths) {
      try {
        const file = await this.#row(project, path);
        const object = file.key === null || (await listKey(this.#context, file.key)) !== null;
        checks.push({ path, row: true, object });
      } catch (error) {
        if (!isExpungeError(error, "file-not-found")) throw error;
        checks.push({ path, row: false, object: false });
      }
    }
    return checks;
  }

  /** A row changes, no byte moves. @throws ExpungeError `file-exists`, `file-not-found`, ... */
  async move(caller: Caller, projectId: string, from: string, to: string): Promise<FileRow> {
    requireRight(caller, "projects:write");
    const project = refuseDeleted(await this.#projects.find(caller, projectId));
    return await this.#context.metadata.moveFile(
      project.uid,
      normalisePath(from),
      normalisePath(to),
    );
  }

  /** Active and trashed projects can be read; from `deleting` on 409, after it 410. */
  #readable(project: Project): Project {
    if (refuseDeleted(project).state !== "deleting") return project;
    throw new ExpungeError("project-not-active", "The project is being deleted.");
  }

  async #row(project: Project, path: string): Promise<FileRow> {
    const row = await this.#context.metadata.findFile(project.uid, normalisePath(path));
    if (!row) throw new ExpungeError("file-not-found", "There is no file at this path.");
    return row;
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {
  // An empty file is a row without an object (R1): there is nothing to read.
}
