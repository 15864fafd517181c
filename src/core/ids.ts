import { ExpungeError } from "./errors.ts";
import { itemAt } from "./item-at.ts";

/**
 * Lower-case Crockford base32 (no i, l, o, u). Source: https://www.crockford.com/base32.html
 */
export const CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz";

/** Length of a uid: 128 bits in base32, the two highest bits zero. */
export const UID_LENGTH = 26;

const UID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;
const SWEEP_ID = /^SWEEP-[0-9a-hjkmnp-tv-z]{12}$/;
const DELETION_ID = /^DELETE-[0-9a-hjkmnp-tv-z]{12}$/;

/**
 * Makes a uid: the 128 bits of a UUIDv7 (RFC 9562 section 5.7) in base32. It sorts by time.
 * @param nowMs milliseconds since the epoch
 * @param random ten random bytes
 */
export function makeUid(nowMs: number, random: Uint8Array): string {
  if (random.length < 10) throw new RangeError("makeUid needs ten random bytes");
  const bytes = new Uint8Array(16);
  let rest = Math.floor(nowMs);
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = (itemAt(bytes, 6) & 0x0f) | 0x70;
  bytes[8] = (itemAt(bytes, 8) & 0x3f) | 0x80;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < UID_LENGTH; i++) {
    text = CROCKFORD.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}

/** Whether a string has the shape of a uid: no project id may have it. */
export function isUid(text: string): boolean {
  return UID.test(text);
}

/** `DELETE-` and 12 base32 characters (60 random bits). @param random twelve random bytes */
export function makeDeletionId(random: Uint8Array): string {
  return `DELETE-${randomText(random, 12)}`;
}

/** `AUDIT-` and 12 base32 characters. @param random twelve random bytes */
export function makeAuditId(random: Uint8Array): string {
  return `AUDIT-${randomText(random, 12)}`;
}

/** `ADOPT-` and 12 base32 characters. @param random twelve random bytes */
export function makeAdoptionId(random: Uint8Array): string {
  return `ADOPT-${randomText(random, 12)}`;
}

/** `RELAYOUT-` and 12 base32 characters. @param random twelve random bytes */
export function makeRelayoutId(random: Uint8Array): string {
  return `RELAYOUT-${randomText(random, 12)}`;
}

export function isDeletionId(text: string): boolean {
  return DELETION_ID.test(text);
}

/** `SWEEP-` and 12 base32 characters. @param random twelve random bytes */
export function makeSweepId(random: Uint8Array): string {
  return `SWEEP-${randomText(random, 12)}`;
}

export function isSweepId(text: string): boolean {
  return SWEEP_ID.test(text);
}

/** As many base32 characters as asked, one per random byte. */
export function randomText(random: Uint8Array, length: number): string {
  if (random.length < length) throw new RangeError(`randomText needs ${length} random bytes`);
  let text = "";
  for (const byte of random.subarray(0, length)) text += CROCKFORD.charAt(byte & 31);
  return text;
}

/**
 * The form of project ids: a literal prefix, then `minLength` to `maxLength` characters of a class;
 * `separators` may stand singly between two of them and count towards the length.
 */
export interface IdFormat {
  readonly prefix: string;
  readonly chars: ReadonlySet<string>;
  readonly separators: ReadonlySet<string>;
  readonly minLength: number;
  readonly maxLength: number;
  /** How it is written, for messages. */
  readonly text: string;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const ALPHANUMERIC = `${LETTERS.toUpperCase()}${LETTERS}0123456789`;
const MAX_ID_LENGTH = 63;

/** `[A-Za-z0-9]([-_]?[A-Za-z0-9])*`, 1 to 63 characters. */
export const DEFAULT_ID_FORMAT: IdFormat = {
  prefix: "",
  chars: new Set(ALPHANUMERIC),
  separators: new Set("-_"),
  minLength: 1,
  maxLength: MAX_ID_LENGTH,
  text: "[A-Za-z0-9]([-_]?[A-Za-z0-9])*, 1 to 63 characters",
};

const FORMAT = /^([A-Za-z0-9_-]*)\[([A-Za-z0-9_-]+)\]\{(\d{1,2})(?:,(\d{1,2}))?\}$/;

/**
 * Reads a declared form such as `proj_[0-9a-f]{12}` or `p[a-z0-9]{4,20}`: a literal prefix, a class of
 * ASCII letters, digits, `-` and `_`, and one length or a range of lengths.
 * @throws ExpungeError `invalid-config`
 */
export function parseIdFormat(text: string): IdFormat {
  const match = FORMAT.exec(text);
  if (!match) {
    throw badFormat(text, "write a literal prefix, a class and its length: 'proj_[0-9a-f]{12}'");
  }
  const [, prefix = "", body = "", min = "", max = min] = match;
  const format: IdFormat = {
    prefix,
    chars: expandClass(text, body),
    separators: new Set(),
    minLength: Number(min),
    maxLength: Number(max),
    text,
  };
  if (format.minLength < 1) throw badFormat(text, "the class needs at least one character");
  if (format.maxLength < format.minLength) throw badFormat(text, "the lengths are in wrong order");
  if (prefix.length + format.maxLength > MAX_ID_LENGTH) {
    throw badFormat(text, `an id may have ${MAX_ID_LENGTH} characters at most`);
  }
  if (format.minLength === format.maxLength && charUnlikeUid(format, format.minLength) === null) {
    throw badFormat(text, "every such id would have the shape of a uid");
  }
  return format;
}

/**
 * A character that keeps ids of this length from having the shape of a uid, wherever the others come
 * from, if it is the first one after the prefix; null where there is none.
 */
function charUnlikeUid(format: IdFormat, length: number): string | null {
  const unlike = (char: string): boolean => !isUid(format.prefix + char.repeat(length));
  return [...format.chars].find(unlike) ?? null;
}

function expandClass(text: string, body: string): Set<string> {
  const chars = new Set<string>();
  for (let i = 0; i < body.length; i++) {
    const from = body.charCodeAt(i);
    if (body[i + 1] === "-" && i + 2 < body.length) {
      const to = body.charCodeAt(i + 2);
      if (to < from) throw badFormat(text, `the range '${body.slice(i, i + 3)}' is empty`);
      for (let code = from; code <= to; code++) chars.add(String.fromCharCode(code));
      i += 2;
    } else chars.add(String.fromCharCode(from));
  }
  const strange = [...chars].find((char) => !/[A-Za-z0-9_-]/.test(char));
  if (strange !== undefined) throw badFormat(text, `'${strange}' may not stand in an id`);
  return chars;
}

function badFormat(text: string, why: string): ExpungeError {
  return new ExpungeError("invalid-config", `projectId '${text}' cannot be used: ${why}`);
}

/** Whether an id has the declared form. An id that has the shape of a uid never does. */
export function isProjectId(format: IdFormat, id: string): boolean {
  if (!id.startsWith(format.prefix) || isUid(id)) return false;
  const body = id.slice(format.prefix.length);
  if (body.length < format.minLength || body.length > format.maxLength) return false;
  let afterSeparator = true;
  for (const char of body) {
    if (format.chars.has(char)) afterSeparator = false;
    else if (format.separators.has(char) && !afterSeparator) afterSeparator = true;
    else return false;
  }
  return !afterSeparator;
}

/** @throws ExpungeError `invalid-project-id` */
export function assertProjectId(format: IdFormat, id: string): void {
  if (isProjectId(format, id)) return;
  const why = isUid(id) ? "it has the shape of a uid" : `it is not of the form ${format.text}`;
  throw new ExpungeError(
    "invalid-project-id",
    `The project id '${id.slice(0, 80)}' is refused: ${why}.`,
  );
}

/** Length of the ids that expunge makes itself, where the format allows it. */
const GENERATED_LENGTH = 20;

/** Makes an id of the declared form. @param random at least 64 random bytes */
export function makeProjectId(format: IdFormat, random: Uint8Array): string {
  const chars = [...format.chars].filter((char) => /[a-z0-9]/.test(char));
  const alphabet = chars.length >= 10 ? chars : [...format.chars];
  let length = Math.min(Math.max(GENERATED_LENGTH, format.minLength), format.maxLength);
  if (format.prefix.length + length === UID_LENGTH && length < format.maxLength) length++;
  if (random.length < length) throw new RangeError("makeProjectId needs more random bytes");
  let body = "";
  for (const byte of random.subarray(0, length)) body += alphabet[byte % alphabet.length];
  if (!isUid(format.prefix + body)) return format.prefix + body;
  // Where no character helps, an id shorter by one does: `parseIdFormat` refuses other forms.
  return `${format.prefix}${charUnlikeUid(format, length) ?? ""}${body.slice(1)}`;
}
