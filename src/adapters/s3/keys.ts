import { utf8Length } from "../../core/encoding.ts";
import { LIMITS } from "../../core/limits.ts";
import { StoreError } from "../../core/store-errors.ts";
import { checkPrefix, keyProblem } from "../object-store-checks.ts";
import { BrokenReply } from "./failures.ts";

/** Our keys in the bucket: all of them behind the store's prefix. */
export class KeySpace {
  readonly prefix: string;

  constructor(prefix: string) {
    if (prefix !== "" && !prefix.endsWith("/")) throw new RangeError("a prefix ends in '/'");
    checkPrefix(prefix);
    this.prefix = prefix;
  }

  /**
   * Why the store cannot hold the key, or null. One with a NUL is never sent: Ceph refuses it before
   * it looks at it, and a server that takes it for the end of the text would remove another object.
   */
  problem(key: string): string | null {
    const problem = key.includes("\0") ? "The key has a NUL." : keyProblem(key);
    if (problem !== null) return problem;
    const bytes = utf8Length(this.prefix + key);
    if (bytes <= LIMITS.keyBytesMax) return null;
    return `The key has ${bytes} bytes with the store's prefix; ${LIMITS.keyBytesMax} are allowed.`;
  }

  /** The bucket's key. @throws StoreError `invalid-key` */
  of(key: string): string {
    const problem = this.problem(key);
    if (problem !== null) throw new StoreError("invalid-key", "permanent", problem);
    return this.prefix + key;
  }

  /** What to list: a prefix need not be a key. @throws StoreError `bad-request` */
  prefixOf(prefix: string): string {
    checkPrefix(prefix);
    return this.prefix + prefix;
  }

  /**
   * Our key of one that was listed below a prefix of ours; null for the object that has the store's
   * own prefix as its key, which consoles make to show a folder and which is not in our name space.
   * @throws BrokenReply for a key outside the prefix that was asked for
   */
  fromListed(bucketKey: string, prefix: string): string | null {
    if (!bucketKey.startsWith(this.prefix + prefix)) {
      throw new BrokenReply("a key outside the prefix was listed");
    }
    return bucketKey === this.prefix ? null : bucketKey.slice(this.prefix.length);
  }
}

/**
 * A text of a listing that was asked for with `encoding-type=url`. S3 encodes as forms do: `+` is a
 * space, and `%XX` a byte of UTF-8 (AWS S3 API reference, ListObjectsV2, "EncodingType"; seen: Ceph
 * writes `%20`, and `%2B` for a plus). The SDK hands it on as it came.
 * @throws BrokenReply for what is no such text: a wrong key would be removed in the place of another
 */
export function decodeListed(text: string, encoding: string | undefined): string {
  // A store that does not know the encoding says nothing of it, and gives the text as it is.
  if (encoding === undefined) return text;
  if (encoding !== "url") throw new BrokenReply("a listing in an encoding that is not known");
  try {
    // Strict in what it takes: whole escapes of whole UTF-8 characters.
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new BrokenReply("a key is not encoded as said");
  }
}

/**
 * Whether a key comes through XML as it is, there and back. Not so: characters that XML 1.0 cannot
 * hold, CR (readers make a line feed of it), and space at an end, which stores have trimmed (R2 did
 * until 2022-08-17) and so removed another object. Source: XML 1.0, sections 2.2 and 2.11.
 */
export function isPlainInXml(key: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]|^\s|\s$/u.test(key);
}

/** The source of a copy in its header (AWS S3 API reference, UploadPartCopy): encoded, `/` is not. */
export function copySourceOf(bucket: string, bucketKey: string): string {
  return `${bucket}/${bucketKey.split("/").map(encodeURIComponent).join("/")}`;
}

/**
 * One form of an etag everywhere: without the quotes of the header, which some replies have and
 * others lack.
 */
export function etagOf(text: string | undefined): string {
  const etag = text?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1") ?? "";
  if (etag === "") throw new BrokenReply("a reply without an etag");
  return etag;
}

/** As it is sent, for which the quotes are part of it. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/**
 * Whole seconds, as the header has them: a listing may say it more finely, and the two must agree.
 * @throws BrokenReply
 */
export function instantOf(date: Date | undefined): number {
  const ms = date?.getTime() ?? Number.NaN;
  if (Number.isNaN(ms)) throw new BrokenReply("a reply without a date");
  return Math.floor(ms / 1000) * 1000;
}

/** @throws BrokenReply */
export function sizeOf(size: number | undefined): number {
  if (size === undefined || !Number.isSafeInteger(size) || size < 0) {
    throw new BrokenReply("a reply without a size");
  }
  return size;
}
