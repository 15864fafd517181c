/**
 * Waits for one promise after another, or for the signal: as soon as it aborts, the wait ends with its
 * reason. One listener serves all waits, since a race against a promise that outlives them would keep
 * each of them in memory. To be ended when no more is waited for.
 */
export class UntilAborted {
  readonly #signal: AbortSignal;
  #reject: ((reason: Error) => void) | null = null;
  readonly #abort = (): void => this.#reject?.(this.#reason());

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** What the promise comes to; after an abort its failure is nobody's any more. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#reject = reject;
        promise.then(resolve, reject);
        if (this.#signal.aborted) this.#abort();
      });
    } finally {
      this.#reject = null;
    }
  }

  end(): void {
    this.#signal.removeEventListener("abort", this.#abort);
  }

  #reason(): Error {
    const reason: unknown = this.#signal.reason;
    return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
  }
}
