import { LIMITS } from "../../core/limits.ts";
import { fromUtf8, utf8 } from "../../core/encoding.ts";
import { randomText, UID_LENGTH } from "../../core/ids.ts";
import type { Instant } from "../../core/model.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { Random } from "../../ports/clock.ts";
import { joined, renameIfThere, syncDirectory } from "./disk.ts";
import { writeDurably } from "./durable-file.ts";
import { hasErrno } from "./errors.ts";
import type { Tree } from "./tree.ts";

/**
 * The states of an upload are names of its directory, and only ever go forward:
 *
 *     <id>  ->  <id>.completing  ->  <id>.committing  ->  gone
 *      \________________\____________________\______->  <id>.aborted  ->  gone
 *
 * - `<id>` takes parts. They are written and renamed by this name, so that none can be added from the
 *   moment that it is not the directory's name any more.
 * - `<id>.completing` has all parts it will ever have; the object is put together in it as `whole`.
 * - `<id>.committing` has `whole`, until that is renamed to the key: the one step by which the object
 *   comes into being. Without `whole` the upload is completed, and what is left is to be removed.
 * - `<id>.aborted` is to be removed.
 *
 * A directory is renamed by one caller only, and nothing goes back. So whoever looks for the states in
 * this order cannot miss an upload that moves on meanwhile.
 */
export const STATES = ["", ".completing", ".committing"] as const;
export type UploadState = (typeof STATES)[number];

export const OPEN: UploadState = "";
export const COMPLETING: UploadState = ".completing";
export const COMMITTING: UploadState = ".committing";
export const ABORTED = ".aborted";

/** The assembled object in the directory of an upload. */
export const WHOLE = "whole";
const META = "meta.json";

const UPLOAD_ID = /^[0-9a-z]{26}$/;
const DIRECTORY = /^([0-9a-z]{26})(\.completing|\.committing|\.aborted)?$/;

export interface UploadMeta {
  readonly key: string;
  readonly contentType: string;
  readonly initiatedAt: Instant;
}

export function isUploadId(text: string): boolean {
  return UPLOAD_ID.test(text);
}

/** The upload that a directory below `.expunge/uploads/` belongs to, and its state; or null. */
export function parseDirectory(
  name: string,
): { readonly uploadId: string; readonly state: string } | null {
  const [, uploadId, state = OPEN] = DIRECTORY.exec(name) ?? [];
  return uploadId === undefined ? null : { uploadId, state };
}

export function directoryOf(tree: Tree, uploadId: string, state: UploadState): Buffer {
  return joined(tree.uploads, uploadId + state);
}

export function abortedDirectory(tree: Tree, uploadId: string): Buffer {
  return joined(tree.uploads, uploadId + ABORTED);
}

/**
 * Makes the directory of a new upload, once. It is filled elsewhere, so that it never lacks its key.
 * @throws the system's error
 */
export async function makeUpload(tree: Tree, random: Random, meta: UploadMeta): Promise<string> {
  const uploadId = randomText(random.bytes(UID_LENGTH), UID_LENGTH);
  const made = joined(tree.temporary, uploadId);
  await tree.checkMounted();
  try {
    await tree.fs.mkdir(made);
    await writeDurably(tree.fs, joined(made, META), [utf8(JSON.stringify(meta))]);
    await syncDirectory(tree.fs, made);
    await tree.fs.rename(made, directoryOf(tree, uploadId, OPEN));
  } catch (error) {
    await removeAll(tree, made);
    throw error;
  }
  await syncDirectory(tree.fs, tree.uploads);
  return uploadId;
}

/** What is known of an upload that is neither completed nor aborted, or null. */
export async function readMeta(tree: Tree, uploadId: string): Promise<UploadMeta | null> {
  if (!isUploadId(uploadId)) return null;
  for (const state of STATES) {
    const path = joined(directoryOf(tree, uploadId, state), META);
    try {
      return parseMeta(await tree.fs.readFile(path));
    } catch (error) {
      if (!hasErrno(error, "ENOENT")) throw error;
    }
  }
  return null;
}

/** Moves an upload from one state to the next. Answers false where it is not in that state. */
export async function moveOn(
  tree: Tree,
  uploadId: string,
  from: UploadState,
  to: UploadState,
): Promise<boolean> {
  const target = directoryOf(tree, uploadId, to);
  return await renameIfThere(tree.fs, directoryOf(tree, uploadId, from), target);
}

/** Removes a directory with all that is in it. */
export async function removeAll(tree: Tree, directory: Buffer): Promise<void> {
  const retries = {
    maxRetries: LIMITS.removeTreeRetriesMax,
    retryDelay: LIMITS.removeTreeRetryDelayMs,
  };
  await tree.fs.rm(directory, { recursive: true, force: true, ...retries });
}

function parseMeta(bytes: Uint8Array): UploadMeta {
  const value: unknown = JSON.parse(fromUtf8(bytes));
  const fields = new Map<string, unknown>(Object.entries(value ?? {}));
  const [key, contentType] = [fields.get("key"), fields.get("contentType")];
  const initiatedAt = fields.get("initiatedAt");
  if (
    typeof key === "string" &&
    typeof contentType === "string" &&
    typeof initiatedAt === "number"
  ) {
    return { key, contentType, initiatedAt };
  }
  throw new StoreError("io-error", "unknown", "The record of an upload cannot be read.");
}
