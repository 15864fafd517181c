/**
 * Tells waiters of this process that a deletion has moved. Waiters of other processes look into the
 * database from time to time; so a notice that is lost costs time and nothing else.
 */
export class DeletionWatch {
  readonly #waiters = new Map<string, Set<() => void>>();

  notify(deletionId: string): void {
    for (const wake of this.#waiters.get(deletionId) ?? []) wake();
  }

  /** Calls back at every notice until the returned function is called. */
  subscribe(deletionId: string, wake: () => void): () => void {
    const waiters = this.#waiters.get(deletionId) ?? new Set();
    this.#waiters.set(deletionId, waiters.add(wake));
    return () => {
      waiters.delete(wake);
      if (waiters.size === 0) this.#waiters.delete(deletionId);
    };
  }
}
