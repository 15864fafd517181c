import { LIMITS } from "../../core/limits.ts";
import { createHash } from "node:crypto";
import { randomText, UID_LENGTH } from "../../core/ids.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { Random } from "../../ports/clock.ts";
import type { Part, PartBody } from "../../ports/object-store.ts";
import { piecesOf } from "../part-body.ts";
import { ForeignFailure } from "./errors.ts";
import { joined, removeQuietly, syncDirectory, unlinkIfThere } from "./disk.ts";
import { writeDurably } from "./durable-file.ts";
import type { Tree } from "./tree.ts";
import { WHOLE } from "./upload-states.ts";

const NUMBER_DIGITS = 5;
const VERSION_DIGITS = 10;
const ETAG_CHARS = 32;
const PART = /^(\d{5})-(\d{10})-(\d{1,16})-([0-9a-f]{32})$/;

/** A part's file says by its name all that is to be known of it: listing reads no part. */
export interface HeldPart extends Part {
  readonly file: string;
  readonly version: number;
}

/**
 * The parts in the directory of an upload, by number. Of several with one number the last one counts;
 * of two that came at the same time, always the same.
 * @throws the system's error, `ENOENT` when the upload is not in this state
 */
export async function readParts(
  tree: Tree,
  directory: Buffer,
): Promise<ReadonlyMap<number, HeldPart>> {
  const parts = new Map<number, HeldPart>();
  for (const part of await allParts(tree, directory)) parts.set(part.partNumber, part);
  return parts;
}

/** Also those that were replaced, in the order of their names. */
async function allParts(tree: Tree, directory: Buffer): Promise<readonly HeldPart[]> {
  const names = await tree.fs.readdir(directory);
  return names.sort().flatMap((file) => {
    const [, number, version, size, etag] = PART.exec(file) ?? [];
    if (etag === undefined) return [];
    const sizeBytes = Number(size);
    return [{ file, partNumber: Number(number), version: Number(version), sizeBytes, etag }];
  });
}

/**
 * Writes a part into the directory of an open upload and answers when it would survive a power loss.
 * The directory is never made: where it is gone by now, so is the upload.
 * @throws StoreError `invalid-part`, or the system's error, `ENOENT` when the upload is not open
 */
export async function writePart(
  tree: Tree,
  random: Random,
  directory: Buffer,
  partNumber: number,
  part: PartBody,
): Promise<Part> {
  const temporary = joined(directory, temporaryName(random));
  const hash = hashOf(part);
  try {
    const sizeBytes = await writeDurably(tree.fs, temporary, hashed(part, hash));
    const etag = Buffer.from(hash.digest()).toString("hex").slice(0, ETAG_CHARS);
    const earlier = (await allParts(tree, directory)).filter(
      (each) => each.partNumber === partNumber,
    );
    const version = 1 + (earlier.at(-1)?.version ?? 0);
    const numbers = [digits(partNumber, NUMBER_DIGITS), digits(version, VERSION_DIGITS)];
    const file = [...numbers, sizeBytes, etag].join("-");
    await tree.fs.rename(temporary, joined(directory, file));
    for (const each of earlier) await unlinkIfThere(tree.fs, joined(directory, each.file));
    await syncDirectory(tree.fs, directory);
    return { partNumber, etag, sizeBytes };
  } catch (error) {
    await removeQuietly(tree.fs, temporary);
    throw error;
  }
}

interface Hashing {
  update(piece: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** Processors have instructions for SHA-256; even so it costs as much as all else, and is not done twice. */
function hashOf({ sha256 }: PartBody): Hashing {
  return sha256 ? { update: () => undefined, digest: sha256 } : createHash("sha256");
}

async function* hashed(part: PartBody, hash: Hashing): AsyncGenerator<Uint8Array> {
  const pieces = piecesOf(part);
  try {
    for (;;) {
      const next = await nextOf(pieces);
      if (next.done) return;
      hash.update(next.value);
      yield next.value;
    }
  } finally {
    await pieces.return(undefined);
  }
}

/** A body may read from a file or a socket itself: its `ENOENT` says nothing of the upload. */
async function nextOf(
  pieces: AsyncGenerator<Uint8Array>,
): Promise<IteratorResult<Uint8Array, unknown>> {
  try {
    return await pieces.next();
  } catch (error) {
    throw new ForeignFailure(error);
  }
}

/**
 * Makes one durable file, `whole`, of the parts: a single part is that already, several are copied
 * one after the other.
 * @throws the system's error, `ENOENT` when another has moved the upload on
 */
export async function assemble(
  tree: Tree,
  random: Random,
  directory: Buffer,
  parts: readonly HeldPart[],
): Promise<void> {
  const whole = joined(directory, WHOLE);
  const [first, second] = parts;
  if (first && !second) return await tree.fs.rename(joined(directory, first.file), whole);
  const temporary = joined(directory, temporaryName(random));
  try {
    await writeDurably(tree.fs, temporary, bytesOf(tree, directory, parts));
    await tree.fs.rename(temporary, whole);
  } catch (error) {
    await removeQuietly(tree.fs, temporary);
    throw error;
  }
}

async function* bytesOf(
  tree: Tree,
  directory: Buffer,
  parts: readonly HeldPart[],
): AsyncGenerator<Uint8Array> {
  for (const { file: name, sizeBytes } of parts) {
    const file = await tree.fs.open(joined(directory, name), "r");
    try {
      let left = sizeBytes;
      for (;;) {
        // A new one each time: the last one may still be on its way to the medium.
        const buffer = Buffer.allocUnsafeSlow(LIMITS.copyChunkBytes);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        left -= bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      if (left !== 0) throw damaged();
    } finally {
      await file.close();
    }
  }
}

function damaged(): StoreError {
  return new StoreError("io-error", "blocked", "A part on the disk has not the size it was given.");
}

function temporaryName(random: Random): string {
  return `tmp-${randomText(random.bytes(UID_LENGTH), UID_LENGTH)}`;
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
