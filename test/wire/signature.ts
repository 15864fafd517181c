import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { WireError } from "./errors.ts";
import { queryPairs, type WireRequest } from "./request.ts";

/**
 * Signature version 4 from AWS's description, independent of the SDK's, which it thereby checks.
 * Source: AWS S3 API reference, "Authenticating Requests (AWS Signature Version 4)".
 */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Scope {
  /** As `20130524`. */
  readonly date: string;
  readonly region: string;
}

/** What of a request is signed. */
export type Signable = Pick<WireRequest, "method" | "rawPath" | "rawQuery" | "headers">;

export const UNSIGNED = "UNSIGNED-PAYLOAD";
export const UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const ALGORITHM = "AWS4-HMAC-SHA256";
const SKEW_MAX_MS = 15 * 60 * 1000;
const EXPIRES_MAX_SECONDS = 7 * 24 * 3600;

export function sha256Hex(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Everything but letters, digits and `-._~` as `%XX`. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The path is taken as it was sent: for S3 nothing is normalised in it. */
export function canonicalRequest(
  request: Signable,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const query = queryPairs(request.rawQuery)
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`);
  const headers = signedHeaders.map((name) => {
    const value = (request.headers.get(name) ?? "").trim().replace(/ +/g, " ");
    return `${name}:${value}\n`;
  });
  return [
    request.method,
    request.rawPath,
    query.join("&"),
    headers.join(""),
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function scopeText({ date, region }: Scope): string {
  return `${date}/${region}/s3/aws4_request`;
}

export function stringToSign(amzDate: string, scope: Scope, canonical: string): string {
  return [ALGORITHM, amzDate, scopeText(scope), sha256Hex(canonical)].join("\n");
}

export function signatureOf(secretAccessKey: string, scope: Scope, toSign: string): string {
  const keyed = (key: string | Uint8Array, text: string): Buffer =>
    createHmac("sha256", key).update(text).digest();
  const dateKey = keyed(`AWS4${secretAccessKey}`, scope.date);
  const signingKey = keyed(keyed(keyed(dateKey, scope.region), "s3"), "aws4_request");
  return keyed(signingKey, toSign).toString("hex");
}

interface Claims {
  readonly accessKeyId: string;
  readonly scope: readonly string[];
  readonly amzDate: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly payloadHash: string;
  /** Of a presigned URL; null for a signed header. */
  readonly expiresSeconds: number | null;
}

export interface Verifier {
  readonly credentials: readonly Credentials[];
  readonly region: string;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Answers the payload hash that was signed: hex, or one of the two names of what was not signed.
 * @throws WireError as S3 refuses it
 */
export function verify(request: WireRequest, verifier: Verifier): string {
  const isPresigned = request.query.has("X-Amz-Algorithm");
  const claims = isPresigned ? queryClaims(request) : headerClaims(request);
  checkScope(claims, verifier.region, isPresigned);
  const known = verifier.credentials.find(({ accessKeyId }) => accessKeyId === claims.accessKeyId);
  if (!known) {
    throw new WireError("InvalidAccessKeyId", undefined, { AWSAccessKeyId: claims.accessKeyId });
  }
  checkTime(claims, verifier.now());
  checkSignedHeaders(request, claims);
  const scope = { date: claims.scope[0] ?? "", region: verifier.region };
  const canonical = canonicalRequest(request, claims.signedHeaders, claims.payloadHash);
  const toSign = stringToSign(claims.amzDate, scope, canonical);
  const expected = Buffer.from(signatureOf(known.secretAccessKey, scope, toSign));
  const given = Buffer.from(claims.signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw new WireError("SignatureDoesNotMatch", undefined, {
      StringToSign: toSign,
      CanonicalRequest: canonical,
    });
  }
  return claims.payloadHash;
}

function headerClaims({ headers }: WireRequest): Claims {
  const authorization = headers.get("authorization");
  if (authorization === undefined) throw new WireError("AccessDenied");
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)$/;
  const [, credential = "", names = "", signature = ""] = pattern.exec(authorization) ?? [];
  if (signature === "") throw new WireError("AuthorizationHeaderMalformed");
  const payloadHash = headers.get("x-amz-content-sha256");
  if (payloadHash === undefined) {
    const message = "Missing required header for this request: x-amz-content-sha256";
    throw new WireError("InvalidRequest", message);
  }
  const [accessKeyId = "", ...scope] = credential.split("/");
  return {
    accessKeyId,
    scope,
    amzDate: headers.get("x-amz-date") ?? "",
    signedHeaders: names.split(";"),
    signature,
    payloadHash,
    expiresSeconds: null,
  };
}

function queryClaims({ query, headers }: WireRequest): Claims {
  if (headers.has("authorization")) {
    const message = "Only one auth mechanism allowed";
    throw new WireError("InvalidArgument", message);
  }
  const value = (name: string): string => query.get(`X-Amz-${name}`) ?? "";
  const expires = value("Expires");
  const expiresSeconds = /^\d+$/.test(expires) ? Number(expires) : 0;
  const isWhole = value("Algorithm") === ALGORITHM && /^[0-9a-f]{64}$/.test(value("Signature"));
  if (!isWhole || expiresSeconds < 1 || expiresSeconds > EXPIRES_MAX_SECONDS) {
    throw new WireError("AuthorizationQueryParametersError");
  }
  const [accessKeyId = "", ...scope] = value("Credential").split("/");
  return {
    accessKeyId,
    scope,
    amzDate: value("Date"),
    signedHeaders: value("SignedHeaders").split(";"),
    signature: value("Signature"),
    payloadHash:
      headers.get("x-amz-content-sha256") ?? value("Content-Sha256").replace(/^$/, UNSIGNED),
    expiresSeconds,
  };
}

function checkScope(claims: Claims, region: string, isPresigned: boolean): void {
  const code = isPresigned ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed";
  const [date = "", given = "", service, end, ...rest] = claims.scope;
  const isWhole = service === "s3" && end === "aws4_request" && rest.length === 0;
  if (!isWhole || !/^\d{8}T\d{6}Z$/.test(claims.amzDate) || claims.amzDate.slice(0, 8) !== date) {
    throw new WireError(code);
  }
  if (given === region) return;
  const message = `The authorization header is malformed; the region '${given}' is wrong; expecting '${region}'`;
  throw new WireError(code, message, { Region: region });
}

function checkTime({ amzDate, expiresSeconds }: Claims, now: number): void {
  const pattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
  const signedAt = Date.parse(amzDate.replace(pattern, "$1-$2-$3T$4:$5:$6Z"));
  if (expiresSeconds === null) {
    if (Math.abs(now - signedAt) <= SKEW_MAX_MS) return;
    throw new WireError("RequestTimeTooSkewed", undefined, {
      RequestTime: amzDate,
      ServerTime: new Date(now).toISOString(),
      MaxAllowedSkewMilliseconds: String(SKEW_MAX_MS),
    });
  }
  if (signedAt - now > SKEW_MAX_MS) throw new WireError("AccessDenied", "Request is not yet valid");
  if (now > signedAt + expiresSeconds * 1000)
    throw new WireError("AccessDenied", "Request has expired");
}

/** The host must be signed, and every header that can change what S3 does. */
function checkSignedHeaders({ headers }: WireRequest, { signedHeaders }: Claims): void {
  const mustBe = [...headers.keys()].filter((name) => name.startsWith("x-amz-"));
  const missing = ["host", ...mustBe].filter((name) => !signedHeaders.includes(name));
  if (missing.length === 0) return;
  const message = "There were headers present in the request which were not signed";
  throw new WireError("AccessDenied", message, { HeadersNotSigned: missing.join(", ") });
}
