import { setImmediate } from "node:timers/promises";

/** First come, first served: whoever asks waits until all who asked before have released. */
export class Mutex {
  #last: Promise<void> = Promise.resolve();

  /**
   * Resolves with what releases it. The event loop turns once before: an embedded database answers
   * without ever waiting for anything, so a loop over its pages would keep timers and sockets waiting
   * until its end.
   */
  async acquire(): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    await setImmediate();
    return resolve;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.acquire();
    try {
      return await work();
    } finally {
      release();
    }
  }
}
