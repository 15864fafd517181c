const SECOND_MS = 1000;

/** Bounds and pauses of the campaign, with their units. */
export const CRASH_LIMITS = {
  /** The promise: what a killed worker had goes on elsewhere within this. */
  takeoverMs: 15 * SECOND_MS,
  /** After the last fault everything that is due has ended within this (I9). */
  endMs: 90 * SECOND_MS,
  /** 1.5 leases: a process that is stopped for so long has lost its claims. */
  stopMs: 15 * SECOND_MS,
  stopMoreMs: 2 * SECOND_MS,
  /** How late a fault may come after the deletions were requested. */
  strikeWithinMs: 1200,
  restartMinMs: 100,
  restartMaxMs: 1000,
  /** A named point that is not reached by then is missed, and the process is struck at once. */
  pointPatienceMs: 8 * SECOND_MS,
  pollMs: 100,
  claimPollMs: 10,
  /** A client gives up on an answer; on a stopped process some give up early. */
  answerMs: 60 * SECOND_MS,
  impatientMs: 1500,
  /** How often a client asks again for what it needs an answer to. */
  attemptsMax: 60,
  retryMs: 100,
  shortGraceMs: 1500,
  /** Longer than any campaign takes. */
  longGraceMs: 30 * 24 * 3600 * SECOND_MS,
  /** Runs that are under way at a time: one is struck while the others are taken over. */
  runsInFlight: 4,
  /** Runs whose end is looked at together and recorded as one line. */
  batchRuns: 10,
  readsInFlight: 16,
  /** A row may change between two looks of the checker at a live project; it looks again. */
  looksMax: 4,
  lookAgainMs: 500,
} as const;
