/**
 * Why the database could not carry out a call:
 * - `unreachable`: no connection could be made
 * - `connection-lost`: it broke while the call was under way
 * - `timeout`: the call took longer than it may, and was broken off
 * - `busy`: all connections of this process were in use for too long
 * - `contended`: other transactions came in its way each time that it was tried
 * - `read-only`: it takes no writes, as a standby or after a failover
 * - `out-of-resources`: its disk, memory or number of connections is used up
 */
export type DatabaseErrorCode =
  | "unreachable"
  | "connection-lost"
  | "timeout"
  | "busy"
  | "contended"
  | "read-only"
  | "out-of-resources";

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
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.effectUnknown = options.effectUnknown ?? false;
  }
}
