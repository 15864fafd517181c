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
 * Where a code is documented for the calls made here: AWS S3 API reference, "Error responses"; Cloudflare
 * R2, api/error-codes and its release notes; Ceph's gateway, as 16.2 has it in its binary or was seen to
 * answer; MinIO's documentation; the AWS SDK, which gives names of its own where no reply came.
 */
export type Source = "AWS" | "R2" | "Ceph" | "MinIO" | "SDK";

export interface CodeRow {
  readonly meaning: Meaning;
  readonly sources: readonly [Source, ...Source[]];
}

function row(meaning: Meaning, ...sources: readonly [Source, ...Source[]]): CodeRow {
  return { meaning, sources };
}

/** What S3's codes mean: the one table of this adapter. docs/store-errors.md shows it. */
export const CODES: Readonly<Record<string, CodeRow>> = {
  NoSuchKey: row(NO_KEY, "AWS", "R2", "Ceph"),
  // Of a version that is asked for by its id.
  NoSuchVersion: row(NO_KEY, "AWS", "MinIO"),
  NoSuchUpload: row(NO_UPLOAD, "AWS", "R2", "Ceph"),
  NoSuchBucket: row(NO_BUCKET, "AWS", "R2", "Ceph"),
  InvalidBucketName: row(NO_BUCKET, "AWS", "R2", "Ceph"),

  AccessDenied: row(DENIED, "AWS", "R2", "Ceph"),
  AllAccessDisabled: row(DENIED, "AWS"),
  AccountProblem: row(DENIED, "AWS"),
  InvalidPayer: row(DENIED, "AWS"),
  NotSignedUp: row(DENIED, "AWS"),
  UnauthorizedAccessError: row(DENIED, "AWS"),
  UnexpectedIPError: row(DENIED, "AWS"),
  // The account has no subscription.
  NotEntitled: row(DENIED, "R2"),
  UserSuspended: row(DENIED, "Ceph"),
  // An archived object, which has to be restored first.
  InvalidObjectState: row(DENIED, "AWS"),
  // The key by which objects are encrypted cannot be used.
  "KMS.DisabledException": row(DENIED, "AWS"),
  "KMS.KMSInvalidStateException": row(DENIED, "AWS"),
  "KMS.NotFoundException": row(DENIED, "AWS"),

  InvalidAccessKeyId: row(CREDENTIALS, "AWS", "Ceph"),
  SignatureDoesNotMatch: row(CREDENTIALS, "AWS", "R2", "Ceph"),
  InvalidToken: row(CREDENTIALS, "AWS"),
  ExpiredToken: row(CREDENTIALS, "AWS"),
  TokenRefreshRequired: row(CREDENTIALS, "AWS"),
  TokenCodeInvalidError: row(CREDENTIALS, "AWS"),
  InvalidSecurity: row(CREDENTIALS, "AWS"),
  MissingSecurityHeader: row(CREDENTIALS, "AWS"),
  MissingAuthenticationToken: row(CREDENTIALS, "AWS"),
  InvalidSecretKey: row(CREDENTIALS, "Ceph"),
  Unauthorized: row(CREDENTIALS, "R2"),
  // No access key in any of AWS's sources.
  CredentialsProviderError: row(NO_CREDENTIALS, "SDK"),
  TokenProviderError: row(NO_CREDENTIALS, "SDK"),

  RequestTimeTooSkewed: row(SKEW, "AWS", "Ceph"),
  RequestExpired: row(SKEW, "AWS"),
  // A signature that has expired; of a request that was signed now it says the same.
  ExpiredRequest: row(SKEW, "R2"),

  AuthorizationHeaderMalformed: row(REGION, "AWS"),
  PermanentRedirect: row(REGION, "AWS", "Ceph"),
  PermanentRedirectControlError: row(REGION, "AWS"),
  TemporaryRedirect: row(REGION, "AWS"),
  Redirect: row(REGION, "AWS"),
  EndpointNotFound: row(REGION, "AWS"),
  InvalidRegion: row(REGION, "AWS", "MinIO"),
  IllegalLocationConstraintException: row(REGION, "AWS"),

  // Bucket locks.
  ObjectLockedByBucketPolicy: row(LOCKED, "R2"),

  SlowDown: row(THROTTLED, "AWS", "Ceph"),
  SlowDownRead: row(THROTTLED, "MinIO"),
  SlowDownWrite: row(THROTTLED, "MinIO"),
  // AWS: "Reduce your request rate".
  ServiceUnavailable: row(THROTTLED, "AWS", "R2", "Ceph"),
  RequestLimitExceeded: row(THROTTLED, "AWS"),
  BandwidthLimitExceeded: row(THROTTLED, "AWS"),
  Throttling: row(THROTTLED, "AWS"),
  ThrottlingException: row(THROTTLED, "AWS"),
  // More than one write a second to one key.
  TooManyRequests: row(THROTTLED, "R2"),
  // Parts of one upload at the same time (release notes, 2022-06-16).
  TooMuchConcurrency: row(THROTTLED, "R2"),

  InternalError: row(UNAVAILABLE, "AWS", "R2", "Ceph"),
  XMinioServerNotInitialized: row(UNAVAILABLE, "MinIO"),
  // Another conditional or multipart operation on the key is under way.
  OperationAborted: row(UNAVAILABLE, "AWS", "Ceph"),
  ConditionalRequestConflict: row(UNAVAILABLE, "AWS"),
  // The bucket is being changed by something else.
  Locked: row(UNAVAILABLE, "Ceph"),
  ClientDisconnect: row(UNAVAILABLE, "R2"),
  IncompleteBody: row(DAMAGED, "AWS", "R2"),
  BadDigest: row(DAMAGED, "AWS", "R2", "Ceph"),
  XAmzContentSHA256Mismatch: row(DAMAGED, "AWS", "Ceph"),
  XAmzContentChecksumMismatch: row(DAMAGED, "AWS"),
  // The store saw nothing move on the connection.
  RequestTimeout: row(TIMEOUT, "AWS", "Ceph"),

  QuotaExceeded: row(FULL, "Ceph"),
  XMinioStorageFull: row(FULL, "MinIO"),
  InsufficientCapacity: row(FULL, "AWS"),

  InvalidPart: row(PART, "AWS", "R2", "Ceph"),
  InvalidPartOrder: row(PART, "AWS", "Ceph"),
  EntityTooSmall: row(PART, "AWS", "R2", "Ceph"),
  EntityTooLarge: row(PART, "AWS", "R2", "Ceph"),
  InvalidRange: row(RANGE, "AWS", "R2", "Ceph"),
  KeyTooLong: row(KEY, "AWS"),
  KeyTooLongError: row(KEY, "AWS"),
  InvalidObjectName: row(KEY, "R2", "Ceph"),
  InvalidURI: row(KEY, "AWS"),
  XMinioInvalidObjectName: row(KEY, "MinIO"),

  NotImplemented: row(UNSUPPORTED, "AWS", "Ceph"),
  XNotImplemented: row(UNSUPPORTED, "MinIO"),
  MethodNotAllowed: row(UNSUPPORTED, "AWS", "Ceph"),

  AuthorizationQueryParametersError: row(REQUEST, "AWS"),
  BadRequest: row(REQUEST, "AWS"),
  CredentialsNotSupported: row(REQUEST, "AWS"),
  InvalidAddressingHeader: row(REQUEST, "AWS"),
  InvalidArgument: row(REQUEST, "AWS", "Ceph"),
  InvalidBucketState: row(REQUEST, "AWS", "Ceph"),
  InvalidDigest: row(REQUEST, "AWS", "R2", "Ceph"),
  InvalidEncryptionAlgorithmError: row(REQUEST, "AWS", "Ceph"),
  InvalidRequest: row(REQUEST, "AWS", "Ceph"),
  InvalidStorageClass: row(REQUEST, "AWS"),
  InvalidTenantName: row(REQUEST, "Ceph"),
  MalformedXML: row(REQUEST, "AWS", "Ceph"),
  MaxMessageLengthExceeded: row(REQUEST, "AWS"),
  MetadataTooLarge: row(REQUEST, "AWS", "R2"),
  MissingContentLength: row(REQUEST, "AWS", "R2", "Ceph"),
  MissingContentMD5: row(REQUEST, "AWS"),
  MissingRequestBodyError: row(REQUEST, "AWS"),
  PreconditionFailed: row(REQUEST, "AWS", "R2", "Ceph"),
  RequestHeaderSectionTooLarge: row(REQUEST, "AWS"),
  UnexpectedContent: row(REQUEST, "AWS"),
  UnsupportedArgument: row(REQUEST, "AWS"),
  UnsupportedSignature: row(REQUEST, "AWS"),
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
  405: UNSUPPORTED,
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
