import { fromBase64Url, fromUtf8, toBase64Url, utf8, utf8Length } from "../core/encoding.ts";
import { LIMITS } from "../core/limits.ts";
import { StoreError } from "../core/store-errors.ts";
import type { ByteRange, Part } from "../ports/object-store.ts";

/** What every ObjectStore checks in the same way before it acts. */

export function noSuchKey(): StoreError {
  return new StoreError("no-such-key", "permanent", "There is no object of this key.");
}

export function noSuchUpload(): StoreError {
  return new StoreError("no-such-upload", "permanent", "The upload is not open, or never was.");
}

export function invalidPart(why: string): StoreError {
  return new StoreError("invalid-part", "permanent", why);
}

export function badRequest(why: string): StoreError {
  return new StoreError("bad-request", "permanent", why);
}

export function notSupported(why: string): StoreError {
  return new StoreError("not-supported", "permanent", why);
}

/** Why the key cannot be one, or null: 1 to 1,024 bytes of UTF-8 are asked for. */
export function keyProblem(key: string): string | null {
  if (!key.isWellFormed()) return "The key has a lone surrogate, which UTF-8 cannot express.";
  const bytes = utf8Length(key);
  if (bytes >= 1 && bytes <= LIMITS.keyBytesMax) return null;
  return `The key has ${bytes} bytes; 1 to ${LIMITS.keyBytesMax} are allowed.`;
}

/** @throws StoreError `invalid-key` */
export function checkKey(key: string): void {
  const problem = keyProblem(key);
  if (problem !== null) throw new StoreError("invalid-key", "permanent", problem);
}

/** Half a surrogate pair would match keys that do not start with its bytes. @throws StoreError */
export function checkPrefix(prefix: string): void {
  if (!prefix.isWellFormed()) throw badRequest("The prefix has a lone surrogate.");
}

/** The length of a page: what was asked for, and never more than the limit. @throws StoreError */
export function pageLimit(limit: number = LIMITS.listPageKeys): number {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw badRequest(`A page of ${limit} entries cannot be asked for.`);
  }
  return Math.min(limit, LIMITS.listPageKeys);
}

/** @throws StoreError `bad-request` */
export function checkRemoval(keys: readonly unknown[]): void {
  if (keys.length <= LIMITS.removeBatchKeys) return;
  throw badRequest(`${keys.length} keys in one removal; ${LIMITS.removeBatchKeys} are allowed.`);
}

/** @throws StoreError `invalid-part` */
export function checkPart(partNumber: number, sizeBytes: number): void {
  if (!Number.isSafeInteger(partNumber) || partNumber < 1 || partNumber > LIMITS.partsMax) {
    throw invalidPart(`Parts are numbered from 1 to ${LIMITS.partsMax}, not ${partNumber}.`);
  }
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > LIMITS.fileBytesMax) {
    throw invalidPart(`A part cannot have ${sizeBytes} bytes.`);
  }
}

/**
 * Holds the parts that a completion names against those that are there: in the order of their numbers,
 * each with its etag, all but the last of the least size.
 * @throws StoreError `invalid-part`
 */
export function chooseParts<P extends Part>(
  asked: readonly Part[],
  held: ReadonlyMap<number, P>,
  partBytesMin: number,
): readonly P[] {
  if (asked.length === 0) throw invalidPart("An upload cannot be completed without a part.");
  let before = 0;
  return asked.map(({ partNumber, etag }, i) => {
    if (partNumber <= before) throw invalidPart("The parts are not in the order of their numbers.");
    before = partNumber;
    const part = held.get(partNumber);
    if (!part) throw invalidPart(`Part ${partNumber} is missing.`);
    if (part.etag !== etag) throw invalidPart(`Part ${partNumber} has another etag.`);
    if (i < asked.length - 1 && part.sizeBytes < partBytesMin) {
      throw invalidPart(`Part ${partNumber} is smaller than ${partBytesMin} bytes.`);
    }
    return part;
  });
}

/** The range within an object, its end cut to the object's. @throws StoreError `invalid-range` */
export function clipRange(range: ByteRange | undefined, sizeBytes: number): ByteRange {
  if (range === undefined) return { start: 0, end: sizeBytes - 1 };
  const { start, end } = range;
  const isRange = Number.isSafeInteger(start) && start >= 0 && end >= start;
  if (isRange && start < sizeBytes) return { start, end: Math.min(end, sizeBytes - 1) };
  throw invalidRange(range, sizeBytes);
}

/** A range that must be there whole. @throws StoreError `invalid-range` */
export function checkRange(range: ByteRange, sizeBytes: number): void {
  if (clipRange(range, sizeBytes).end < range.end) throw invalidRange(range, sizeBytes);
}

function invalidRange({ start, end }: ByteRange, sizeBytes: number): StoreError {
  return new StoreError(
    "invalid-range",
    "permanent",
    `The object of ${sizeBytes} bytes has no bytes ${start} to ${end}.`,
  );
}

/** A position in a listing, bound to what was listed. */
export function encodeCursor(prefix: string, position: readonly string[]): string {
  return toBase64Url(utf8(JSON.stringify([prefix, ...position])));
}

/** @throws StoreError `bad-request` for what `encodeCursor` did not make of this prefix */
export function decodeCursor(cursor: string, prefix: string, length: number): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(fromBase64Url(cursor)));
  } catch {
    throw badRequest("The cursor is not one of this store.");
  }
  if (!isTexts(value) || value.length !== length + 1 || value[0] !== prefix) {
    throw badRequest("The cursor is not one of this listing.");
  }
  return value.slice(1);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
