import type { StoreErrorClass, StoreErrorCode } from "../../core/store-errors.ts";

export type Meaning = readonly [code: StoreErrorCode, errorClass: StoreErrorClass, message: string];

const NO_KEY: Meaning = ["no-such-key", "permanent", "There is no object of this key"];
const NO_UPLOAD: Meaning = ["no-such-upload", "permanent", "The upload is not open, or never was"];
const DENIED: Meaning = ["access-denied", "blocked", "The access key has no right to do this"];
const CREDENTIALS: Meaning = [
  "invalid-credentials",
  "blocked",
  "The store does not accept the access key or its secret",
];
const NO_CREDENTIALS: Meaning = [
  "invalid-credentials",
  "blocked",
  "No access key was found, neither in the settings nor where AWS's SDK looks for one",
];
const SKEW: Meaning = [
  "clock-skew",
  "blocked",
  "The clock of this machine differs too much from the store's",
];
const REGION: Meaning = [
  "wrong-region",
  "blocked",
  "The bucket lies in another region, or at another endpoint",
];
const NO_BUCKET: Meaning = ["no-such-bucket", "blocked", "There is no bucket of this name"];
export const LOCKED: Meaning = [
  "object-locked",
  "blocked",
  "The object is locked against removal and overwriting",
];
const THROTTLED: Meaning = ["throttled", "retryable", "The store asks for fewer requests"];
const UNAVAILABLE: Meaning = ["store-unavailable", "retryable", "The store failed for the moment"];
const DAMAGED: Meaning = ["store-unavailable", "retryable", "The request arrived damaged"];
const TIMEOUT: Meaning = ["timeout", "retryable", "The store did not answer in time"];
const FULL: Meaning = [
  "io-error",
  "retryable",
  "The store has no space left, or the quota is used",
];
const PART: Meaning = ["invalid-part", "permanent", "The parts are not those of the upload"];
const RANGE: Meaning = ["invalid-range", "permanent", "The object has no such bytes"];
const KEY: Meaning = ["invalid-key", "permanent", "The store cannot hold this key"];
const UNSUPPORTED: Meaning = ["not-supported", "permanent", "The store has no such operation"];
const REQUEST: Meaning = ["bad-request", "permanent", "The store refuses the request as it is"];
const UNREACHABLE: Meaning = ["store-unavailable", "retryable", "The store cannot be reached"];
const TLS: Meaning = ["store-unavailable", "retryable", "No secure connection came about"];
export const UNLISTED: Meaning = [
  "unlisted-reply",
  "unknown",
  "The store answered in a way that is not known here",
];

/**
 * What S3's codes mean: the one table of this adapter.
 * Sources: AWS S3 API reference, "Error responses"; [R2] Cloudflare R2, api/error-codes; [Ceph] seen on
 * its gateway 16.2; [MinIO] its documentation.
 */
export const BY_CODE: Readonly<Record<string, Meaning>> = {
  NoSuchKey: NO_KEY,
  // Of a version that is asked for by its id.
  NoSuchVersion: NO_KEY,
  NoSuchUpload: NO_UPLOAD,
  NoSuchBucket: NO_BUCKET,
  InvalidBucketName: NO_BUCKET,

  AccessDenied: DENIED,
  AllAccessDisabled: DENIED,
  AccountProblem: DENIED,
  // [R2] 10042: the account has no subscription.
  NotEntitled: DENIED,
  // [Ceph] the user is suspended.
  UserSuspended: DENIED,
  // An archived object, which has to be restored first.
  InvalidObjectState: DENIED,

  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  InvalidToken: CREDENTIALS,
  ExpiredToken: CREDENTIALS,
  TokenRefreshRequired: CREDENTIALS,
  InvalidSecurity: CREDENTIALS,
  MissingSecurityHeader: CREDENTIALS,
  // [R2] 10002.
  Unauthorized: CREDENTIALS,
  // The SDK found no access key in any of AWS's sources.
  CredentialsProviderError: NO_CREDENTIALS,
  TokenProviderError: NO_CREDENTIALS,

  RequestTimeTooSkewed: SKEW,
  RequestExpired: SKEW,
  // [R2] 10018: a signature that has expired; of a request that was signed now it says the same.
  ExpiredRequest: SKEW,

  AuthorizationHeaderMalformed: REGION,
  PermanentRedirect: REGION,
  TemporaryRedirect: REGION,
  Redirect: REGION,
  IllegalLocationConstraintException: REGION,

  // [R2] 10069, bucket locks.
  ObjectLockedByBucketPolicy: LOCKED,

  SlowDown: THROTTLED,
  // [R2] 10043; AWS: "Reduce your request rate".
  ServiceUnavailable: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  BandwidthLimitExceeded: THROTTLED,
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  // [R2] 10058: more than one write a second to one key.
  TooManyRequests: THROTTLED,
  // [R2] release notes, 2022-06-16: parts of one upload at the same time.
  TooMuchConcurrency: THROTTLED,

  InternalError: UNAVAILABLE,
  // Another conditional or multipart operation on the key is under way.
  OperationAborted: UNAVAILABLE,
  ConditionalRequestConflict: UNAVAILABLE,
  // [R2] 10054.
  ClientDisconnect: UNAVAILABLE,
  IncompleteBody: DAMAGED,
  BadDigest: DAMAGED,
  XAmzContentSHA256Mismatch: DAMAGED,
  XAmzContentChecksumMismatch: DAMAGED,
  // The store saw nothing move on the connection.
  RequestTimeout: TIMEOUT,

  // [Ceph]
  QuotaExceeded: FULL,
  // [MinIO]
  XMinioStorageFull: FULL,
  InsufficientCapacity: FULL,

  InvalidPart: PART,
  InvalidPartOrder: PART,
  EntityTooSmall: PART,
  EntityTooLarge: PART,
  InvalidRange: RANGE,
  KeyTooLong: KEY,
  KeyTooLongError: KEY,
  // [Ceph], [R2] 10020.
  InvalidObjectName: KEY,
  InvalidURI: KEY,
  // [MinIO]
  XMinioInvalidObjectName: KEY,

  NotImplemented: UNSUPPORTED,
  XNotImplemented: UNSUPPORTED,

  InvalidArgument: REQUEST,
  InvalidRequest: REQUEST,
  InvalidDigest: REQUEST,
  MalformedXML: REQUEST,
  MethodNotAllowed: REQUEST,
  MissingContentLength: REQUEST,
  MissingContentMD5: REQUEST,
  MetadataTooLarge: REQUEST,
  PreconditionFailed: REQUEST,
};

/** Of replies without a code that is listed: S3's own words are more exact where they are there. */
export const BY_STATUS: Readonly<Record<number, Meaning>> = {
  301: REGION,
  307: REGION,
  308: REGION,
  // Refused before anything was done.
  400: REQUEST,
  401: CREDENTIALS,
  403: DENIED,
  405: REQUEST,
  408: TIMEOUT,
  411: REQUEST,
  413: REQUEST,
  416: RANGE,
  429: THROTTLED,
  500: UNAVAILABLE,
  501: UNSUPPORTED,
  502: UNAVAILABLE,
  503: THROTTLED,
  504: UNAVAILABLE,
  507: FULL,
};

/** HEAD has no body: its 404 is the only one that says anything without one. */
export const HEAD_NOT_FOUND = NO_KEY;

/**
 * Statuses that a proxy before the store gives in the same sense, whatever page it shows. No other
 * status of a reply that is not S3's says anything of the store: a proxy's 404 is no missing key.
 */
export const OF_ANY_PROXY: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Codes of the system and of Node: nothing is known of whether the request took effect. */
export const BY_ERRNO: readonly (readonly [pattern: RegExp, meaning: Meaning])[] = [
  [/^(ETIMEDOUT|ESOCKETTIMEDOUT)$/, TIMEOUT],
  [/^(EMFILE|ENFILE|ENOBUFS|EADDRNOTAVAIL)$/, THROTTLED],
  [/^(ENOTFOUND|EAI_\w+|ECONN\w+|EPIPE|EHOST\w+|ENET\w+|ERR_STREAM_PREMATURE_CLOSE)$/, UNREACHABLE],
  [/^(EPROTO|ERR_(TLS|SSL)_\w+|CERT_\w+|\w*CERT\w*|UNABLE_TO_\w+|DEPTH_ZERO_\w+)$/, TLS],
  // Node's HTTP parser: what speaks there is no S3.
  [/^HPE_\w+$/, UNLISTED],
  [/^ERR_(INVALID_CHAR|HTTP_INVALID_HEADER_VALUE|UNESCAPED_CHARACTERS)$/, REQUEST],
];

export const NO_ANSWER = TIMEOUT;
