/** First come, first served: whoever asks waits until all who asked before have released. */
export class Mutex {
  #last: Promise<void> = Promise.resolve();

  /** Resolves with what releases it. */
  async acquire(): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
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
