/**
 * Time and chance of the process that the client runs in, which may be a browser. Nothing is decided by
 * them (R8): they serve pauses between attempts.
 */

/** Resolves after so many milliseconds, or at once and quietly when the signal aborts. */
export function pause(durationMs: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted === true) return Promise.resolve();
  const timer = setTimeout(end, durationMs);
  signal?.addEventListener("abort", end, { once: true });
  return promise;

  function end(): void {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
    resolve();
  }
}

/** Milliseconds since the epoch, by the clock of this machine. */
export function nowMs(): number {
  return Date.now();
}

/** Names one request among all. Pages without TLS have no `randomUUID`. */
export function requestKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** Random bytes for jitter. */
export function jitterBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(2));
}
