import type { Clock } from "../ports/clock.ts";

/** Timers of Node hold a signed 32-bit number of milliseconds; a longer one would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The clock of this machine. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    const isAborted = (): boolean => signal?.aborted === true;
    let restMs = durationMs;
    while (restMs > 0 && !isAborted()) {
      const stepMs = Math.min(restMs, TIMER_MAX_MS);
      await wait(stepMs, signal);
      restMs -= stepMs;
    }
  }
}

/** Leaves neither a timer nor a listener behind, so that a process can end and a signal be reused. */
function wait(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, durationMs);
    signal?.addEventListener("abort", end, { once: true });
  });
}
