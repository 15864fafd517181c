import { sha256 } from "@noble/hashes/sha2.js";
import { compareUtf8, utf8 } from "./encoding.ts";
import type { Instant, ProjectState } from "./model.ts";

/** What an audit may mend of what it found, after its plan is complete. */
export const AUDIT_FIXES = ["none", "orphans", "dangling"] as const;
export type AuditFix = (typeof AUDIT_FIXES)[number];

/**
 * What an audit can find. `orphan`: a layout gives the key to a project, and no row names it.
 * `residue-of-deleted`: the same of a project that is deleted, the worst. `foreign`: no layout explains
 * the key. `dangling`: a row whose object is missing. `mismatched`: an object that is not what its row
 * says. `stale-upload`: an incomplete upload that no row stands for.
 */
export const FINDING_KINDS = [
  "orphan",
  "dangling",
  "mismatched",
  "residue-of-deleted",
  "stale-upload",
  "foreign",
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** How an object differs from its row. */
export type Mismatch = "size" | "checksum";

/** What became of a finding that was to be mended. `spared`: it is not any more what the plan saw. */
export type FixOutcome = "fixed" | "spared" | "failed";

/** One difference between store and rows, seen by two looks. */
export interface Finding {
  readonly kind: FindingKind;
  readonly key: string;
  /** The store's own id, of a `stale-upload`. */
  readonly uploadId: string | null;
  /** Whose it is, where a row or the canonical layout says so. */
  readonly projectUid: string | null;
  /** Of the file whose row names the key. */
  readonly fileUid: string | null;
  /** Of the object; null where there is none. */
  readonly sizeBytes: number | null;
  /** What the row says; null where there is none. */
  readonly rowBytes: number | null;
  /** The object's or the upload's age begins here, by the store's clock; a row's by the database's. */
  readonly modifiedAt: Instant;
  readonly mismatch: Mismatch | null;
}

export interface AuditCounts {
  readonly objects: number;
  /** Of all objects. */
  readonly bytes: number;
  readonly rows: number;
  readonly orphans: number;
  readonly dangling: number;
  readonly mismatched: number;
  readonly residueOfDeleted: number;
  readonly staleUploads: number;
  readonly foreign: number;
  /** Of orphans and of residue of deleted projects. */
  readonly orphanBytes: number;
  /** Objects that an earlier audit has put aside; no findings. */
  readonly quarantined: number;
  readonly quarantinedBytes: number;
  /** Differences that are younger than the minimum age: not judged. */
  readonly young: number;
  /** Differences that could not be looked at a second time: not judged, and the audit not complete. */
  readonly unknown: number;
  /** Objects whose bytes were read and compared with the checksum of their row. */
  readonly read: number;
}

export const NO_COUNTS: AuditCounts = {
  objects: 0,
  bytes: 0,
  rows: 0,
  orphans: 0,
  dangling: 0,
  mismatched: 0,
  residueOfDeleted: 0,
  staleUploads: 0,
  foreign: 0,
  orphanBytes: 0,
  quarantined: 0,
  quarantinedBytes: 0,
  young: 0,
  unknown: 0,
  read: 0,
};

const COUNT_OF = {
  orphan: "orphans",
  dangling: "dangling",
  mismatched: "mismatched",
  "residue-of-deleted": "residueOfDeleted",
  "stale-upload": "staleUploads",
  foreign: "foreign",
} as const satisfies Record<FindingKind, keyof AuditCounts>;

/** How far the comparison has come on either side; what comes behind is to be compared still. */
export interface AuditPosition {
  readonly objectKey: string | null;
  /** Of one key there may be several rows; `fileUid` null: behind all of them. */
  readonly row: { readonly key: string; readonly fileUid: string | null } | null;
}

/** A range of keys: behind where it has come to, up to and with its last one. */
export interface AuditRange {
  readonly from: AuditPosition;
  /** Null: to the end. */
  readonly until: string | null;
  readonly isDone: boolean;
}

/** A surface that could not be listed whole, and of which nothing is concluded but what was seen. */
export interface Unjudged {
  readonly surface: "objects" | "uploads";
  readonly code: string;
  readonly message: string;
}

/** What an audit has done so far, written down with what it found, so that any process can go on. */
export interface AuditProgress {
  /** Empty until it begins. */
  readonly ranges: readonly AuditRange[];
  readonly areUploadsListed: boolean;
  readonly counts: AuditCounts;
  readonly unjudged: readonly Unjudged[];
  readonly fixes: Readonly<Record<FixOutcome, number>>;
}

export const NO_PROGRESS: AuditProgress = {
  ranges: [],
  areUploadsListed: false,
  counts: NO_COUNTS,
  unjudged: [],
  fixes: { fixed: 0, spared: 0, failed: 0 },
};

/** The durable comparison of store and rows, of all projects. */
export interface Audit {
  readonly id: string;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly fix: AuditFix;
  /** Whether orphans are put aside in their project instead of being removed. */
  readonly quarantine: boolean;
  readonly minAgeMs: number;
  /** Of the objects with a checksum, how many are read, in percent. */
  readonly readPercent: number;
  /** How many ranges of keys are compared at a time. */
  readonly listingConcurrency: number;
  readonly attempts: number;
  readonly completedAt: Instant | null;
  readonly progress: AuditProgress;
}

/** Whether all was seen that there is: only then does finding nothing mean anything. */
export function isComplete({ ranges, areUploadsListed, unjudged, counts }: AuditProgress): boolean {
  const isCompared = ranges.length > 0 && ranges.every(({ isDone }) => isDone);
  return isCompared && areUploadsListed && unjudged.length === 0 && counts.unknown === 0;
}

/** The sum of counts, field by field. */
export function addCounts(a: AuditCounts, b: Partial<AuditCounts>): AuditCounts {
  const sum = { ...a };
  for (const field of Object.keys(NO_COUNTS) as (keyof AuditCounts)[]) {
    sum[field] = a[field] + (b[field] ?? 0);
  }
  return sum;
}

/** The counts with findings added. */
export function countFindings(counts: AuditCounts, findings: readonly Finding[]): AuditCounts {
  const added: { -readonly [F in keyof AuditCounts]?: number } = {};
  for (const { kind, sizeBytes } of findings) {
    const field = COUNT_OF[kind];
    added[field] = (added[field] ?? 0) + 1;
    if (kind === "orphan" || kind === "residue-of-deleted") {
      added.orphanBytes = (added.orphanBytes ?? 0) + (sizeBytes ?? 0);
    }
  }
  return addCounts(counts, added);
}

/** How many findings of all kinds. */
export function findingsIn(counts: AuditCounts): number {
  return Object.values(COUNT_OF).reduce((sum, field) => sum + counts[field], 0);
}

/** What an object that no row names is, by the project that a layout gives it to. */
export type UnnamedObject = Extract<FindingKind, "orphan" | "residue-of-deleted" | "foreign">;

/**
 * What an object that no row names is. Null while its project is being deleted: the deletion lists it,
 * removes it and accounts for it.
 * @param owner the state of the project that a layout gives the key to; `unknown` where there is no
 * such project, null where no layout explains the key
 */
export function judgeUnnamed(owner: ProjectState | "unknown" | null): UnnamedObject | null {
  if (owner === null) return "foreign";
  if (owner === "deleting") return null;
  return owner === "deleted" ? "residue-of-deleted" : "orphan";
}

/** By when a thing must be older to be judged, and how old it must be. */
export interface AgeRule {
  /** Of the audit, by the database's clock. */
  readonly startedAt: Instant;
  readonly minAgeMs: number;
}

/**
 * Whether something is too young to be judged: it may be the one half of what is being written. Without
 * a minimum age everything is judged, whatever the clocks say: the second look is what tells.
 */
export function isYoung({ startedAt, minAgeMs }: AgeRule, at: Instant): boolean {
  return minAgeMs > 0 && at > startedAt - minAgeMs;
}

/**
 * Whether a file is in the sample of an audit that reads so many percent of the objects.
 * @param auditId makes the samples of two audits differ
 */
export function isSampled(auditId: string, fileUid: string, percent: number): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = sha256(utf8(`${auditId}/${fileUid}`));
  const place = ((a * 256 + b) * 256 + c) * 256 + d;
  return place < (percent / 100) * 256 ** 4;
}

/** How keys of store and rows are compared: a store may compose them (NFC) where it keeps them. */
export interface KeyOrder {
  readonly normalisation: "none" | "nfc";
}

/** The form in which two spellings of one key are equal. */
export function sameForm({ normalisation }: KeyOrder, key: string): string {
  return normalisation === "nfc" ? key.normalize("NFC") : key;
}

/** Orders keys as stores list and rows are sorted: by the bytes of their UTF-8. */
export function compareKeys(order: KeyOrder, a: string, b: string): number {
  return compareUtf8(sameForm(order, a), sameForm(order, b));
}

/** Every spelling under which a row may name what a store lists under this key. */
export function spellingsOf({ normalisation }: KeyOrder, key: string): readonly string[] {
  if (normalisation === "none") return [key];
  return [...new Set([key, key.normalize("NFC"), key.normalize("NFD")])];
}
