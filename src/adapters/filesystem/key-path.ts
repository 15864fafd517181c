import { isUtf8 } from "node:buffer";
import { fromUtf8, utf8Length } from "../../core/encoding.ts";

/**
 * Keys and the names of files. A key's segment is the name itself, but for what a file system cannot
 * hold: an empty segment is `%_`, `.` and `..` are `%2E` and `%2E%2E`, a NUL is `%00`. A segment that
 * reads like one of these has its `%` written `%25`. What is longer than a name may be continues in
 * directories whose names end in `%+`.
 *
 * Files that others put there are objects as well. A name that is not exactly what we would have
 * written stands for itself (`%41` is the key `%41`); one that is not UTF-8 has its foreign bytes, and
 * every `%`, as `%XX` in the key. So every name gives one key; where two names give the same key,
 * they are one object to every call, and `remove` removes both.
 */

const NAME_BYTES_MAX = 255;
const CONTINUES = "%+";
const CHUNK_BYTES_MAX = NAME_BYTES_MAX - CONTINUES.length;
/** A character has 4 bytes at most, so a chunk ends at most 3 short of its limit. */
const CHUNK_BYTES_MIN = CHUNK_BYTES_MAX - 3;

const WHOLE = new Map([
  ["", "%_"],
  [".", "%2E"],
  ["..", "%2E%2E"],
]);
const WHOLE_BACK = new Map([...WHOLE].map(([segment, name]) => [name, segment]));

/** What Windows takes for something else than a name; refused there, since it could leave the root. */
const NOT_ON_WINDOWS =
  /[\p{Cc}<>:"\\|?*]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.|$)/iu;

/** The names, all but the last of directories, that a segment of a key is written as. */
export function namesOf(segment: string): readonly string[] {
  return split(escape(segment));
}

/** Whether this system's file systems can hold the segment. */
export function isHoldable(segment: string, platform: string = process.platform): boolean {
  return platform !== "win32" || !NOT_ON_WINDOWS.test(segment);
}

/** Whether a directory's name says that a segment continues in it; others may use such names, too. */
export function isChunk(name: Buffer): boolean {
  const bytes = name.length - CONTINUES.length;
  if (bytes < CHUNK_BYTES_MIN || bytes > CHUNK_BYTES_MAX || !isUtf8(name)) return false;
  return name.subarray(bytes).equals(Buffer.from(CONTINUES));
}

/**
 * How many of the chunks are names of their own, when `name` is found behind them: the rest of them
 * and the name are one segment, cut up by us. Everything that reads or finds files decides by this
 * one function where one segment ends and the next begins.
 */
export function ownChunks(chunks: readonly Buffer[], name: Buffer): number {
  for (let own = 0; own < chunks.length; own++) {
    if (writtenSegment([...chunks.slice(own), name]) !== null) return own;
  }
  return chunks.length;
}

/** The segment that these names stand for: chunks of one that we cut up, or just a name. */
export function segmentOf(chunks: readonly Buffer[], name: Buffer): string {
  return writtenSegment([...chunks, name]) ?? foreignSegment(name);
}

/** Every sequence of names that could stand for the segment; the first is how we would write it. */
export function candidatesOf(segment: string): readonly (readonly Buffer[])[] {
  const written = namesOf(segment).map((name) => Buffer.from(name));
  const others = [Buffer.from(segment), foreignBytes(segment)]
    .filter((name): name is Buffer => name !== null && isName(name))
    .filter((name) => segmentOf([], name) === segment)
    .filter((name) => written.length > 1 || !written[0]?.equals(name));
  return [written, ...others.map((name) => [name])];
}

function isName(name: Buffer): boolean {
  const isSpecial = name.length === 0 || name.equals(DOT) || name.equals(DOT_DOT);
  return !isSpecial && name.length <= NAME_BYTES_MAX && !name.includes(0) && !name.includes("/");
}

const DOT = Buffer.from(".");
const DOT_DOT = Buffer.from("..");

/** The segment, if we would have written it in exactly these names. */
function writtenSegment(names: readonly Buffer[]): string | null {
  if (!names.every((name) => isUtf8(name))) return null;
  const texts = names.map((name) => fromUtf8(name));
  const last = texts.length - 1;
  const joined = texts.map((text, i) => (i < last ? text.slice(0, -CONTINUES.length) : text));
  const segment = unescape(joined.join(""));
  const again = namesOf(segment);
  const isSame = again.length === texts.length && again.every((name, i) => name === texts[i]);
  return isSame ? segment : null;
}

function foreignSegment(name: Buffer): string {
  if (isUtf8(name)) return fromUtf8(name);
  let segment = "";
  for (let at = 0; at < name.length;) {
    const length = charLength(name, at);
    const char = name.subarray(at, at + length);
    const isPlain = isUtf8(char) && char[0] !== 0x25;
    segment += isPlain ? fromUtf8(char) : percent(name[at] ?? 0);
    at += isPlain ? length : 1;
  }
  return segment;
}

/** The bytes of a name that is not UTF-8 and has this segment, or null. */
function foreignBytes(segment: string): Buffer | null {
  if (!/%[89A-F][0-9A-F]/.test(segment)) return null;
  const pieces = segment.split(/(%[0-9A-F]{2})/).map((piece, i) => {
    return i % 2 === 1 ? Buffer.from(piece.slice(1), "hex") : Buffer.from(piece);
  });
  const name = Buffer.concat(pieces);
  return isUtf8(name) ? null : name;
}

/** How many bytes the character has that begins here, as its first byte says. */
function charLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

function escape(segment: string): string {
  const whole = WHOLE.get(segment);
  if (whole !== undefined) return whole;
  if (WHOLE_BACK.has(segment)) return `%25${segment.slice(1)}`;
  return segment.replaceAll(/%(?=00|25|\+$)/g, "%25").replaceAll("\0", "%00");
}

function unescape(name: string): string {
  const whole = WHOLE_BACK.get(name);
  if (whole !== undefined) return whole;
  return name.replaceAll(/%(?:00|25)/g, (found) => (found === "%00" ? "\0" : "%"));
}

function split(name: string): readonly string[] {
  const names: string[] = [];
  let rest = name;
  while (utf8Length(rest) > NAME_BYTES_MAX) {
    let chunk = "";
    let bytes = 0;
    for (const char of rest) {
      bytes += utf8Length(char);
      if (bytes > CHUNK_BYTES_MAX) break;
      chunk += char;
    }
    names.push(chunk + CONTINUES);
    rest = rest.slice(chunk.length);
  }
  return [...names, rest];
}
