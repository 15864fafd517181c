/**
 * Every limit, timeout, batch size and retry budget, with its unit last (R10). What the demo plays
 * with is its own.
 */
const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const TiB = 1024 * GiB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const LIMITS = {
  /** S3: a key is at most 1,024 bytes of UTF-8 (AWS S3 user guide, "Object key naming guidelines"). */
  keyBytesMax: KiB,
  /** A file's path in a project. */
  pathBytesMax: KiB,
  metadataBytesMax: 8 * KiB,
  nameCharsMax: 255,
  /** A project's life, where one is given: more would leave the range of dates. */
  projectLifeMaxMs: 36_500 * DAY_MS,
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

  /** Audit: keys that are judged, and recorded, together; rows of a page. */
  auditStretchKeys: 2000,
  auditPageRows: 2000,
  /** Audit: single keys that are looked at again at a time. */
  auditLooksInFlight: 16,

  trackedPageKeys: 1000,
  /** Engine: tracked keys of one project, which are held in memory; a Set holds 16 million at most. */
  engineTrackedKeysMax: 10_000_000,
  eraseBatchRows: 5000,
  removalBatchKeys: 500,
  leafPageRows: 10_000,

  shutdownGraceMs: 10 * SECOND_MS,

  /** HTTP: connections of one process; more are closed as they come. */
  httpConnectionsMax: 4096,
  /** HTTP: a request line with all headers, and their number. Node's own bound of bytes is the same. */
  httpHeadersBytesMax: 16 * KiB,
  httpHeadersMax: 100,
  /** HTTP: a JSON body, of `bodyBytesMax` at most, must arrive whole within this. */
  httpJsonBodyTimeoutMs: MINUTE_MS,
  jsonDepthMax: 64,
  /** HTTP: a request's headers must arrive within this. */
  httpHeadersTimeoutMs: MINUTE_MS,
  /** HTTP: how long a look at the database may take that asks whether the service is ready. */
  readinessTimeoutMs: 2 * SECOND_MS,
  /** How often both of these are looked at: a request may take so much longer. */
  httpTimeoutsCheckedEveryMs: 10 * SECOND_MS,
  /** HTTP: a whole request, body included; a large upload over a slow line takes hours. */
  httpRequestTimeoutMs: DAY_MS,
  /** HTTP: a socket on which nothing moves; longer than the longest wait for a deletion. */
  httpSocketIdleMs: HOUR_MS + 5 * MINUTE_MS,
  /** HTTP: a body of which nothing more arrives. */
  httpBodyIdleMs: 5 * MINUTE_MS,
  /** HTTP: how long the rest of a refused body is read and thrown away, so that the answer arrives. */
  httpBodyDrainMs: 30 * SECOND_MS,
  httpParamCharsMax: 8 * KiB,
  httpCursorCharsMax: 8 * KiB,
  /** HTTP: what `Retry-After` says after a passing failure, and while a deletion is under way. */
  retryAfterSeconds: 5,
  deletionRetryAfterSeconds: 2,
  /** HTTP: how often a stream of events looks at its deletion, and shows that it is alive. */
  eventPollMs: 500,
  eventKeepAliveMs: 15 * SECOND_MS,
  corsMaxAgeSeconds: 3600,
  jwksMaxAgeSeconds: 300,

  /** Attempts at a transaction that the database broke off for another one's sake. */
  transactionAttemptsMax: 10,
  transactionRetryMs: 5,
  residueBatchRows: 5000,
  /** Embedded database, which analyses nothing by itself: rows after which statistics are made anew. */
  analyzeEveryRows: 10_000,
  /** Embedded database, which vacuums nothing by itself: erased rows after which it is done. */
  vacuumEveryRows: 50_000,
  /** Embedded database: its page cache; the default takes 140 MB more. */
  embeddedBufferMiB: 8,

  /** PostgreSQL: connections of one process, besides those of the job queue. */
  databasePoolConnections: 10,
  databaseConnectTimeoutMs: 10 * SECOND_MS,
  /** PostgreSQL: a connection on which nothing moves for so long is asked whether it lives. */
  databaseKeepAliveMs: 10 * SECOND_MS,
  /** PostgreSQL: a statement that takes longer is broken off; batches are sized to stay far below. */
  databaseQueryTimeoutMs: 90 * SECOND_MS,
  databaseStatementTimeoutMs: MINUTE_MS,
  /**
   * PostgreSQL: a transaction whose process falls silent is broken off, far below the lease: a stopped
   * process must keep nobody waiting for the rows that it had locked.
   */
  databaseIdleTransactionTimeoutMs: 4 * SECOND_MS,

  /** Jobs: purges that one process works on at a time; of the other jobs it is one each. */
  jobPurgesInFlight: 4,
  /**
   * Jobs: a run that takes longer is interrupted and begun again. Far longer than any listing: a dead
   * process is found by its heartbeat, not by this.
   */
  jobRunSeconds: 12 * 3600,
  /** Jobs: a process whose heartbeat is missed for so long is dead; 10 is the least pg-boss takes. */
  jobHeartbeatSeconds: 10,
  jobHeartbeatEverySeconds: 3,
  /** Jobs on a server: measured, a killed worker's job is retried within 10 s. */
  jobPollSeconds: 0.5,
  jobSuperviseSeconds: 1,
  jobPoolConnections: 4,
  /** Jobs on the embedded database: no other process adds any, so polling only finds what was delayed. */
  jobEmbeddedPollSeconds: 2,
  jobEmbeddedSuperviseSeconds: 600,
  jobRetryDelaySeconds: 1,
  jobRetryDelayMaxSeconds: 60,
  jobRetryMax: 1_000_000,
  /** How long a finished job is remembered, and how long one is kept for which nobody comes. */
  jobDoneKeepSeconds: 3600,
  jobWaitingKeepSeconds: 10 * 365 * 24 * 3600,

  /** Local store: files that are looked at, read or removed together. */
  fileCallsInFlight: 16,
  /** Local store: listings whose place is remembered, so that their next page is not searched for. */
  openWalksMax: 32,
  /** Local store: how often a directory may be pruned away before the file that is to come into it. */
  placeAttemptsMax: 100,
  /** Local store: retries of a removal when something comes into the directory at the same time. */
  removeTreeRetriesMax: 5,
  removeTreeRetryDelayMs: 20,
  /** Local store: bytes that are read at once; a body that is no longer keeps no file open. */
  readChunkBytes: 256 * KiB,
  copyChunkBytes: MiB,
  /** Local store: bytes of a body that are gathered for one write, and after which the medium is asked for. */
  writeGatherBytes: MiB,
  syncAheadBytes: 32 * MiB,
  /** Local store: temporary files that are older were left by a crash. */
  temporaryAgeMaxMs: DAY_MS,

  /** S3: the bounds of a part (AWS S3 user guide, "multipart upload limits"; R2 has the same). */
  s3PartBytesMin: 5 * MiB,
  s3PartBytesMax: 5 * GiB,
  /** S3: how long it is remembered what a store can do; operators change it under a running service. */
  capabilityTtlMs: MINUTE_MS,
  /** S3: sockets for calls, and for the bytes of objects: slow readers keep no deletion waiting. */
  s3CallSocketsMax: 64,
  s3TransferSocketsMax: 256,
  /** S3: shorter than any server keeps a connection; a part that was begun on a dead one is lost. */
  s3FreeSocketMs: 4 * SECOND_MS,
  s3SocketWaitMs: 30 * SECOND_MS,
  s3ConnectTimeoutMs: 10 * SECOND_MS,
  /** S3: a whole small call, or from the last byte sent until the reply. */
  s3CallTimeoutMs: 30 * SECOND_MS,
  /** S3: completing an upload and copying a part "can take several minutes" (AWS, API reference). */
  s3LongCallTimeoutMs: 10 * MINUTE_MS,
  s3IdleTimeoutMs: 30 * SECOND_MS,
  /** S3: a reader that leaves its body alone loses it; beyond that a client's own bound has ended it. */
  s3UnreadTimeoutMs: 6 * MINUTE_MS,
  /** S3: the longest reply of a listing or removal is a few MB: a thousand keys, each byte escaped. */
  s3ReplyBytesMax: 32 * MiB,
  /** S3: removals of single keys, of those that no batch can carry. */
  s3RemovalsInFlight: 16,
  /** S3: parts may land while their upload is aborted; it is aborted again until none is left. */
  s3AbortRoundsMax: 5,
  /** S3: the longest life of a signed URL (AWS, "Signature Version 4"). */
  s3UrlExpiryMaxMs: 7 * DAY_MS,

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
  /** A name that differs by more edits from a known one is another word, not a misspelling. */
  nameEditsMax: 2,
} as const;
