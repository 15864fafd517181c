import { DAY_MS, HOUR_MS, KiB, MINUTE_MS, SECOND_MS } from "./units.ts";

/** Of the HTTP face. */
export const HTTP_LIMITS = {
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
  /** Files whose names change with their content. */
  consoleAssetsMaxAgeSeconds: 31_536_000,
} as const;
