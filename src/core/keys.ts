import { isUid } from "./ids.ts";
import type { Instant } from "./model.ts";

/**
 * The only module that puts keys together or takes them apart (ARCHITECTURE.md, "Words"). Nothing else
 * concatenates keys.
 */

/** What expunge keeps for itself in the store; it belongs to no project and to no surface (R11). */
export const INTERNAL_PREFIX = ".expunge/";

/** Below this, and a project's uid, lies every canonical key. */
export const CANONICAL_ROOT = "projects/";
const TOMBSTONES = `${INTERNAL_PREFIX}tombstones/`;
const RECEIPTS = `${INTERNAL_PREFIX}receipts/`;

/** Below this lies every object of the project; it ends at a boundary no other key can cross (R3). */
export function canonicalPrefix(projectUid: string): string {
  return `${CANONICAL_ROOT}${checked(projectUid)}/`;
}

/** The key of a file's object: `projects/<project uid>/<file uid>` (R3). */
export function canonicalKey(projectUid: string, fileUid: string): string {
  return `${canonicalPrefix(projectUid)}${checked(fileUid)}`;
}

/**
 * The uids in a key that `canonicalKey` can have made, or null. A key below the canonical prefix that
 * has another form still belongs to the project: `explainKey` says so.
 */
export function parseCanonicalKey(key: string): { projectUid: string; fileUid: string } | null {
  const [root, projectUid = "", fileUid = "", ...rest] = key.split("/");
  if (`${root}/` !== CANONICAL_ROOT || rest.length > 0) return null;
  return isUid(projectUid) && isUid(fileUid) ? { projectUid, fileUid } : null;
}

/**
 * Whose canonical keys begin with a prefix that ends in '/': those of one project, of all of them, or
 * nobody's.
 */
export function canonicalReach(prefix: string): { readonly projectUid: string } | "all" | "none" {
  if (prefix === CANONICAL_ROOT) return "all";
  const [root, projectUid = ""] = prefix.split("/");
  return `${root}/` === CANONICAL_ROOT && isUid(projectUid) ? { projectUid } : "none";
}

const QUARANTINE = "quarantine";

/**
 * Where an orphan is kept aside: `projects/<project uid>/quarantine/<copy uid>/<the rest of its key>`. Its uid
 * says when; it lies below the canonical prefix, so that a deletion of the project takes it too (I1).
 * @throws RangeError for a key that is not below the project's canonical prefix
 */
export function quarantineKey(projectUid: string, copyUid: string, key: string): string {
  const prefix = canonicalPrefix(projectUid);
  if (!key.startsWith(prefix)) throw new RangeError(`'${key}' is not a key of ${projectUid}`);
  return `${prefix}${QUARANTINE}/${checked(copyUid)}/${key.slice(prefix.length)}`;
}

/** Whether `quarantineKey` can have made a key. */
export function isQuarantineKey(key: string): boolean {
  const [root, projectUid = "", place, copyUid = "", ...rest] = key.split("/");
  const isBelow = `${root}/` === CANONICAL_ROOT && isUid(projectUid) && place === QUARANTINE;
  return isBelow && isUid(copyUid) && rest.join("/") !== "";
}

/** Whether a key is one of expunge's own (tombstones, receipts, temporary parts). */
export function isInternalKey(key: string): boolean {
  return key.startsWith(INTERNAL_PREFIX);
}

/** Where the store says which one it is: what a database remembers of it. */
export const STORE_MARKER_KEY = `${INTERNAL_PREFIX}store.json`;

/**
 * Whether a key is what some expunge keeps for itself, wherever in the bucket its store begins: one
 * bucket may hold several stores, each below a prefix.
 */
export function isKeptByExpunge(key: string): boolean {
  return isInternalKey(key) || key.includes(`/${INTERNAL_PREFIX}`);
}

/** Where one examination of the store puts its objects. @param run tells it from others at the time */
export function doctorPrefix(run: string): string {
  return `${INTERNAL_PREFIX}doctor/${run}/`;
}

/** The prefix under which every tombstone lies (R11). */
export const TOMBSTONE_PREFIX = TOMBSTONES;

/**
 * Where the tombstones begin that were written at a time or later: as `startAfter` of a listing it
 * skips all earlier ones, because the times have a fixed width and sort as text.
 * @param at by the database's clock (R8)
 * @throws RangeError when the time is not between the years 0000 and 9999
 */
export function tombstonesFrom(at: Instant): string {
  return `${TOMBSTONES}${compactTime(at)}`;
}

/**
 * The key of a project's tombstone: `.expunge/tombstones/20261124T015000.123Z-<uid>.json` (R11).
 * @param at by the database's clock (R8)
 * @throws RangeError when the time is not between the years 0000 and 9999
 */
export function tombstoneKey(at: Instant, projectUid: string): string {
  return `${tombstonesFrom(at)}-${checked(projectUid)}.json`;
}

const TOMBSTONE =
  /^\.expunge\/tombstones\/(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2}\.\d{3}Z)-([^/]+)\.json$/;

/** The time and project uid in a tombstone's key, or null. */
export function parseTombstoneKey(key: string): { at: Instant; projectUid: string } | null {
  const match = TOMBSTONE.exec(key);
  if (!match) return null;
  const [, year, month, day, hour, minute, seconds, projectUid = ""] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${seconds}`);
  // The second check refuses what Date.parse would move elsewhere, such as 30 February.
  if (!isUid(projectUid) || Number.isNaN(at) || tombstoneKey(at, projectUid) !== key) {
    return null;
  }
  return { at, projectUid };
}

/** The prefix under which every receipt's copy lies. */
export const RECEIPT_PREFIX = RECEIPTS;

/** The key of a receipt's copy in the store: `.expunge/receipts/<uid>.jws` (R11). */
export function receiptKey(projectUid: string): string {
  return `${RECEIPTS}${checked(projectUid)}.jws`;
}

/** The key of an amendment's copy, by its place in the chain: `.expunge/receipts/<uid>.<n>.jws`. */
export function amendmentKey(projectUid: string, sequence: number): string {
  return `${RECEIPTS}${checked(projectUid)}.${sequence}.jws`;
}

/** A key made from anything but a uid could reach into another project, so it is never made. */
function checked(uid: string): string {
  if (!isUid(uid)) throw new RangeError(`'${uid}' is not a uid, so no key is made from it`);
  return uid;
}

function compactTime(at: Instant): string {
  const time = new Date(at).toISOString();
  if (time.length !== "2026-11-24T01:50:00.123Z".length) {
    throw new RangeError(`the year of ${time} has more than four digits`);
  }
  return time.replaceAll(/[-:]/g, "");
}
