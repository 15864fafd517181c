import type { RemoveRefusal } from "../../src/adapters/memory/object-failures.ts";
import { StoreError, type StoreErrorCode } from "../../src/core/store-errors.ts";

/**
 * Codes of S3 with their status and the words that AWS uses.
 * Source: AWS S3 API reference, "Error responses"; those of R2 from Cloudflare's R2 documentation,
 * "Error codes".
 */
const CODES = {
  AccessDenied: [403, "Access Denied"],
  AuthorizationHeaderMalformed: [400, "The authorization header that you provided is not valid."],
  AuthorizationQueryParametersError: [400, "Error parsing the X-Amz-Credential parameter."],
  BadDigest: [
    400,
    "The Content-MD5 or checksum value that you specified did not match what the server received.",
  ],
  BucketAlreadyOwnedByYou: [
    409,
    "Your previous request to create the named bucket succeeded and you already own it.",
  ],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty."],
  EntityTooLarge: [400, "Your proposed upload exceeds the maximum allowed size."],
  EntityTooSmall: [400, "Your proposed upload is smaller than the minimum allowed size"],
  IncompleteBody: [
    400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  ],
  InternalError: [500, "We encountered an internal error. Please try again."],
  InvalidAccessKeyId: [403, "The AWS Access Key Id you provided does not exist in our records."],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidBucketState: [409, "The request is not valid with the current state of the bucket."],
  InvalidDigest: [400, "The Content-MD5 or checksum value that you specified is not valid."],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  ],
  InvalidPartOrder: [
    400,
    "The list of parts was not in ascending order. Parts must be ordered by part number.",
  ],
  InvalidRange: [416, "The requested range is not satisfiable"],
  InvalidRequest: [400, "Invalid Request"],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  KeyTooLongError: [400, "Your key is too long"],
  MalformedXML: [
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  ],
  MethodNotAllowed: [405, "The specified method is not allowed against this resource."],
  MissingContentLength: [411, "You must provide the Content-Length HTTP header."],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchObjectLockConfiguration: [
    404,
    "The specified object does not have a ObjectLock configuration",
  ],
  NoSuchUpload: [
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  ],
  NoSuchLifecycleConfiguration: [404, "The lifecycle configuration does not exist"],
  NoSuchVersion: [404, "The specified version does not exist."],
  NotImplemented: [501, "A header you provided implies functionality that is not implemented"],
  ObjectLockConfigurationNotFoundError: [
    404,
    "Object Lock configuration does not exist for this bucket",
  ],
  ObjectLockedByBucketPolicy: [403, "The object is locked by a bucket lock rule."],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold"],
  RequestTimeTooSkewed: [
    403,
    "The difference between the request time and the current time is too large.",
  ],
  ServiceUnavailable: [503, "Service is unable to handle request."],
  SignatureDoesNotMatch: [
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  ],
  SlowDown: [503, "Please reduce your request rate."],
  TooManyRequests: [429, "Reduce your concurrent request rate for the same object."],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export type S3Code = keyof typeof CODES;

/** What S3 says of a removal that a lock forbids; the code is that of any denied access. */
export const LOCKED_MESSAGE = "Access Denied because object protected by object lock.";

export function statusOf(code: S3Code): number {
  return CODES[code][0];
}

export function messageOfCode(code: S3Code): string {
  return CODES[code][1];
}

/** A refusal that becomes an error document. */
export class WireError extends Error {
  override readonly name = "WireError" as const;
  readonly code: S3Code;
  readonly status: number;
  /** Further elements of the document. */
  readonly details: Readonly<Record<string, string>>;

  constructor(code: S3Code, message?: string, details: Readonly<Record<string, string>> = {}) {
    super(message ?? messageOfCode(code));
    this.code = code;
    this.status = statusOf(code);
    this.details = details;
  }
}

/** How a failure that was planted in the memory store shows on the wire. */
const STORE_CODES: Readonly<Partial<Record<StoreErrorCode, S3Code>>> = {
  "access-denied": "AccessDenied",
  "bad-request": "InvalidArgument",
  "clock-skew": "RequestTimeTooSkewed",
  "invalid-credentials": "InvalidAccessKeyId",
  "invalid-key": "KeyTooLongError",
  "invalid-part": "InvalidPart",
  "invalid-range": "InvalidRange",
  "no-such-bucket": "NoSuchBucket",
  "no-such-key": "NoSuchKey",
  "no-such-upload": "NoSuchUpload",
  "not-supported": "NotImplemented",
  "object-locked": "AccessDenied",
  "store-unavailable": "InternalError",
  throttled: "SlowDown",
};

/** What the store threw, as S3 says it. What it should not have thrown passes through. */
export function asWireError(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const code = STORE_CODES[error.code];
  if (code === undefined) return error;
  if (error.code === "object-locked") return new WireError(code, LOCKED_MESSAGE);
  return new WireError(code, error.code === "not-supported" ? error.message : undefined);
}

/** The `Error` entry of a key that the memory store refused to remove. */
export function entryErrorOf(refusal: RemoveRefusal): { code: S3Code; message: string } {
  const code = STORE_CODES[refusal.code] ?? "InternalError";
  const message = refusal.code === "object-locked" ? LOCKED_MESSAGE : messageOfCode(code);
  return { code, message };
}
