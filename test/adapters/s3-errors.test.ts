import { describe, expect, it } from "vitest";
import { CODES } from "../../src/adapters/s3/error-table.ts";
import { meaningOf, toStoreError } from "../../src/adapters/s3/errors.ts";
import { BrokenReply, ForeignFailure, TimedOut } from "../../src/adapters/s3/failures.ts";
import { verdictOf } from "../../src/adapters/s3/removal.ts";

/** As the SDK throws a reply of S3's. */
function refusal(code: string, status: number, text = "", headers = {}): Error {
  const error = Object.assign(new Error(text), {
    $metadata: { httpStatusCode: status, requestId: "tx1234" },
    $response: { headers },
  });
  error.name = code;
  return error;
}

function said(error: unknown, operation = "PutObject"): string {
  const { code, errorClass } = toStoreError(error, operation);
  return `${code} ${errorClass}`;
}

describe("what the replies of S3 mean", () => {
  it("is in one table, by S3's codes", () => {
    expect(
      Object.fromEntries(
        [
          "NoSuchKey",
          "NoSuchUpload",
          "NoSuchBucket",
          "AccessDenied",
          "InvalidAccessKeyId",
          "SignatureDoesNotMatch",
          "RequestTimeTooSkewed",
          "AuthorizationHeaderMalformed",
          "PermanentRedirect",
          "ObjectLockedByBucketPolicy",
          "SlowDown",
          "TooManyRequests",
          "RequestLimitExceeded",
          "InternalError",
          "RequestTimeout",
          "InvalidPart",
          "InvalidPartOrder",
          "EntityTooSmall",
          "InvalidRange",
          "KeyTooLongError",
          "NotImplemented",
          "MalformedXML",
        ].map((code) => [code, said(refusal(code, 400))]),
      ),
    ).toEqual({
      NoSuchKey: "no-such-key permanent",
      NoSuchUpload: "no-such-upload permanent",
      NoSuchBucket: "no-such-bucket blocked",
      AccessDenied: "access-denied blocked",
      InvalidAccessKeyId: "invalid-credentials blocked",
      SignatureDoesNotMatch: "invalid-credentials blocked",
      RequestTimeTooSkewed: "clock-skew blocked",
      AuthorizationHeaderMalformed: "wrong-region blocked",
      PermanentRedirect: "wrong-region blocked",
      ObjectLockedByBucketPolicy: "object-locked blocked",
      SlowDown: "throttled retryable",
      TooManyRequests: "throttled retryable",
      RequestLimitExceeded: "throttled retryable",
      InternalError: "store-unavailable retryable",
      RequestTimeout: "timeout retryable",
      InvalidPart: "invalid-part permanent",
      InvalidPartOrder: "invalid-part permanent",
      EntityTooSmall: "invalid-part permanent",
      InvalidRange: "invalid-range permanent",
      KeyTooLongError: "invalid-key permanent",
      NotImplemented: "not-supported permanent",
      MalformedXML: "bad-request permanent",
    });
  });

  it("is not changed by the status beside a code", () => {
    for (const [code, { meaning }] of Object.entries(CODES)) {
      const [storeCode, errorClass] = meaning;
      for (const status of [400, 403, 404, 500]) {
        expect(said(refusal(code, status)), code).toBe(`${storeCode} ${errorClass}`);
      }
    }
  });

  it("is a lock where the words of a denial say so, which no right would help against", () => {
    for (const [code, text] of [
      ["AccessDenied", "Access Denied because object protected by object lock."],
      ["AccessDenied", "forbidden by object lock"],
      ["InvalidRequest", "Object is WORM protected and cannot be overwritten"],
      ["AccessDenied", "The object is under Legal Hold"],
      ["AccessDenied", "The retention period has not expired"],
    ] as const) {
      expect(meaningOf(code, text)?.[0], text).toBe("object-locked");
      expect(verdictOf(code, text)).toMatchObject({ result: "blocked", code: "object-locked" });
    }
    expect(meaningOf("AccessDenied", "Access Denied")?.[0]).toBe("access-denied");
    expect(meaningOf("InternalError", "object lock service is down")?.[0]).toBe(
      "store-unavailable",
    );
    expect(meaningOf("NoSuchKey", "worm")?.[0]).toBe("no-such-key");
  });

  it("comes from the status alone where a reply has no body", () => {
    const head = (status: number): string => said(refusal("Unknown", status), "HeadObject");
    expect(head(404)).toBe("no-such-key permanent");
    expect(head(403)).toBe("access-denied blocked");
    expect(head(400)).toBe("bad-request permanent");
    expect(head(301)).toBe("wrong-region blocked");
    expect(head(401)).toBe("invalid-credentials blocked");
    expect(head(500)).toBe("store-unavailable retryable");
    expect(head(503)).toBe("throttled retryable");
    expect(head(429)).toBe("throttled retryable");
    expect(head(418)).toBe("unlisted-reply unknown");
    // The SDK names every 404 without a code so; of anything but HEAD it says nothing.
    expect(said(refusal("NotFound", 404), "GetObject")).toBe("unlisted-reply unknown");
    expect(said(refusal("NotFound", 404), "AbortMultipartUpload")).toBe("unlisted-reply unknown");
  });

  it("is nothing at all for a proxy's page, but where any proxy means the same", () => {
    const page = (status: number | null): string => said(new BrokenReply("a page", status));
    for (const status of [null, 200, 400, 403, 404]) {
      expect(page(status)).toBe("unlisted-reply unknown");
    }
    expect(page(502)).toBe("store-unavailable retryable");
    expect(page(503)).toBe("throttled retryable");
    expect(page(504)).toBe("store-unavailable retryable");
    expect(page(429)).toBe("throttled retryable");
  });

  it("is unknown for codes that are not listed, a key's as well as a request's", () => {
    expect(said(refusal("SomethingNew", 404))).toBe("unlisted-reply unknown");
    expect(said(refusal("constructor", 409))).toBe("unlisted-reply unknown");
    expect(verdictOf("SomethingNew", "")).toMatchObject({
      result: "unknown",
      retryable: false,
      code: "unlisted-reply",
    });
  });
});

describe("what becomes of one key in a batch", () => {
  it("follows from the class of its code", () => {
    expect(verdictOf("InternalError", "")).toMatchObject({ result: "unknown", retryable: true });
    expect(verdictOf("SlowDown", "")).toMatchObject({ result: "unknown", retryable: true });
    expect(verdictOf("ServiceUnavailable", "")).toMatchObject({ retryable: true });
    expect(verdictOf("AccessDenied", "")).toMatchObject({ result: "blocked", retryable: false });
    expect(verdictOf("InvalidArgument", "")).toMatchObject({ result: "failed", retryable: false });
    expect(verdictOf("NoSuchKey", "")).toEqual({ result: "gone" });
    expect(verdictOf("NoSuchVersion", "")).toEqual({ result: "gone" });
  });
});

describe("failures on the way", () => {
  it("pass, whatever kept the bytes from going through", () => {
    const errno = (code: string): string => said(Object.assign(new Error("x"), { code }));
    for (const code of ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "EPIPE"]) {
      expect(errno(code)).toBe("store-unavailable retryable");
    }
    for (const code of ["DEPTH_ZERO_SELF_SIGNED_CERT", "CERT_HAS_EXPIRED", "EPROTO"]) {
      expect(errno(code)).toBe("store-unavailable retryable");
    }
    expect(errno("ERR_TLS_CERT_ALTNAME_INVALID")).toBe("store-unavailable retryable");
    expect(errno("ETIMEDOUT")).toBe("timeout retryable");
    expect(errno("EMFILE")).toBe("throttled retryable");
    expect(errno("HPE_INVALID_CONSTANT")).toBe("unlisted-reply unknown");
    expect(errno("ERR_INVALID_CHAR")).toBe("bad-request permanent");
    expect(said(new TimedOut("no reply came", 5))).toBe("timeout retryable");
    expect(said(new TypeError("x is not a function"))).toBe("unlisted-reply unknown");
  });

  it("of what the caller gave are its own, untouched", () => {
    const own = Object.assign(new Error("the client went away"), { code: "ECONNRESET" });
    expect(() => toStoreError(new ForeignFailure(own), "UploadPart")).toThrow(own);
  });
});

describe("the wish to be left alone", () => {
  const after = (value: string): number | null =>
    toStoreError(refusal("SlowDown", 503, "", { "retry-after": value }), "PutObject").retryAfterMs;

  it("is understood in seconds and as a date, and is none where it is neither", () => {
    expect(after("7")).toBe(7000);
    expect(after("0")).toBe(0);
    const inAMinute = after(new Date(Date.now() + 60_000).toUTCString()) ?? 0;
    expect(inAMinute).toBeGreaterThan(50_000);
    expect(inAMinute).toBeLessThanOrEqual(60_000);
    expect(after("Thu, 01 Jan 1970 00:00:00 GMT")).toBe(0);
    expect(after("soon")).toBeNull();
    expect(toStoreError(refusal("SlowDown", 503), "PutObject").retryAfterMs).toBeNull();
  });
});

describe("messages", () => {
  it("tell what happened and hold nothing of what the store or the request said", () => {
    const secret = "https://host/bucket/projects/private.txt?X-Amz-Signature=abc";
    for (const error of [
      refusal("AccessDenied", 403, secret),
      refusal(secret, 403, secret),
      Object.assign(new Error(secret), { code: secret }),
      new Error(secret),
    ]) {
      const made = toStoreError(error, "GetObject");
      const cause = made.cause instanceof Error ? made.cause.message : "";
      expect(cause).toContain("GetObject");
      expect(`${made.message} ${cause}`).not.toMatch(/private|Signature|host/);
      expect(made.message).toMatch(/^[A-Z].*\.$/);
    }
    const { message, cause } = toStoreError(refusal("SlowDown", 503), "ListObjectsV2");
    expect(message).toBe("The store asks for fewer requests (ListObjectsV2: SlowDown).");
    expect(cause).toMatchObject({ message: "ListObjectsV2: SlowDown, status 503, request tx1234" });
  });
});
