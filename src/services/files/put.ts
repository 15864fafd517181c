import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Metadata, Project } from "../../core/model.ts";
import { planParts } from "../../core/parts.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { Committed, FilePrecondition } from "../../ports/metadata/index.ts";
import type { Part } from "../../ports/object-store.ts";
import { bodyOf } from "../bytes.ts";
import type { Context } from "../context.ts";
import { endAfterFailure } from "../uploads/ending.ts";
import {
  beginUpload,
  enqueueRemovals,
  finishUpload,
  newUid,
  newUpload,
  notActive,
  type StoredUpload,
} from "../uploads/making.ts";
import { Body, type Checksums } from "./body.ts";

export interface PutFile {
  /** Normalised (core/paths.ts). */
  readonly path: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Null where it was not announced. */
  readonly sizeBytes: number | null;
  readonly contentType: string;
  readonly metadata: Metadata;
  readonly checksums: Checksums;
  readonly precondition?: FilePrecondition;
}

/** Stores a body as a file, by create, UploadPart and Complete, however small it is (R1). */
export async function putFile(
  context: Context,
  project: Project,
  input: PutFile,
  signal: AbortSignal,
): Promise<Committed> {
  if (project.state !== "active") throw notActive();
  const body = new Body(input.body, input.checksums, signal);
  try {
    if (input.sizeBytes === 0 || (input.sizeBytes === null && (await body.isAtEnd()))) {
      return await putEmpty(context, project, input, body);
    }
    return await putBytes(context, project, input, body, signal);
  } finally {
    await body.cancel();
  }
}

async function putEmpty(
  context: Context,
  project: Project,
  input: PutFile,
  body: Body,
): Promise<Committed> {
  if (!(await body.isAtEnd())) throw sizeMismatch(0);
  const fileUid = await newUid(context);
  const committed = await context.metadata.commitEmptyFile({
    projectUid: project.uid,
    path: input.path,
    fileUid,
    contentType: input.contentType,
    metadata: input.metadata,
    sha256: body.finish(),
    etag: fileUid,
    ...(input.precondition ? { precondition: input.precondition } : {}),
  });
  if (committed.replacedKey !== null) await enqueueRemovals(context, project.uid);
  return committed;
}

async function putBytes(
  context: Context,
  project: Project,
  input: PutFile,
  body: Body,
  signal: AbortSignal,
): Promise<Committed> {
  const capabilities = await context.store.capabilities();
  // A store that takes a whole file in one part need not assemble it afterwards.
  const wished =
    input.sizeBytes !== null && capabilities.partBytesMax >= LIMITS.fileBytesMax
      ? input.sizeBytes
      : LIMITS.partBytesDefault;
  const partSizeBytes =
    input.sizeBytes === null
      ? LIMITS.bufferedPartBytes
      : planParts(input.sizeBytes, capabilities, wished).partSizeBytes;
  const unopened = await newUpload(context, project, input, { partSizeBytes, direct: false });
  const upload = await beginUpload(context, unopened);
  let parts: readonly Part[];
  let sha256: string;
  try {
    parts = await sendParts(context, upload, body, signal);
    if (input.sizeBytes !== null && !(await body.isAtEnd())) throw sizeMismatch(input.sizeBytes);
    sha256 = body.finish();
  } catch (error) {
    await endAfterFailure(context, upload);
    // The fence, or an abort from elsewhere, has ended it in the store.
    if (isStoreError(error, "no-such-upload")) throw notActive();
    throw error;
  }
  const precondition = input.precondition ? { precondition: input.precondition } : {};
  return await finishUpload(context, upload, parts, {
    sizeBytes: body.sizeBytes,
    sha256,
    ...precondition,
  });
}

async function sendParts(
  context: Context,
  upload: StoredUpload,
  body: Body,
  signal: AbortSignal,
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (let number = 1; number <= LIMITS.partsMax; number++) {
    signal.throwIfAborted();
    if (upload.sizeBytes === null) {
      parts.push(await sendBuffered(context, upload, number, body, signal));
      if (await body.isAtEnd()) return parts;
      continue;
    }
    const left = upload.sizeBytes - body.sizeBytes;
    if (left === 0) return parts;
    const sizeBytes = Math.min(left, upload.partSizeBytes);
    const part = await sendStreamed(context, upload, number, body, sizeBytes, signal);
    if (part === "short") throw sizeMismatch(upload.sizeBytes);
    parts.push(part);
  }
  throw new ExpungeError(
    "file-too-large",
    "The body is too large to be taken without a Content-Length; announce its size.",
  );
}

/** Streams one part, or finds the body too short; it is not sent twice: its failure is the upload's. */
async function sendStreamed(
  context: Context,
  upload: StoredUpload,
  partNumber: number,
  body: Body,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<Part | "short"> {
  const before = body.sizeBytes;
  const isWhole = sizeBytes === upload.sizeBytes;
  try {
    return await context.store.uploadPart(upload.key, upload.storeUploadId, partNumber, {
      body: body.take(sizeBytes),
      sizeBytes,
      ...(isWhole ? { sha256: () => body.sha256() } : {}),
      signal,
    });
  } catch (error) {
    const isShort = body.sizeBytes - before < sizeBytes && isStoreError(error, "invalid-part");
    if (isShort) return "short";
    throw error;
  }
}

/** Holds one part in memory, since its size must be known before it is sent. */
async function sendBuffered(
  context: Context,
  upload: StoredUpload,
  partNumber: number,
  body: Body,
  signal: AbortSignal,
): Promise<Part> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.take(upload.partSizeBytes)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return await context.store.uploadPart(upload.key, upload.storeUploadId, partNumber, {
    body: bodyOf(bytes),
    again: () => bodyOf(bytes),
    sizeBytes: bytes.length,
    signal,
  });
}

function sizeMismatch(sizeBytes: number): ExpungeError {
  return new ExpungeError(
    "size-mismatch",
    `The body does not have the ${sizeBytes} bytes that were announced.`,
  );
}
