import { DAY_MS, HOUR_MS, MiB, SECOND_MS } from "./units.ts";

/** The limits of audits, of which `LIMITS` is made with the others (R10). */
export const AUDIT_LIMITS = {
  /** Audit: keys that are judged, and recorded, together; rows of a page. */
  auditStretchKeys: 2000,
  auditPageRows: 2000,
  /**
   * Audit: ranges of keys that are compared at a time, where nothing is said and at most; how many they are
   * in all, and how many rows each has at least.
   */
  auditListings: 4,
  auditListingsMax: 32,
  auditRangesMax: 64,
  auditRangeRowsMin: 10_000,
  /** Audit: so long ago a difference must have begun to be judged, where nothing is said. */
  auditMinAgeMs: HOUR_MS,
  /** Audit: how long an upload may take to be recorded after the store has opened it. */
  auditUploadPauseMs: 2 * SECOND_MS,
  /** Audit: runs of one audit that broke off before it is ended as it stands. */
  auditAttemptsMax: 20,
  /** Audit: findings that are mended together; how long findings are kept. */
  auditFixKeys: 100,
  auditKeepMs: 30 * DAY_MS,
  /** Audit: an orphan that is put aside is copied in parts of this size. */
  auditCopyPartBytes: 256 * MiB,
  /** Audit: findings that are shown to people. */
  auditFindingsShown: 20,
  /** Audit: findings in the table of a report; prefixes that it tells apart. */
  auditReportFindings: 500,
  auditReportNames: 200,
  /** Audit: objects whose bytes are read at a time. */
  auditReadsInFlight: 4,
  /** Audit: single keys that are looked at again at a time. */
  auditLooksInFlight: 16,
} as const;
