import { type Caller, requireRight } from "../../core/caller.ts";
import { ExpungeError, isExpungeError } from "../../core/errors.ts";
import { isUid } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Instant, Project, Upload } from "../../core/model.ts";
import { partBytes } from "../../core/parts.ts";
import { normalisePath } from "../../core/paths.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { Committed } from "../../ports/metadata/index.ts";
import type { Part, SignedRequest } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import { makeOnce, type Once } from "../idempotency.ts";
import { type Projects, refuseDeleted } from "../projects.ts";
import { endUpload } from "./ending.ts";
import { wasGivenOut } from "./ids.ts";
import { notOpen, type OpenUpload, openUpload, stillOpen } from "./opening.ts";
import { finishUpload, notActive } from "./making.ts";

export interface PartUrl extends SignedRequest {
  readonly expiresAt: Instant;
}

/** A part URL of our own server, taken apart. */
export interface SignedPart {
  readonly projectUid: string;
  readonly uploadId: string;
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly expiresAt: Instant;
  readonly tag: string;
}

type DirectUpload = Upload & { readonly sizeBytes: number };

/** Direct uploads: the caller sends the parts by signed URLs, and only expunge completes (R1). */
export class Uploads {
  readonly #context: Context;
  readonly #projects: Projects;

  constructor(context: Context, projects: Projects) {
    this.#context = context;
    this.#projects = projects;
  }

  /** @throws ExpungeError `project-not-active`, `quota-exceeded`, `file-too-large`, `invalid-path` */
  async open(caller: Caller, projectId: string, input: OpenUpload): Promise<Upload> {
    return (await this.openOnce(caller, projectId, undefined, input)).made;
  }

  /**
   * The same, once for all requests with this key.
   * @throws ExpungeError as `open`; `idempotency-key-reused`; `upload-not-open` when the upload that
   * the key opened has ended
   */
  async openOnce(
    caller: Caller,
    projectId: string,
    idempotencyKey: string | undefined,
    input: OpenUpload,
  ): Promise<Once<Upload>> {
    requireRight(caller, "projects:write");
    const path = normalisePath(input.path);
    const project = refuseDeleted(await this.#projects.find(caller, projectId));
    if (project.state !== "active") throw notActive();
    return await makeOnce(this.#context, caller, idempotencyKey, {
      request: { openUpload: { projectUid: project.uid, ...input } },
      make: (idempotent) => openUpload(this.#context, project, { ...input, path }, idempotent),
      again: ({ resource }) => stillOpen(this.#context, project, resource),
    });
  }

  /** A request by which the caller sends one part. @throws ExpungeError `upload-not-open`, ... */
  async partUrl(
    caller: Caller,
    projectId: string,
    uploadId: string,
    partNumber: number,
  ): Promise<PartUrl> {
    const { project, upload } = await this.#openUpload(caller, projectId, uploadId);
    const { sizeBytes, storeUploadId } = partOf(upload, partNumber);
    const { metadata, store, urlSigner } = this.#context;
    const expiresInMs = LIMITS.partUrlExpiryMs;
    const expiresAt = (await metadata.now()) + expiresInMs;
    const signed = await store.presignPart(
      upload.key,
      storeUploadId,
      partNumber,
      sizeBytes,
      expiresInMs,
    );
    if (signed) return { ...signed, expiresAt };
    const part = { projectUid: project.uid, uploadId, partNumber, sizeBytes, expiresAt };
    const query = new URLSearchParams({
      length: String(sizeBytes),
      expires: String(expiresAt),
      tag: urlSigner.sign(partText(part)),
    });
    const path = `/v1/upload-parts/${project.uid}/${uploadId}/${partNumber}`;
    return { url: `${path}?${query.toString()}`, headers: {}, expiresAt };
  }

  /**
   * Takes a part that came to a URL of our own server.
   * @throws ExpungeError `url-invalid`, `upload-not-open`, `size-mismatch`
   */
  async receivePart(
    part: SignedPart,
    body: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<Part> {
    const { metadata, store, urlSigner, inFlight } = this.#context;
    if (!urlSigner.verify(partText(part), part.tag)) {
      throw new ExpungeError("url-invalid", "The URL's signature does not match.");
    }
    if ((await metadata.now()) >= part.expiresAt) {
      throw new ExpungeError("url-invalid", "The URL has expired.");
    }
    const project = await metadata.findProjectByUid(part.projectUid);
    if (project?.state !== "active") throw notActive();
    const upload = await metadata.findUpload(part.projectUid, part.uploadId);
    if (upload?.state !== "open" || upload.storeUploadId === null) throw notOpen();
    const { key, storeUploadId } = upload;
    try {
      return await inFlight.run(part.projectUid, signal, (running) =>
        store.uploadPart(key, storeUploadId, part.partNumber, {
          body,
          sizeBytes: part.sizeBytes,
          signal: running,
        }),
      );
    } catch (error) {
      if (isStoreError(error, "no-such-upload")) throw notOpen();
      if (!isStoreError(error, "invalid-part")) throw error;
      throw new ExpungeError("size-mismatch", "The part does not have the size that was signed.");
    }
  }

  /** The parts that have arrived, for a caller that goes on with an upload. */
  async listParts(caller: Caller, projectId: string, uploadId: string): Promise<readonly Part[]> {
    const { upload } = await this.#openUpload(caller, projectId, uploadId);
    return await this.#parts(upload);
  }

  /**
   * Makes the file. Count and size are checked against the declaration by listing the parts; repeated
   * it answers the same file.
   * @throws ExpungeError `size-mismatch`, `upload-not-open`, `upload-not-found`, `project-not-active`
   */
  async complete(
    caller: Caller,
    projectId: string,
    uploadId: string,
    claimed?: readonly { readonly partNumber: number; readonly etag: string }[],
  ): Promise<Committed> {
    requireRight(caller, "projects:write");
    const project = refuseDeleted(await this.#projects.find(caller, projectId));
    const { metadata } = this.#context;
    const done = isUid(uploadId) ? await metadata.findCommitted(project.uid, uploadId) : null;
    if (done) return { file: done, created: false, replacedKey: null };
    const upload = await this.#uploadOrEnded(project, uploadId);
    if (project.state !== "active") throw notActive();
    if (upload.state === "aborting") throw notOpen();
    const { storeUploadId } = upload;
    if (storeUploadId === null) return await this.#commitEmpty(upload);
    // After an earlier Complete the parts are gone; then the key is what tells.
    const parts = upload.state === "completing" ? [] : await this.#parts(upload);
    if (upload.state === "open") checkParts(upload, parts, claimed);
    const committed = await finishUpload(
      this.#context,
      { ...upload, storeUploadId },
      parts.length > 0 ? parts : await this.#partsIfAny(upload),
      { sizeBytes: upload.sizeBytes, sha256: null },
    );
    this.#context.log.info({ project: project.uid, file: committed.file.uid }, "upload completed");
    return committed;
  }

  /** Idempotent. @throws ExpungeError `upload-not-found`, `upload-not-open` once committed */
  async abort(caller: Caller, projectId: string, uploadId: string): Promise<void> {
    requireRight(caller, "projects:write");
    const project = refuseDeleted(await this.#projects.find(caller, projectId));
    await this.#upload(project, uploadId);
    if (project.state !== "active") throw notActive();
    if (await this.#context.metadata.findCommitted(project.uid, uploadId)) throw notOpen();
    await endUpload(this.#context, uploadId);
  }

  async #commitEmpty(upload: Upload): Promise<Committed> {
    await this.#context.metadata.beginCompleting(upload.id);
    return await this.#context.metadata.commitUpload(upload.id, {
      sizeBytes: 0,
      sha256: null,
      etag: upload.fileUid,
    });
  }

  async #openUpload(
    caller: Caller,
    projectId: string,
    uploadId: string,
  ): Promise<{ project: Project; upload: DirectUpload }> {
    requireRight(caller, "projects:write");
    const project = refuseDeleted(await this.#projects.find(caller, projectId));
    if (project.state !== "active") throw notActive();
    const upload = await this.#upload(project, uploadId);
    if (upload.state !== "open") throw notOpen();
    return { project, upload };
  }

  async #upload(project: Project, uploadId: string): Promise<DirectUpload> {
    const { metadata } = this.#context;
    const upload = isUid(uploadId) ? await metadata.findUpload(project.uid, uploadId) : null;
    // Of a body that expunge itself takes in, the size may be null; the caller knows nothing of it.
    if (!upload?.direct || upload.sizeBytes === null) {
      throw new ExpungeError("upload-not-found", "There is no such upload.");
    }
    return { ...upload, sizeBytes: upload.sizeBytes };
  }

  /** @throws ExpungeError `upload-not-open` where its row is gone, `upload-not-found` where none ever was */
  async #uploadOrEnded(project: Project, uploadId: string): Promise<DirectUpload> {
    try {
      return await this.#upload(project, uploadId);
    } catch (error) {
      const isGone = isExpungeError(error, "upload-not-found");
      throw isGone && wasGivenOut(this.#context, project.uid, uploadId) ? notOpen() : error;
    }
  }

  async #parts(upload: Upload): Promise<readonly Part[]> {
    if (upload.storeUploadId === null) return [];
    try {
      return await this.#context.store.listParts(upload.key, upload.storeUploadId);
    } catch (error) {
      if (isStoreError(error, "no-such-upload")) throw notOpen();
      throw error;
    }
  }

  async #partsIfAny(upload: Upload): Promise<readonly Part[]> {
    try {
      return await this.#parts(upload);
    } catch (error) {
      if (error instanceof ExpungeError) return [];
      throw error;
    }
  }
}

/** A part that the caller may send; an empty file has none. */
function partOf(
  { storeUploadId, sizeBytes, partSizeBytes }: DirectUpload,
  partNumber: number,
): { readonly sizeBytes: number; readonly storeUploadId: string } {
  const partSize = partBytes(sizeBytes, partSizeBytes, partNumber);
  if (partSize > 0 && storeUploadId !== null) return { sizeBytes: partSize, storeUploadId };
  throw new ExpungeError("invalid-request", `The upload has no part ${partNumber}.`);
}

function checkParts(
  upload: DirectUpload,
  parts: readonly Part[],
  claimed: readonly { readonly partNumber: number; readonly etag: string }[] | undefined,
): void {
  const declared = upload.sizeBytes;
  const count = Math.ceil(declared / upload.partSizeBytes);
  const arrived = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const numbered = parts.every((part, i) => part.partNumber === i + 1);
  if (parts.length !== count || arrived !== declared || !numbered) {
    throw new ExpungeError(
      "size-mismatch",
      `${count} parts with ${declared} bytes were declared; ${parts.length} with ${arrived} are there.`,
      { details: { missing: missingParts(parts, count) } },
    );
  }
  const unquoted = (etag: string): string => etag.replaceAll('"', "");
  for (const { partNumber, etag } of claimed ?? []) {
    const part = parts.find((candidate) => candidate.partNumber === partNumber);
    if (part && unquoted(part.etag) === unquoted(etag)) continue;
    throw new ExpungeError("size-mismatch", `Part ${partNumber} is not the one that was named.`);
  }
}

function missingParts(parts: readonly Part[], count: number): readonly number[] {
  const there = new Set(parts.map(({ partNumber }) => partNumber));
  const all = Array.from({ length: count }, (_, i) => i + 1);
  return all.filter((number) => !there.has(number)).slice(0, LIMITS.residueShown);
}

function partText(part: Omit<SignedPart, "tag">): string {
  const { projectUid, uploadId, partNumber, sizeBytes, expiresAt } = part;
  return ["part", projectUid, uploadId, partNumber, sizeBytes, expiresAt].join("\n");
}
