import { LOCKED_MESSAGE } from "./errors.ts";

/**
 * How stores that speak S3 differ, as far as a client can see it. What is said of Ceph was seen on
 * RADOS Gateway 16.2; of R2 it stands in Cloudflare's documentation.
 */
export interface Dialect {
  readonly name: "aws" | "r2" | "ceph";
  /** Whether buckets can keep versions; R2 cannot, and answers GetBucketVersioning for show. */
  readonly versions: boolean;
  readonly objectLock: boolean;
  /** Whether bodies framed as `aws-chunked` are taken; Ceph asks for their length (411). */
  readonly trailers: boolean;
  /** Whether every part but the last must have one size (R2). */
  readonly equalParts: boolean;
  /** The checksums that DeleteObjects takes; one of them must be there. */
  readonly removalDigests: readonly string[];
  /** Whether DeleteObjects compares the checksum with the body; Ceph does not. */
  readonly checksRemovalDigest: boolean;
  /** Whether a DeleteObjects without any checksum is taken, as Ceph does. */
  readonly needsRemovalDigest: boolean;
  /** Whether a DeleteObjects that cannot be read is answered 400 without a document (Ceph). */
  readonly refusesWithoutWords: boolean;
  /** Whether DeleteObjects answers in the order of keys and not in the order asked (Ceph). */
  readonly sortsRemovals: boolean;
  /** Whether a completion must name every part that was sent (Ceph); else the others are dropped. */
  readonly completesAllParts: boolean;
  /** Whether a repeated completion is answered like the first one (Ceph) and not `NoSuchUpload`. */
  readonly completesAgain: boolean;
  /** Whether the etags in answers to copies and completions have no quotation marks (Ceph). */
  readonly bareEtags: boolean;
  /** The words of a removal that a lock forbids, of a single one and of an entry in a batch. */
  readonly lockWords: { readonly single: string; readonly entry: string };
  /** Keys that differ in Unicode composition alone are one (R2). */
  readonly normalisesKeys: boolean;
  /** Writes to one key within a second, beyond which R2 answers 429; null for no limit. */
  readonly keyWritesPerSecond: number | null;
  /** Prefixes below which a bucket lock forbids to overwrite and to remove (R2). */
  readonly lockedPrefixes: readonly string[];
  /** What a space becomes in a listing with `encoding-type=url`: a form's plus, or `%20` as on Ceph. */
  readonly listedSpace: "+" | "%20";
  /** Whether listings tell times to the millisecond; AWS writes `.000Z`. */
  readonly listsMilliseconds: boolean;
}

const AWS: Dialect = {
  name: "aws",
  versions: true,
  objectLock: true,
  trailers: true,
  equalParts: false,
  removalDigests: ["md5", "crc32", "sha1", "sha256"],
  checksRemovalDigest: true,
  needsRemovalDigest: true,
  refusesWithoutWords: false,
  sortsRemovals: false,
  completesAllParts: false,
  completesAgain: false,
  bareEtags: false,
  lockWords: { single: LOCKED_MESSAGE, entry: LOCKED_MESSAGE },
  normalisesKeys: false,
  keyWritesPerSecond: null,
  lockedPrefixes: [],
  listedSpace: "+",
  listsMilliseconds: false,
};

const DIALECTS = {
  aws: AWS,
  r2: {
    ...AWS,
    name: "r2",
    versions: false,
    objectLock: false,
    equalParts: true,
    listsMilliseconds: true,
  },
  ceph: {
    ...AWS,
    name: "ceph",
    trailers: false,
    checksRemovalDigest: false,
    needsRemovalDigest: false,
    refusesWithoutWords: true,
    sortsRemovals: true,
    completesAllParts: true,
    completesAgain: true,
    bareEtags: true,
    lockWords: { single: "forbidden by object lock", entry: "AccessDenied" },
    listedSpace: "%20",
    listsMilliseconds: true,
  },
} as const satisfies Readonly<Record<string, Dialect>>;

/**
 * A dialect, with what differs in one deployment of it: `removalDigests: ["md5"]` is R2 before 2025 and
 * several clones today, for example.
 */
export function dialectOf(
  name: Dialect["name"],
  differences: Partial<Omit<Dialect, "name">> = {},
): Dialect {
  return { ...DIALECTS[name], ...differences };
}
