/**
 * Time of this process. It never decides anything about a deletion: only the database's clock does
 * (R8). It serves waits, backoff and the durations in logs.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after the time, or at once and quietly when the signal aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** The source of ids, salts and jitter. */
export interface Random {
  bytes(length: number): Uint8Array;
}
