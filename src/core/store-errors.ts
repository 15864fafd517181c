/**
 * How a failure of an object store is to be taken:
 * - `retryable`: the same call may succeed in a moment (throttling, 5xx, a broken connection)
 * - `blocked`: refused until somebody changes something (permission, lock, read-only medium)
 * - `permanent`: will never succeed as asked (bad request, key that the store cannot hold)
 * - `unknown`: nothing can be concluded (a reply that cannot be read). Never taken for success.
 */
export type StoreErrorClass = "retryable" | "blocked" | "permanent" | "unknown";

const OUTCOMES = {
  retryable: "unknown",
  unknown: "unknown",
  blocked: "blocked",
  permanent: "failed",
} as const;

/** What is known of a key, or of an upload, whose removal failed so in the last attempt. */
export function outcomeOf(errorClass: StoreErrorClass): (typeof OUTCOMES)[StoreErrorClass] {
  return OUTCOMES[errorClass];
}

/** The codes that outcomes and store errors carry; adapters translate their own into these. */
export type StoreErrorCode =
  | "access-denied"
  /** The store does not know the access key, or the secret does not belong to it. */
  | "invalid-credentials"
  /** The clock of this machine differs too much from the store's. */
  | "clock-skew"
  /** The bucket lies in another region, or at another endpoint. */
  | "wrong-region"
  | "object-locked"
  | "read-only"
  | "throttled"
  | "timeout"
  | "store-unavailable"
  | "no-such-key"
  | "no-such-upload"
  | "no-such-bucket"
  | "invalid-key"
  | "key-conflict"
  | "invalid-part"
  | "invalid-range"
  | "bad-request"
  | "listing-broken"
  | "unlisted-reply"
  | "not-supported"
  /** Listed again after every attempt to remove it. */
  | "reappeared"
  | "io-error";

/** Thrown by every ObjectStore. A missing key or upload is an error with its own code. */
export class StoreError extends Error {
  override readonly name = "StoreError" as const;
  readonly code: StoreErrorCode;
  readonly errorClass: StoreErrorClass;
  /** How long the store asks to be left alone; null where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    code: StoreErrorCode,
    errorClass: StoreErrorClass,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | null } = {},
  ) {
    super(message, options);
    this.code = code;
    this.errorClass = errorClass;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Whether anything thrown is a failure of an object store, of this code where one is given. */
export function isStoreError(error: unknown, code?: StoreErrorCode): error is StoreError {
  return error instanceof StoreError && (code === undefined || error.code === code);
}
