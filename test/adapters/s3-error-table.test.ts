import { assert, integer, pre, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { BY_STATUS, CODES, type Source } from "../../src/adapters/s3/error-table.ts";
import { toStoreError } from "../../src/adapters/s3/errors.ts";
import { verdictOf } from "../../src/adapters/s3/removal.ts";

const SOURCES: ReadonlySet<string> = new Set<Source>(["AWS", "R2", "Ceph", "MinIO", "SDK"]);

/** Cloudflare R2, api/error-codes, read in November 2026; without what only buckets are made by. */
const OF_R2 = `
  Unauthorized AccessDenied ExpiredRequest SignatureDoesNotMatch NotEntitled InvalidBucketName
  NoSuchBucket NoSuchKey InvalidObjectName EntityTooLarge MetadataTooLarge ObjectLockedByBucketPolicy
  MissingContentLength IncompleteBody InvalidDigest BadDigest InvalidRange PreconditionFailed
  EntityTooSmall NoSuchUpload InvalidPart InternalError ServiceUnavailable ClientDisconnect
  TooManyRequests`;

/** What Ceph 16.2 can say to these calls: names in its gateway's binary, without those of other APIs. */
const OF_CEPH = `
  AccessDenied BadDigest EntityTooLarge EntityTooSmall InternalError InvalidAccessKeyId InvalidArgument
  InvalidBucketName InvalidBucketState InvalidDigest InvalidEncryptionAlgorithmError InvalidObjectName
  InvalidPart InvalidPartOrder InvalidRange InvalidRequest InvalidSecretKey InvalidTenantName Locked
  MalformedXML MethodNotAllowed MissingContentLength NoSuchBucket NoSuchKey NoSuchUpload NotImplemented
  OperationAborted PermanentRedirect PreconditionFailed QuotaExceeded RequestTimeTooSkewed RequestTimeout
  ServiceUnavailable SignatureDoesNotMatch SlowDown UserSuspended XAmzContentSHA256Mismatch`;

/** AWS S3 API reference, "Error responses", without what speaks of other calls than are made here. */
const OF_AWS = `
  AccessDenied AccountProblem AllAccessDisabled AuthorizationHeaderMalformed
  AuthorizationQueryParametersError BadDigest BadRequest CredentialsNotSupported EndpointNotFound
  EntityTooLarge EntityTooSmall ExpiredToken IllegalLocationConstraintException IncompleteBody
  InternalError InvalidAccessKeyId InvalidAddressingHeader InvalidArgument InvalidBucketName
  InvalidBucketState InvalidDigest InvalidEncryptionAlgorithmError InvalidObjectState InvalidPart
  InvalidPartOrder InvalidPayer InvalidRange InvalidRegion InvalidRequest InvalidSecurity
  InvalidStorageClass InvalidToken InvalidURI KeyTooLongError MalformedXML MaxMessageLengthExceeded
  MetadataTooLarge MethodNotAllowed MissingAuthenticationToken MissingContentLength
  MissingRequestBodyError MissingSecurityHeader NoSuchBucket NoSuchKey NoSuchUpload NoSuchVersion
  NotImplemented NotSignedUp OperationAborted PermanentRedirect PermanentRedirectControlError
  PreconditionFailed Redirect RequestHeaderSectionTooLarge RequestTimeTooSkewed RequestTimeout
  ServiceUnavailable SignatureDoesNotMatch SlowDown TemporaryRedirect TokenCodeInvalidError
  TokenRefreshRequired UnauthorizedAccessError UnexpectedContent UnexpectedIPError UnsupportedArgument
  UnsupportedSignature`;

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

describe("the table of S3's codes", () => {
  it("gives each row a source", () => {
    for (const [code, { sources }] of Object.entries(CODES)) {
      expect(sources.length, code).toBeGreaterThan(0);
      expect(
        sources.filter((source) => !SOURCES.has(source)),
        code,
      ).toEqual([]);
    }
  });

  it.each([
    ["AWS", OF_AWS],
    ["R2", OF_R2],
    ["Ceph", OF_CEPH],
  ] as const)(
    "has every code that %s documents for these calls, with it as source",
    (name, text) => {
      const missing = words(text).filter((code) => !CODES[code]?.sources.includes(name));
      expect(missing).toEqual([]);
    },
  );

  it("calls a key gone for two codes and for nothing else, known or not", () => {
    const gone = Object.keys(CODES).filter((code) => verdictOf(code, "").result === "gone");
    expect(gone).toEqual(["NoSuchKey", "NoSuchVersion"]);
    assert(
      property(string(), string(), (code, text) => {
        pre(!Object.hasOwn(CODES, code));
        expect(verdictOf(code, text)).toMatchObject({ result: "unknown", retryable: false });
      }),
    );
  });

  it("takes no reply for a missing key or upload whose code it does not know", () => {
    assert(
      property(string(), integer({ min: 300, max: 599 }), (name, httpStatusCode) => {
        pre(!Object.hasOwn(CODES, name));
        const reply = Object.assign(new Error(), { name, $metadata: { httpStatusCode } });
        const { code } = toStoreError(reply, "AbortMultipartUpload");
        expect(["no-such-key", "no-such-upload"]).not.toContain(code);
      }),
    );
    const codes = Object.values(BY_STATUS).map(([code]) => code);
    expect(codes.filter((code) => code.startsWith("no-such-"))).toEqual([]);
  });
});
