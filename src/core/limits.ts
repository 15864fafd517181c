import { ADAPTER_LIMITS } from "./limits/adapters.ts";
import { AUDIT_LIMITS } from "./limits/audits.ts";
import { HTTP_LIMITS } from "./limits/http.ts";
import { RUN_LIMITS } from "./limits/runs.ts";
import { TELLING_LIMITS } from "./limits/telling.ts";
import { DAY_MS, HOUR_MS, KiB, MINUTE_MS, MiB, SECOND_MS, TiB } from "./limits/units.ts";

/**
 * Every limit, timeout, batch size and retry budget, with its unit last (R10). What the demo plays
 * with is its own.
 */
export const LIMITS = {
  ...HTTP_LIMITS,
  ...ADAPTER_LIMITS,
  ...AUDIT_LIMITS,
  ...RUN_LIMITS,
  ...TELLING_LIMITS,

  /** S3: a key is at most 1,024 bytes of UTF-8 (AWS S3 user guide, "Object key naming guidelines"). */
  keyBytesMax: KiB,
  /** A file's path in a project. */
  pathBytesMax: KiB,
  metadataBytesMax: 8 * KiB,
  nameCharsMax: 255,
  /** The life of a project or a token, where one is given: more would leave the range of dates. */
  lifeMaxMs: 36_500 * DAY_MS,
  contentTypeCharsMax: 255,

  /** S3: ListObjectsV2 answers 1,000 keys at most. */
  listPageKeys: 1000,
  /** S3: DeleteObjects takes 1,000 keys at most (defect 13 sent more). */
  removeBatchKeys: 1000,
  /** A listing longer than this is taken for one that goes in circles. */
  listPagesMax: 10_000_000,
  /** Pages without an entry that follow each other: so many come of no store that goes forward. */
  listEmptyPagesMax: 10_000,

  /** S3: 10,000 parts at most, each but the last at least 5 MiB. R2 wants them all equal but the last. */
  partsMax: 10_000,
  partBytesDefault: 16 * MiB,
  fileBytesMax: 5 * TiB,
  /** Parts held in memory when the size of a body is not announced. */
  bufferedPartBytes: 8 * MiB,
  partUrlExpiryMs: 15 * MINUTE_MS,
  uploadExpiryMs: 7 * DAY_MS,
  /** How long a creation is remembered by its Idempotency-Key. */
  idempotencyValidMs: DAY_MS,
  /** Older ones are forgotten so many at a time, by those that come after. */
  idempotentForgetRows: 100,
  urlExpiryMaxMs: 7 * DAY_MS,
  /** For URLs of the store itself: they outlive the project that they lead into. */
  storeUrlExpiryMaxMs: 5 * MINUTE_MS,

  /** How often the use of a token is written down: its last use is as exact as this. */
  tokenUseRecordedEveryMs: MINUTE_MS,
  /** How long a code waits for somebody to sign in with it, and how long a session lasts. */
  signInCodeLifeMs: 10 * MINUTE_MS,
  sessionLifeMs: 12 * HOUR_MS,
  /** Limits of requests: how long one window is. */
  rateWindowSeconds: 60,
  /** Limit of deletions: how far back they are counted. */
  deletionWindowMs: HOUR_MS,
  /** A caller that is no admin lets an existing project expire no sooner than so long from now. */
  expiryNoticeMs: DAY_MS,
  /** Users' tokens: how far the issuer's clock may differ from this process's, which judges them. */
  jwtClockToleranceSeconds: 10,
  /** Users' tokens: the issuer's keys are fetched anew after so long, so a withdrawn key ends then. */
  jwksKeptMs: 10 * MINUTE_MS,
  /** Users' tokens: an unknown key id has the keys fetched, though not within so long of the last time. */
  jwksCooldownMs: 30 * SECOND_MS,
  jwksTimeoutMs: 5 * SECOND_MS,
  /** Users' tokens: after a failure the issuer is left alone for so long. */
  jwksPauseMs: SECOND_MS,

  pageItemsDefault: 100,
  pageItemsMax: 1000,
  bulkItemsMax: 1000,
  bodyBytesMax: 2 * MiB,
  residueShown: 100,
  sampleKeysShown: 5,

  /** A worker's claim on a deletion; extended at a third of it, by the database's clock (R8). */
  leaseMs: 10 * SECOND_MS,
  leaseExtendEveryMs: 3 * SECOND_MS,
  /** How often due deletions, removals and uploads are looked for (jobs are only wake-ups). */
  scanEveryMs: 2 * SECOND_MS,
  scanItems: 100,
  /** How often a waiting request looks at its deletion, should no event reach it. */
  waitPollMs: 250,
  deleteWaitMaxMs: HOUR_MS,
  selfTestWaitMs: MINUTE_MS,

  /** Sweep passes of one attempt before what remains is residue. */
  sweepPassesMax: 5,
  /** How often a sweep of a prefix is tried that the store fails. */
  sweepAttemptsMax: 5,
  sweepRetryMs: 30 * SECOND_MS,
  /** Pages that are being removed while the next one is listed. */
  sweepPagesInFlight: 4,
  /** Incomplete uploads that are ended at a time: each is a request of its own. */
  abortsInFlight: 16,
  /** Attempts at one call of the store; at one key's removal within a pass; at an upload's end. */
  callAttemptsMax: 5,
  removeAttemptsMax: 8,
  endAttemptsMax: 10,
  /** The same where the store throttles: about half a minute in all. */
  throttledAttemptsMax: 15,
  retryDelayMinMs: 50,
  retryDelayMaxMs: 5 * SECOND_MS,
  /** A store that asks for a longer pause (Retry-After) is asked again after this one. */
  retryAfterMaxMs: 30 * SECOND_MS,
  /** Calls of one process that are under way at a time; fewer while the store throttles. */
  storeCallsInFlight: 64,
  /** Where two processes bind a new database at once, the store may tell another id for a moment. */
  storeBindingWaitMs: SECOND_MS,
  storeMarkerBytesMax: KiB,
  /** Longer than a completion has been seen to show after the abort of its upload was answered. */
  completionShowsMs: SECOND_MS / 2,
  /** Times that a tombstone is written anew when it reads back differently. */
  tombstoneAttemptsMax: 3,
  /** Doctor: races of an abort against a completion; of a defect that few of them show, most are missed. */
  doctorRaces: 8,
  /** Doctor: how far the store's clock may be from this machine's. */
  doctorClockApartMaxMs: MINUTE_MS,
  doctorPreflightTimeoutMs: 5 * SECOND_MS,
  /** Doctor: a job that was due for longer is one that nobody takes. */
  doctorJobDueMaxMs: 5 * MINUTE_MS,
  /** Doctor: a scan for due work that came through longer ago has stopped. */
  doctorScanAgeMaxMs: MINUTE_MS,
  /** A blocked deletion is tried again slowly: doubling, between these. */
  blockedRetryMinMs: 30 * SECOND_MS,
  blockedRetryMaxMs: HOUR_MS,

  /** A look at a completed deletion that could not be finished is repeated: doubling, between these. */
  settleRetryMinMs: MINUTE_MS,
  settleRetryMaxMs: HOUR_MS,
  /**
   * How far before the newest known tombstone the store's are read at a start: the copy of a database
   * may be younger than the tombstones of deletions that took long (R11).
   */
  tombstoneOverlapMs: HOUR_MS,
  /** How often they are read while the service runs: a database may be restored beneath it. */
  restoreGuardEveryMs: 10 * MINUTE_MS,
  keptReadsInFlight: 16,
  /** A tombstone or the copy of a receipt is smaller. */
  keptObjectBytesMax: MiB,
  /** How often a process asks whether the projects that it writes to are being deleted (R2). */
  inFlightCheckMs: 2 * SECOND_MS,

  /** An upload left completing or aborting for so long is taken up by a job. */
  uploadStaleMs: 10 * MINUTE_MS,
  /** A removal that failed is tried again: doubling, between these. */
  removalRetryMinMs: 5 * SECOND_MS,
  removalRetryMaxMs: HOUR_MS,
  /** A hold that is released leaves at least so long before an overdue purge. */
  holdReleaseGraceMs: HOUR_MS,

  trackedPageKeys: 1000,
  /** Engine: tracked keys of one project, which are held in memory; a Set holds 16 million at most. */
  engineTrackedKeysMax: 10_000_000,
  eraseBatchRows: 5000,
  removalBatchKeys: 500,
  leafPageRows: 10_000,

  shutdownGraceMs: 10 * SECOND_MS,

  /** Command line and client: how long they wait for a deletion; how often the former looks at it. */
  clientWaitDefaultMs: 5 * MINUTE_MS,
  clientPollMs: 100,
  /** Client: attempts at a call that may be repeated. */
  clientAttemptsMax: 5,
  /** Client: one request waits no longer for a deletion; things between have less patience than that. */
  clientWaitPieceMs: 20 * SECOND_MS,
  /** Client: events of which nothing comes for so long are asked for anew; three times `eventKeepAliveMs`. */
  clientEventSilenceMs: 45 * SECOND_MS,
  /** Client: parts of one upload that are sent at a time. */
  clientPartsInFlight: 4,
  readyPollMs: 20,
  /** Command line: how often progress is drawn at most. */
  progressEveryMs: SECOND_MS / 10,
  /** A name that differs by more edits from a known one is another word, not a misspelling. */
  nameEditsMax: 2,
} as const;
