import { type ExpungeClientError, isExpungeClientError } from "../client/index.ts";
import { ERRORS, ExpungeError, type ErrorCode, isExpungeError } from "../core/errors.ts";
import { DatabaseError } from "../core/database-errors.ts";
import { isStoreError, type StoreError } from "../core/store-errors.ts";
import { STORE_REMEDIES } from "../core/store-remedies.ts";

/** What a script can tell from the end of a command. The numbers are an API and never change. */
export const EXIT = {
  /** Done, and verified where the command verifies. */
  done: 0,
  unexpected: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  residue: 3,
  /** An audit or doctor found problems, or a receipt is not valid. */
  problems: 4,
  unauthorised: 5,
  notFound: 6,
  /** Refused: hold, maxObjects, a missing `--yes`, a condition that does not hold. */
  refused: 7,
  /** Accepted, not finished: in grace, or the wait is over. */
  accepted: 8,
  unreachable: 10,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every code of the catalogue has its exit code: a new one does not compile without. */
const EXIT_OF: Readonly<Record<ErrorCode, ExitCode>> = {
  "invalid-request": EXIT.usage,
  "invalid-config": EXIT.usage,
  "invalid-path": EXIT.usage,
  "invalid-project-id": EXIT.usage,
  "invalid-cursor": EXIT.usage,
  "invalid-layout": EXIT.usage,
  "ambiguous-layouts": EXIT.usage,
  "invalid-receipt": EXIT.problems,
  unauthorized: EXIT.unauthorised,
  "token-expired": EXIT.unauthorised,
  "token-revoked": EXIT.unauthorised,
  "sign-in-refused": EXIT.unauthorised,
  "cross-site": EXIT.unauthorised,
  "https-required": EXIT.unauthorised,
  forbidden: EXIT.unauthorised,
  "id-not-allowed": EXIT.unauthorised,
  "project-not-found": EXIT.notFound,
  "file-not-found": EXIT.notFound,
  "upload-not-found": EXIT.notFound,
  "deletion-not-found": EXIT.notFound,
  "sweep-not-found": EXIT.notFound,
  "prefix-in-use": EXIT.refused,
  "audit-not-found": EXIT.notFound,
  "adoption-not-found": EXIT.notFound,
  "relayout-not-found": EXIT.notFound,
  "relayout-running": EXIT.refused,
  "receipt-not-found": EXIT.notFound,
  "token-not-found": EXIT.notFound,
  "webhook-not-found": EXIT.notFound,
  "project-deleted": EXIT.notFound,
  "project-exists": EXIT.refused,
  "project-not-active": EXIT.refused,
  "idempotency-key-reused": EXIT.refused,
  "not-restorable": EXIT.refused,
  "not-holdable": EXIT.refused,
  "project-held": EXIT.refused,
  "deletion-blocked": EXIT.residue,
  "too-many-objects": EXIT.refused,
  "file-exists": EXIT.refused,
  "upload-not-open": EXIT.refused,
  "precondition-failed": EXIT.refused,
  "checksum-mismatch": EXIT.unexpected,
  "size-mismatch": EXIT.unexpected,
  "file-too-large": EXIT.refused,
  "quota-exceeded": EXIT.refused,
  "url-invalid": EXIT.unauthorised,
  "range-not-satisfiable": EXIT.usage,
  "rate-limited": EXIT.refused,
  "too-many-deletions": EXIT.refused,
  "object-missing": EXIT.unexpected,
  "database-unavailable": EXIT.unreachable,
  "keys-unavailable": EXIT.unreachable,
  "store-unavailable": EXIT.unreachable,
  "store-unusable": EXIT.usage,
  "store-mismatch": EXIT.usage,
  "store-not-listable": EXIT.unreachable,
  "data-dir-locked": EXIT.usage,
  "data-dir-unusable": EXIT.usage,
  "confirmation-needed": EXIT.refused,
  "service-unreachable": EXIT.unreachable,
  "not-ready": EXIT.unreachable,
  internal: EXIT.unexpected,
  "on-verified-failed": EXIT.unexpected,
};

export function exitCodeOf(code: ErrorCode): ExitCode {
  return EXIT_OF[code];
}

/** Thrown by a command that was told to stop; nothing more is said of it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted" as const;

  constructor() {
    super("interrupted");
  }
}

/** What is shown of anything thrown, and the exit code that goes with it. */
export function failureOf(thrown: unknown): { error: ExpungeError; exitCode: ExitCode } {
  const error = asExpungeError(thrown);
  return { error, exitCode: exitCodeOf(error.code) };
}

function asExpungeError(thrown: unknown): ExpungeError {
  if (isExpungeError(thrown)) return thrown;
  if (isExpungeClientError(thrown)) return ofService(thrown);
  if (isStoreError(thrown)) {
    const details = { storeCode: thrown.code };
    const remedy = STORE_REMEDIES[thrown.code];
    return new ExpungeError(codeOf(thrown), thrown.message, { details, cause: thrown, remedy });
  }
  if (thrown instanceof DatabaseError) {
    const details = { databaseCode: thrown.code, effectUnknown: thrown.effectUnknown };
    return new ExpungeError("database-unavailable", thrown.message, { details, cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ExpungeError("internal", message, { cause: thrown });
}

/** What the service answered, in its own words. */
function ofService(error: ExpungeClientError): ExpungeError {
  const { code, message, details, remedy, status } = error;
  if (code === "unauthorized" && details["withoutToken"] === true) return noToken(error);
  const options = { details, cause: error, ...(remedy === "" ? {} : { remedy }) };
  if (isErrorCode(code)) return new ExpungeError(code, message, options);
  // Codes of the server itself (RFC 9110), or of a newer service.
  const known = status < 500 ? "invalid-request" : "internal";
  return new ExpungeError(known, message, {
    ...options,
    details: { ...details, serviceCode: code },
  });
}

function noToken(cause: ExpungeClientError): ExpungeError {
  return new ExpungeError(
    "unauthorized",
    "No token was found: give --token, set EXPUNGE_TOKEN, or run this where the data directory is.",
    { cause },
  );
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

function codeOf({ errorClass }: StoreError): ErrorCode {
  if (errorClass === "retryable") return "store-unavailable";
  return errorClass === "blocked" ? "store-unusable" : "store-not-listable";
}
