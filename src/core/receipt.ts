import { sha256 } from "@noble/hashes/sha2.js";
import type { CdnMode } from "./cdn.ts";
import { toBase64Url, toHex, utf8 } from "./encoding.ts";
import { ExpungeError } from "./errors.ts";
import { type Lack, NOT_COVERED_WITHOUT } from "./store-lacks.ts";
import type { Evidence, Instant, Surface, SurfaceCounts } from "./model.ts";
import { parseCanonical } from "./statement.ts";

/** The JWS header `typ` of a receipt. */
export const RECEIPT_TYPE = "expunge-receipt+jws";

/**
 * `fenced`: only expunge can create objects there, and every way to do so was ended before the last
 * listing (R2). `emptied`: others may write there with credentials of their own (I1).
 */
export type SurfaceGuarantee =
  | "fenced"
  | "emptied"
  /** Of `cdn`: the provider took the request to purge. Nobody looked into its caches. */
  | "requested";

export interface ReceiptSurface {
  readonly surface: Surface;
  readonly guarantee: SurfaceGuarantee;
  readonly found: number;
  readonly deleted: number;
  readonly absent: number;
  readonly bytes: number;
}

export interface ReceiptSweep {
  readonly surface: Surface;
  readonly at: string;
  readonly pages: number;
  readonly entries: number;
}

/** What a receipt states, as it is signed: canonical JSON (RFC 8785). No file names. */
export interface ReceiptPayload {
  readonly version: 1;
  readonly sequence: number;
  /** SHA-256 of the receipt before this one in the chain, base64url. */
  readonly previous: string | null;
  readonly deletion: string;
  readonly project: { readonly id: string; readonly uid: string };
  readonly store: { readonly kind: string; readonly bucket: string; readonly prefix: string };
  readonly surfaces: readonly ReceiptSurface[];
  readonly totals: { readonly deleted: number; readonly absent: number; readonly bytes: number };
  readonly merkle: {
    readonly algorithm: "RFC 9162 SHA-256";
    readonly leaves: number;
    readonly root: string;
  };
  readonly times: {
    readonly requestedAt: string;
    readonly purgeStartedAt: string;
    /** Null where nothing was fenced: every surface is `emptied`. */
    readonly fencedAt: string | null;
    readonly verifiedAt: string;
    readonly issuedAt: string;
  };
  readonly sweeps: readonly ReceiptSweep[];
  readonly capabilities: Readonly<Record<string, string | number | boolean>>;
  /** Absent where no CDN is configured. */
  readonly cdn?: ReceiptCdn;
  readonly notCovered: readonly string[];
}

/** What a CDN was asked for, after every surface was listed empty, and when it took the last request. */
export interface ReceiptCdn {
  readonly provider: string;
  readonly domain: string;
  readonly mode: CdnMode;
  readonly acceptedAt: string;
}

export interface ReceiptFacts {
  readonly deletionId: string;
  readonly project: { readonly id: string; readonly uid: string };
  readonly store: ReceiptPayload["store"];
  readonly surfaces: readonly SurfaceCounts[];
  readonly leaves: number;
  readonly merkleRoot: Uint8Array;
  readonly evidence: readonly Evidence[];
  readonly sequence: number;
  readonly previousHash: string | null;
  readonly times: {
    readonly requestedAt: Instant;
    readonly purgeStartedAt: Instant;
    readonly fencedAt: Instant | null;
    readonly verifiedAt: Instant;
    readonly issuedAt: Instant;
  };
  readonly capabilities: ReceiptPayload["capabilities"];
  /** What the store was declared to lack, and was not asked for. */
  readonly lacking: readonly Lack[];
  /** Null or absent where nothing was purged. */
  readonly cdn?: (Omit<ReceiptCdn, "acceptedAt"> & { readonly acceptedAt: Instant }) | null;
}

/** Of caches, where no CDN was purged and where one was. */
const CACHES = "copies in CDN and browser caches";
const CACHES_BEYOND: Readonly<Record<CdnMode, string>> = {
  prefix:
    "copies in browser caches, in other CDNs, and what the purged one did not remove as it said it would",
  url: "copies in browser caches, in other CDNs, what the purged one did not remove as it said it would, and what it keeps of the purged URLs by a query, an Origin header or a cache key of its own",
};

/** What no deletion through an object store's API can reach, said in every receipt. */
export const NOT_COVERED: readonly string[] = [
  CACHES,
  "replicas, snapshots and storage media of the provider",
  "backups of expunge's database",
  "copies that were downloaded or made by other means than expunge",
];

/** What is said besides where the application wrote the objects by itself. */
const NOT_FENCED =
  "objects that come after the verification: the application's writers were not fenced";

/**
 * Only what lies below the canonical prefix is out of everybody else's reach: legacy prefixes are not,
 * and neither are the uploads and versions that are listed below them, nor the keys there that rows name
 * since they were adopted.
 */
export function guaranteeOf(surface: Surface, all: readonly Surface[]): SurfaceGuarantee {
  if (surface === "cdn") return "requested";
  const isLegacy = (name: Surface): boolean => name.startsWith("legacy:");
  const isSpread = surface === "tracked" || surface === "multipart" || surface === "versions";
  const open = isLegacy(surface) || (isSpread && all.some(isLegacy));
  return open ? "emptied" : "fenced";
}

/** Puts the facts into the form that is signed; says nothing that they do not hold. */
export function buildReceipt(facts: ReceiptFacts): ReceiptPayload {
  const sum = (field: "deleted" | "absent" | "bytes"): number =>
    facts.surfaces
      .filter(({ surface }) => surface !== "cdn")
      .reduce((total, counts) => total + counts[field], 0);
  const names = facts.surfaces.map(({ surface }) => surface);
  const { times, cdn = null } = facts;
  const isFenced = times.fencedAt !== null;
  return {
    version: 1,
    sequence: facts.sequence,
    previous: facts.previousHash,
    deletion: facts.deletionId,
    project: { id: facts.project.id, uid: facts.project.uid },
    store: facts.store,
    surfaces: facts.surfaces.map(({ surface, found, deleted, absent, bytes }) => ({
      surface,
      guarantee: isFenced || surface === "cdn" ? guaranteeOf(surface, names) : "emptied",
      found,
      deleted,
      absent,
      bytes,
    })),
    totals: { deleted: sum("deleted"), absent: sum("absent"), bytes: sum("bytes") },
    merkle: { algorithm: "RFC 9162 SHA-256", leaves: facts.leaves, root: toHex(facts.merkleRoot) },
    times: {
      requestedAt: timestamp(times.requestedAt),
      purgeStartedAt: timestamp(times.purgeStartedAt),
      fencedAt: times.fencedAt === null ? null : timestamp(times.fencedAt),
      verifiedAt: timestamp(times.verifiedAt),
      issuedAt: timestamp(times.issuedAt),
    },
    sweeps: facts.evidence.map(({ surface, at, pages, entries }) => ({
      surface,
      at: timestamp(at),
      pages,
      entries,
    })),
    capabilities: facts.capabilities,
    ...(cdn === null ? {} : { cdn: { ...cdn, acceptedAt: timestamp(cdn.acceptedAt) } }),
    notCovered: [
      ...NOT_COVERED.map((one) => (one === CACHES && cdn ? CACHES_BEYOND[cdn.mode] : one)),
      ...(isFenced ? [] : [NOT_FENCED]),
      ...facts.lacking.map((lack) => NOT_COVERED_WITHOUT[lack]),
    ],
  };
}

/** SHA-256 of a receipt's compact JWS, base64url: what the next receipt of the chain names. */
export function receiptHash(jws: string): string {
  return toBase64Url(sha256(utf8(jws)));
}

/**
 * Reads the payload of a verified receipt. Its bytes must be canonical: one statement, one spelling.
 * @throws ExpungeError `invalid-receipt`
 */
export function parseReceipt(bytes: Uint8Array): ReceiptPayload {
  const value = parseCanonical(bytes);
  if (isReceiptPayload(value)) return value;
  throw new ExpungeError("invalid-receipt", "The payload is not a receipt of a known version.");
}

function isReceiptPayload(value: unknown): value is ReceiptPayload {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const objects = ["project", "store", "totals", "merkle", "times", "capabilities"];
  const arrays = ["surfaces", "sweeps", "notCovered"];
  return (
    fields.get("version") === 1 &&
    typeof fields.get("deletion") === "string" &&
    objects.every((name) => typeof fields.get(name) === "object" && fields.get(name) !== null) &&
    arrays.every((name) => Array.isArray(fields.get(name)))
  );
}

/** RFC 3339 in UTC with milliseconds. */
export function timestamp(instant: Instant): string {
  return new Date(instant).toISOString();
}
