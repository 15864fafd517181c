import { DAY_MS, GiB, KiB, MINUTE_MS, MiB, SECOND_MS } from "./units.ts";

/** Of databases, queues and stores. */
export const ADAPTER_LIMITS = {
  /** Traces: how often spans are sent, and how long that may take. */
  traceExportEveryMs: 5 * SECOND_MS,
  traceExportTimeoutMs: 5 * SECOND_MS,

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
  /** Embedded database: files that are put on the disk at a time when it is made. */
  embeddedSyncsInFlight: 16,

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
  jobWebhooksInFlight: 4,
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
  readChunkBytes: 64 * KiB,
  copyChunkBytes: MiB,
  /** Local store: bytes of a body that are gathered for one write, and after which the medium is asked for. */
  writeGatherBytes: MiB,
  syncAheadBytes: 32 * MiB,
  /** Local store: temporary files that are older were left by a crash. */
  temporaryAgeMaxMs: DAY_MS,

  /** S3: the bounds of a part (AWS S3 user guide, "multipart upload limits"; R2 has the same). */
  s3PartBytesMin: 5 * MiB,
  s3PartBytesMax: 5 * GiB,
  /** R2 binding: a part is held in memory, of which a Worker has 128 MB. */
  r2BindingPartBytesMax: 32 * MiB,
  /** R2 binding: a Worker may have six connections open (Workers, "Limits"); more would wait there. */
  r2BindingCallsInFlight: 6,
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
  /** Cloudflare, on every plan: prefixes or URLs in one request ("Purge cache", Availability and limits). */
  cdnBatchTargets: 100,
  /** How long a purge waits for others that can go in its request. */
  cdnGatherMs: 50,
  cdnTimeoutMs: 15 * SECOND_MS,
  cdnReplyBytesMax: 64 * KiB,
  /** A request that is refused is parted until so many of its targets were refused by themselves. */
  cdnRefusalsMax: 2,
  /** Purges that were not accepted, of one attempt, that are named as residue. */
  cdnResidueMax: 1000,

  /** S3: the longest life of a signed URL (AWS, "Signature Version 4"). */
  s3UrlExpiryMaxMs: 7 * DAY_MS,
} as const;
