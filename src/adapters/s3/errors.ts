import { StoreError } from "../../core/store-errors.ts";
import {
  BY_ERRNO,
  BY_STATUS,
  CODES,
  HEAD_NOT_FOUND,
  LOCKED,
  type Meaning,
  NO_ANSWER,
  OF_ANY_PROXY,
  UNLISTED,
} from "./error-table.ts";
import { BrokenReply, ForeignFailure, TimedOut } from "./failures.ts";

/** What there is to know of a failure, as the SDK or Node gives it. */
interface Facts {
  readonly name: string;
  readonly errno: string;
  readonly text: string;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly retryAfter: string | null;
}

/**
 * Words by which a refusal is one of a lock. AWS and Ceph give the code `AccessDenied` for it, MinIO
 * and its kin `InvalidRequest`: only the text tells that no right would help.
 * Sources: AWS "Access Denied because object protected by object lock."; Ceph "forbidden by object
 * lock"; MinIO "Object is WORM protected and cannot be overwritten".
 */
const LOCK_WORDS = /object[ -]?lock|legal[ -]hold|retention|\bworm\b/i;

/** Codes that a refusal for a lock has been seen under. */
const LOCK_CODES: ReadonlySet<string> = new Set([
  "AccessDenied",
  "InvalidRequest",
  "InvalidArgument",
  "MethodNotAllowed",
]);

/** What one of S3's codes means; the text decides only where the code does not. */
export function meaningOf(code: string, text: string): Meaning | null {
  if (LOCK_CODES.has(code) && LOCK_WORDS.test(text)) return LOCKED;
  return Object.hasOwn(CODES, code) ? (CODES[code]?.meaning ?? null) : null;
}

/**
 * What a failed call means to a caller. Neither the message nor the cause says a key, a URL or the
 * store's own text, which may hold them (R7). The failure of what the caller gave is rethrown as it is.
 */
export function toStoreError(error: unknown, operation: string): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof ForeignFailure) throw error.cause;
  const facts = factsOf(error);
  const [code, errorClass, message] = classify(error, facts, operation);
  const { status, requestId } = facts;
  const told = [
    error instanceof BrokenReply || error instanceof TimedOut
      ? error.message
      : nameable(facts.errno || facts.name),
    ...(status === null ? [] : [`status ${status}`]),
    ...(requestId === null ? [] : [`request ${requestId}`]),
  ];
  return new StoreError(code, errorClass, `${message} (${operation}: ${told[0]}).`, {
    cause: new Error(`${operation}: ${told.join(", ")}`),
    retryAfterMs: retryAfterMs(facts.retryAfter),
  });
}

/** S3's codes are words; whatever else stands in their place is not passed on. */
function nameable(code: string): string {
  return /^[\w.-]{1,64}$/.test(code) ? code : "a code that is none";
}

function classify(error: unknown, facts: Facts, operation: string): Meaning {
  const { name, status, errno, text } = facts;
  if (error instanceof TimedOut) return NO_ANSWER;
  const byStatus = status === null ? null : (BY_STATUS[status] ?? null);
  if (error instanceof BrokenReply) {
    return status !== null && OF_ANY_PROXY.has(status) ? (byStatus ?? UNLISTED) : UNLISTED;
  }
  const byCode = meaningOf(name, text);
  if (byCode !== null) return byCode;
  if (status !== null) {
    const isHead = operation.startsWith("Head");
    if (isHead && status === 404) return HEAD_NOT_FOUND;
    // Without S3's code the reply had no body: the status is all that there is.
    return byStatus ?? UNLISTED;
  }
  return BY_ERRNO.find(([pattern]) => pattern.test(errno))?.[1] ?? UNLISTED;
}

function factsOf(error: unknown): Facts {
  const name = error instanceof Error ? error.name : "no error";
  const text = error instanceof Error ? error.message : "";
  const metadata = fieldOf(error, "$metadata");
  const status = fieldOf(metadata, "httpStatusCode");
  const requestId = fieldOf(metadata, "requestId");
  const errno = fieldOf(error, "code");
  const retryAfter = fieldOf(fieldOf(fieldOf(error, "$response"), "headers"), "retry-after");
  return {
    name,
    text,
    errno: typeof errno === "string" ? errno : "",
    status:
      error instanceof BrokenReply ? error.status : typeof status === "number" ? status : null,
    requestId: typeof requestId === "string" ? requestId : null,
    retryAfter: typeof retryAfter === "string" ? retryAfter : null,
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** Seconds, or a date (RFC 9110, section 10.2.3); what is neither is no wish. */
function retryAfterMs(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}
