import { ERRORS, ExpungeError, type ErrorCode, type ErrorDetails } from "../core/errors.ts";
import { DatabaseError } from "../core/database-errors.ts";
import { StoreError } from "../core/store-errors.ts";
import type { ProblemJson } from "./schema/problem.ts";

/** Codes of failures that only HTTP knows; they never come out of a service. */
export const HTTP_ERRORS = {
  "route-not-found": "Check the method and the path; /openapi.json lists every operation.",
  "method-not-allowed": "Use one of the methods that the Allow header names.",
  "unsupported-media-type": "Send JSON with 'Content-Type: application/json'.",
  "request-too-large": "Send a smaller request; files are sent as raw bodies.",
  "request-timeout": "Send the request again, without pauses.",
  "headers-too-large": "Send fewer or shorter headers, or a shorter URL.",
} as const;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;
export type ProblemCode = ErrorCode | HttpErrorCode;

/** The only place with status numbers of failures. */
export const STATUS: Readonly<Record<ProblemCode, number>> = {
  "invalid-request": 400,
  "invalid-path": 400,
  "invalid-project-id": 400,
  "invalid-cursor": 400,
  "confirmation-needed": 400,
  unauthorized: 401,
  "token-expired": 401,
  "token-revoked": 401,
  "sign-in-refused": 401,
  forbidden: 403,
  "cross-site": 403,
  "https-required": 403,
  "id-not-allowed": 403,
  "url-invalid": 403,
  "project-not-found": 404,
  "file-not-found": 404,
  "upload-not-found": 404,
  "deletion-not-found": 404,
  "sweep-not-found": 404,
  "prefix-in-use": 409,
  "audit-not-found": 404,
  "adoption-not-found": 404,
  "relayout-not-found": 404,
  "relayout-running": 409,
  "receipt-not-found": 404,
  "token-not-found": 404,
  "webhook-not-found": 404,
  "route-not-found": 404,
  "method-not-allowed": 405,
  "request-timeout": 408,
  "project-exists": 409,
  "project-not-active": 409,
  "not-restorable": 409,
  "not-holdable": 409,
  "deletion-blocked": 409,
  "too-many-objects": 409,
  "file-exists": 409,
  "upload-not-open": 409,
  "project-deleted": 410,
  "precondition-failed": 412,
  "file-too-large": 413,
  "quota-exceeded": 413,
  "request-too-large": 413,
  "unsupported-media-type": 415,
  "range-not-satisfiable": 416,
  "checksum-mismatch": 422,
  "size-mismatch": 422,
  "project-held": 423,
  "rate-limited": 429,
  "too-many-deletions": 429,
  "headers-too-large": 431,
  internal: 500,
  "object-missing": 500,
  "on-verified-failed": 500,
  // What a caller cannot have caused: the service's own settings, data and keys.
  "invalid-config": 500,
  "invalid-layout": 500,
  "ambiguous-layouts": 500,
  "invalid-receipt": 500,
  "data-dir-locked": 500,
  "data-dir-unusable": 500,
  "database-unavailable": 503,
  "keys-unavailable": 503,
  "store-unavailable": 503,
  "store-unusable": 503,
  "store-mismatch": 503,
  "store-not-listable": 503,
  "service-unreachable": 503,
  "idempotency-key-reused": 422,
  "not-ready": 503,
};

/** A failure as HTTP sees it, before it is written down as a problem. */
export interface Failure {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly details: ErrorDetails;
  /** Whether the same request may succeed in a moment. */
  readonly passing: boolean;
}

/** Raised by the routes' own machinery, for what only HTTP knows. */
export class HttpError extends Error {
  override readonly name = "HttpError" as const;
  readonly code: HttpErrorCode;
  readonly details: ErrorDetails;

  constructor(code: HttpErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Codes whose message is about our own insides: it goes into the log and not to the caller. */
const HIDDEN: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "internal",
  "invalid-config",
  "invalid-layout",
  "ambiguous-layouts",
  "invalid-receipt",
  "data-dir-locked",
  "data-dir-unusable",
  "store-unusable",
  "store-mismatch",
]);

/** Codes of what may be over in a moment. */
const PASSING: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "not-ready",
  "rate-limited",
  "too-many-deletions",
  "keys-unavailable",
]);

/** Fastify's own errors, by their code. */
const FRAMEWORK: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ["invalid-request", "The body is not valid JSON."],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    "invalid-request",
    "The body does not have the length that Content-Length announced.",
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ["request-too-large", "The body is larger than this call takes."],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    "unsupported-media-type",
    "The Content-Type is none that this call takes.",
  ],
  FST_ERR_MAX_PARAM_LENGTH: ["headers-too-large", "A part of the URL is too long."],
  FST_ERR_BAD_URL: ["invalid-request", "The URL is not valid: its escapes are not UTF-8."],
};

/** What anything thrown means to the caller. Unknown errors say nothing of their message. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ExpungeError) {
    const hidden = HIDDEN.has(error.code);
    const { code, details } = error;
    const passing = PASSING.has(code);
    return { code, detail: hidden ? UNKNOWN : error.message, details, passing };
  }
  if (error instanceof HttpError) {
    return { code: error.code, detail: error.message, details: error.details, passing: false };
  }
  if (error instanceof StoreError) return ofStore(error);
  if (error instanceof DatabaseError) return ofDatabase(error);
  const known = FRAMEWORK[codeOf(error)];
  if (known) return { code: known[0], detail: known[1], details: {}, passing: false };
  return { code: "internal", detail: UNKNOWN, details: {}, passing: false };
}

const UNKNOWN = "The request failed for a reason that the log names.";

/** Its message may name hosts or directories, so only its code is told. */
function ofStore(error: StoreError): Failure {
  const code = error.code === "listing-broken" ? "store-not-listable" : "store-unavailable";
  const blocked = error.errorClass === "blocked";
  const detail = blocked
    ? `The store refuses the request (${error.code}) until somebody changes something there.`
    : `The store could not answer the request (${error.code}).`;
  const passing = error.errorClass === "retryable" || error.errorClass === "unknown";
  return { code, detail, details: { storeCode: error.code, storeBlocked: blocked }, passing };
}

/** Its message may name hosts, so only its code is told, and what a caller must know to go on. */
function ofDatabase({ code, effectUnknown }: DatabaseError): Failure {
  const effect = effectUnknown
    ? "whether the request took effect is not known, so look before you repeat it"
    : "the request may be repeated";
  return {
    code: "database-unavailable",
    detail: `The database could not carry out the request (${code}); ${effect}.`,
    details: { databaseCode: code, effectUnknown },
    passing: true,
  };
}

function codeOf(error: unknown): string {
  const hasCode = typeof error === "object" && error !== null && "code" in error;
  return hasCode && typeof error.code === "string" ? error.code : "";
}

/** The body of the answer (RFC 9457). */
export function problemOf(failure: Failure, requestId: string): ProblemJson {
  const { code, detail, details } = failure;
  return {
    ...details,
    type: `urn:expunge:error:${code}`,
    title: titleOf(code),
    status: STATUS[code],
    detail,
    code,
    remedy: remedyOf(code),
    instance: requestId,
  };
}

/** `project-held` is "Project held": the code in words, the same for every occurrence. */
function titleOf(code: ProblemCode): string {
  const words = code.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function remedyOf(code: ProblemCode): string {
  return isHttpCode(code) ? HTTP_ERRORS[code] : ERRORS[code];
}

function isHttpCode(code: ProblemCode): code is HttpErrorCode {
  return Object.hasOwn(HTTP_ERRORS, code);
}
