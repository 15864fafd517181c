/** Why the database could not carry out a call. */
export const DATABASE_ERRORS = {
  unreachable: "No connection could be made.",
  "connection-lost": "The connection broke while the call was under way.",
  timeout: "The call took longer than it may, and was broken off.",
  busy: "All connections of this process were in use for too long.",
  contended: "Other transactions came in its way each time that it was tried.",
  "read-only": "The database takes no writes, as a standby or after a failover.",
  "out-of-resources": "The database's disk, memory or number of connections is used up.",
} as const;

/** Why a database failed. */
export type DatabaseErrorCode = keyof typeof DATABASE_ERRORS;

/**
 * Thrown by metadata stores and queues whose database failed them; all of it may pass. It is no
 * `ExpungeError`, since those are refusals: after this one the caller reads again before it acts.
 */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError" as const;
  readonly code: DatabaseErrorCode;
  /** Whether the call may have taken effect all the same: the answer to a COMMIT was lost. */
  readonly effectUnknown: boolean;

  constructor(
    code: DatabaseErrorCode,
    message: string,
    options: { readonly effectUnknown?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options);
    this.code = code;
    this.effectUnknown = options.effectUnknown ?? false;
  }
}
