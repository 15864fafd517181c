import type {
  FileChecksJson,
  FileJson,
  FileOutcomesJson,
  SignedUrlJson,
} from "../http/schema/index.ts";
import { filePath, projectPath } from "./addresses.ts";
import { isExpungeClientError } from "./error.ts";
import { contentOf, type FileContent, type FileFacts, factsOf } from "./file-content.ts";
import { type Page, type PageOptions, readAll, readPage } from "./pages.ts";
import type { Body, CallOptions, Transport } from "./transport.ts";

/** What must hold of a file for a call to do anything; else it fails with `precondition-failed`. */
export interface Precondition {
  /** The ETag that the file has now. */
  readonly ifMatch?: string | undefined;
}

/** How a file is stored. */
export interface PutOptions extends CallOptions, Precondition {
  /** Only where there is no file yet. */
  readonly ifAbsent?: boolean | undefined;
  /** The type of a Blob, else `application/octet-stream`, by default. */
  readonly contentType?: string | undefined;
  /** Of a stream: announced, so that a file that is too large is refused before it is sent. */
  readonly sizeBytes?: number | undefined;
  /** SHA-256 of the body, in hex or base64; the service refuses what does not have it. */
  readonly sha256?: string | undefined;
}

/** How a file is read. */
export interface GetOptions extends CallOptions, Precondition {
  /** The first and the last byte, both of them included; without `end` up to the file's end. */
  readonly range?: { readonly start: number; readonly end?: number | undefined } | undefined;
  /** An ETag that is there already: then the answer has no body, and `isNotModified` is true. */
  readonly ifNoneMatch?: string | undefined;
}

/** `deleted`: the object is verified gone; `pending`: the row is gone, the object being removed. */
export interface FileRemoval {
  readonly path: string;
  readonly outcome: "deleted" | "pending";
}

/** Files of a project, named by their paths. */
export class Files {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Stores a file, replacing the one that is there. A body that is no stream is sent again where the
   * first attempt did not arrive, unless there is a precondition: it would not hold for a second one.
   * @throws ExpungeClientError `precondition-failed`, `checksum-mismatch`, `quota-exceeded`,
   *   `file-too-large`, `project-not-active`, `project-held`, `invalid-path`
   */
  async put(
    projectId: string,
    path: string,
    body: Body,
    options: PutOptions = {},
  ): Promise<FileJson> {
    const { signal, ifMatch, ifAbsent, contentType, sizeBytes, sha256 } = options;
    return await this.#transport.json({
      signal,
      method: "PUT",
      path: filePath(projectId, path),
      body,
      isIdempotent: ifMatch === undefined && ifAbsent !== true,
      headers: {
        "content-type": contentType ?? typeOf(body),
        "content-length": sizeBytes === undefined ? undefined : String(sizeBytes),
        "if-match": ifMatch === undefined ? undefined : quoted(ifMatch),
        "if-none-match": ifAbsent === true ? "*" : undefined,
        "x-checksum-sha256": sha256,
      },
    });
  }

  /**
   * Reads a file, or a range of it, as a stream.
   * @throws ExpungeClientError `file-not-found`, `range-not-satisfiable`, `precondition-failed`
   */
  async get(projectId: string, path: string, options: GetOptions = {}): Promise<FileContent> {
    const { signal, range, ifMatch, ifNoneMatch } = options;
    const response = await this.#transport.send({
      signal,
      path: filePath(projectId, path),
      headers: {
        range: range ? `bytes=${range.start}-${range.end ?? ""}` : undefined,
        "if-match": ifMatch === undefined ? undefined : quoted(ifMatch),
        "if-none-match": ifNoneMatch === undefined ? undefined : quoted(ifNoneMatch),
      },
    });
    return contentOf(response);
  }

  /** What is known of a file, without its bytes. @throws ExpungeClientError `file-not-found` */
  async head(projectId: string, path: string, options: CallOptions = {}): Promise<FileFacts> {
    const call = { method: "HEAD", path: filePath(projectId, path) } as const;
    try {
      return factsOf(await this.#transport.send({ ...options, ...call }));
    } catch (error) {
      if (!isExpungeClientError(error) || error.status === 0) throw error;
      // An answer to HEAD has no body, and so no problem: the same as GET says what is wrong.
      const { body: _, ...facts } = await this.get(projectId, path, options);
      await facts.cancel();
      return facts;
    }
  }

  /** One page of a project's files, by path. */
  async list(
    projectId: string,
    options: PageOptions & { readonly prefix?: string | undefined } = {},
  ): Promise<Page<FileJson>> {
    const path = `${projectPath(projectId)}/files`;
    return await readPage(this.#transport, path, options, { prefix: options.prefix });
  }

  /** All files of a project, page by page as they are taken. */
  all(
    projectId: string,
    options: CallOptions & { readonly prefix?: string | undefined } = {},
  ): AsyncGenerator<FileJson, void, undefined> {
    const path = `${projectPath(projectId)}/files`;
    return readAll(this.#transport, path, options, { prefix: options.prefix });
  }

  /**
   * Deletes a file, and answers once its object is verified gone or the service has waited long enough.
   * @throws ExpungeClientError `file-not-found`, `precondition-failed`, `project-held`
   */
  async delete(
    projectId: string,
    path: string,
    options: CallOptions & Precondition = {},
  ): Promise<FileRemoval> {
    const { signal, ifMatch } = options;
    const response = await this.#transport.send({
      signal,
      method: "DELETE",
      path: filePath(projectId, path),
      headers: { "if-match": ifMatch === undefined ? undefined : quoted(ifMatch) },
      // A second attempt would be told that there is no such file, which is no answer to the first.
      isIdempotent: false,
    });
    await response.body?.cancel();
    return { path, outcome: response.status === 204 ? "deleted" : "pending" };
  }

  /** Deletes several files; every path has its own outcome, so look at each. */
  async deleteMany(
    projectId: string,
    paths: readonly string[],
    options: CallOptions = {},
  ): Promise<FileOutcomesJson["outcomes"]> {
    const answer = await this.#ofPaths<FileOutcomesJson>(projectId, "files:delete", paths, options);
    return answer.outcomes;
  }

  /** For each path, whether there is a row and whether there really is an object. */
  async check(
    projectId: string,
    paths: readonly string[],
    options: CallOptions = {},
  ): Promise<FileChecksJson["files"]> {
    return (await this.#ofPaths<FileChecksJson>(projectId, "files:check", paths, options)).files;
  }

  /** Gives a file another path; no byte moves. @throws ExpungeClientError `file-exists` */
  async move(
    projectId: string,
    from: string,
    to: string,
    options: CallOptions = {},
  ): Promise<FileJson> {
    const path = `${projectPath(projectId)}/files:move`;
    return await this.#transport.json({ ...options, method: "POST", path, json: { from, to } });
  }

  /** Whether there is such a file: `head` for those who do not need its facts. */
  async exists(projectId: string, path: string, options: CallOptions = {}): Promise<boolean> {
    try {
      await this.head(projectId, path, options);
      return true;
    } catch (error) {
      if (isExpungeClientError(error, "file-not-found")) return false;
      throw error;
    }
  }

  async #ofPaths<T>(
    projectId: string,
    call: string,
    paths: readonly string[],
    options: CallOptions,
  ): Promise<T> {
    return await this.#transport.json({
      ...options,
      method: "POST",
      path: `${projectPath(projectId)}/${call}`,
      json: { paths },
      // Of a file that is deleted twice the second outcome is `absent`.
      isIdempotent: true,
    });
  }
}

/** Signed URLs, for browsers that have no token. */
export class Urls {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A URL by which anybody can read this file until it expires. */
  async sign(
    projectId: string,
    path: string,
    options: CallOptions & { readonly expiresInSeconds?: number | undefined } = {},
  ): Promise<SignedUrlJson> {
    const { signal, expiresInSeconds } = options;
    return await this.#transport.json({
      signal,
      method: "POST",
      path: `${projectPath(projectId)}/urls`,
      json: { path, expiresInSeconds },
      isIdempotent: true,
    });
  }
}

function typeOf(body: Body): string {
  const type = body instanceof Blob ? body.type : "";
  return type === "" ? "application/octet-stream" : type;
}

function quoted(etag: string): string {
  return etag === "*" || etag.startsWith('"') ? etag : `"${etag}"`;
}
