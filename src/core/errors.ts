/**
 * The catalogue of errors that a caller can meet. A code is an API: scripts rely on it, so it is never
 * renamed. HTTP statuses and exit codes are mapped elsewhere (`http/problem.ts`, `cli/exit-codes.ts`).
 * `remedy` says what the caller can do about it.
 */
export const ERRORS = {
  "invalid-request": "Correct the request as the message says and send it again.",
  "invalid-config": "Correct the setting that the message names and start again.",
  "invalid-path":
    "Use 1 to 1,024 bytes of UTF-8, separated by '/', without empty, '.' or '..' segments and control characters.",
  "invalid-project-id": "Use an id of the configured form, or leave it out and expunge makes one.",
  "invalid-cursor": "Start the listing again without a cursor.",
  "invalid-layout": "Write the layout as docs/layouts.md describes.",
  "ambiguous-layouts":
    "Change or remove one of the two layouts, or declare project ids of a fixed length.",
  "invalid-receipt": "Obtain the receipt again from GET /v1/receipts/{projectUid}.",
  unauthorized: "Send the header 'Authorization: Bearer TOKEN' with a valid token.",
  "token-expired": "Ask whoever gave you the token for a new one.",
  "token-revoked": "Ask whoever gave you the token for a new one.",
  "sign-in-refused":
    "Ask an admin for a new code (POST /v1/sign-in-codes), or start the service anew: it prints one.",
  "cross-site":
    "Send the request from a page of this service, or with a token instead of a session.",
  "https-required":
    "Use https; where a proxy speaks it, name the proxy in EXPUNGE_TRUSTED_PROXIES and have it send X-Forwarded-Proto.",
  forbidden: "Use a token that has the right named in the message.",
  "id-not-allowed": "Leave out 'id' and 'owner', or use the admin token.",
  "project-not-found": "Check the id; projects of other owners are not shown.",
  "file-not-found": "Check the path; 'GET /v1/projects/{id}/files' lists what is there.",
  "upload-not-found": "Open a new upload.",
  "deletion-not-found": "Check the id; 'GET /v1/deletions' lists the deletions.",
  "sweep-not-found": "Check the id that the answer to POST /v1/debug/sweeps named.",
  "prefix-in-use":
    "Delete the files or their project; they remove their objects and prove it. A sweep is for what no row names.",
  "audit-not-found": "Check the id; audits are forgotten after 30 days.",
  "adoption-not-found": "Check the id; adoptions are forgotten after 30 days.",
  "relayout-not-found":
    "Check the id; relayouts that hold nothing any more are forgotten after 30 days.",
  "relayout-running": "Wait until the relayout has ended: 'expunge relayout --id ID' shows it.",
  "webhook-not-found": "Check the id; 'GET /v1/webhooks' lists the configured ones.",
  "receipt-not-found": "A receipt exists once the project's deletion is completed.",
  "token-not-found": "Check the id; 'GET /v1/tokens' lists the tokens.",
  "project-exists": "Choose another id; ids of deleted projects are not used again.",
  "project-not-active":
    "Restore the project first, or wait for its deletion to end; writes are refused until then.",
  "project-deleted": "The project is gone; its receipt says what was removed.",
  "idempotency-key-reused":
    "Use a new Idempotency-Key for a new request, and the same one only to repeat a request as it was.",
  "not-restorable": "Only a project in grace ('trashed') can be restored.",
  "not-holdable": "A hold can be placed while the project is active or trashed.",
  "project-held": "Release the hold first.",
  "deletion-blocked":
    "Remove the cause that the residue names, then retry: 'expunge deletion retry ID'.",
  "on-verified-failed":
    "Everything is deleted and verified; correct what onVerified does and call delete again, which calls it again.",
  "too-many-objects": "Look at the plan (dryRun=true) and raise or drop maxObjects.",
  "file-exists": "Choose another path, or delete the file that is there.",
  "upload-not-open": "Open a new upload.",
  "precondition-failed": "Read the file again and decide with its new ETag.",
  "checksum-mismatch": "Send the body again; what arrived is not what the checksum announced.",
  "size-mismatch": "Upload the missing or differing parts again, with the size that was declared.",
  "file-too-large": "Split the file, or use a direct upload.",
  "quota-exceeded": "Delete files or raise the project's quota.",
  "url-invalid": "Ask for a new signed URL; this one is expired or was changed.",
  "range-not-satisfiable": "Ask for a range within the file's size.",
  "rate-limited": "Wait as Retry-After says.",
  "too-many-deletions":
    "Wait as Retry-After says; an operator can raise EXPUNGE_DELETION_LIMIT, and admins have no such limit.",
  "object-missing":
    "The row exists but its object does not: look with files:check, then store the file again or delete it.",
  "database-unavailable":
    "Check that the database runs and is reachable, then try again; read first what is there.",
  "keys-unavailable":
    "Try again later; the operator checks EXPUNGE_JWKS_URL and whether the issuer answers there.",
  "store-unavailable": "Check that the store is reachable and its credentials work, then retry.",
  "store-unusable":
    "Correct the store's settings or its permissions; 'expunge doctor' looks closer.",
  "store-mismatch":
    "Set EXPUNGE_STORE back to the store that the database belongs to; if its objects were moved here by other means, start once with 'expunge serve --accept-store'.",
  "store-not-listable": "The store could not be listed whole; nothing is concluded from it.",
  "data-dir-locked": "Stop the other process first, or give this one its own EXPUNGE_DATA_DIR.",
  "data-dir-unusable": "Give the directory to the user that runs expunge, or set EXPUNGE_DATA_DIR.",
  "confirmation-needed": "Repeat the command with the flag that the message names.",
  "service-unreachable": "Start the service with 'expunge serve', or set EXPUNGE_URL.",
  "not-ready": "Wait until /readyz answers 200.",
  internal: "Look into the log with the request's id; this is a defect of expunge.",
} as const;

/** A code of the catalogue: stable, for programs. */
export type ErrorCode = keyof typeof ERRORS;

/** Facts that travel with an error, as JSON, for example the residue of a blocked deletion. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** Every failure that expunge reports on purpose: a stable code, what was wrong, and what to do. */
export class ExpungeError extends Error {
  override readonly name = "ExpungeError" as const;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly #remedy: string | null;

  /** @param options `remedy` where more is known of what to do than the catalogue says */
  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetails; cause?: unknown; remedy?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.details = options.details ?? {};
    this.#remedy = options.remedy ?? null;
  }

  get remedy(): string {
    return this.#remedy ?? ERRORS[this.code];
  }
}

/** Whether anything thrown is one of expunge's own failures, of this code where one is given. */
export function isExpungeError(error: unknown, code?: ErrorCode): error is ExpungeError {
  return error instanceof ExpungeError && (code === undefined || error.code === code);
}

/** The message of anything thrown, for logs and outcomes. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
