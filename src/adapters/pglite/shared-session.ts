import type { PGlite } from "@electric-sql/pglite";
import type { Mutex } from "./mutex.ts";

/**
 * The session of an embedded database for those who send SQL past kysely. They take their turn by the
 * same mutex as kysely's transactions. A block of statements that fails midway leaves the session in
 * a transaction that is broken: it is rolled back within the turn, or it would be the next one's.
 */
export class SharedSession {
  readonly #pglite: PGlite;
  readonly #mutex: Mutex;

  constructor(pglite: PGlite, mutex: Mutex) {
    this.#pglite = pglite;
    this.#mutex = mutex;
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as PGlite has it
  query<T>(text: string, values: readonly unknown[] = []): Promise<{ rows: T[] }> {
    return this.#mutex.run(async () => await this.#pglite.query<T>(text, [...values]));
  }

  exec(text: string): Promise<{ rows: Record<string, unknown>[] }[]> {
    return this.#mutex.run(async () => {
      try {
        return await this.#pglite.exec(text);
      } catch (error) {
        await this.#pglite.exec("rollback");
        throw error;
      }
    });
  }

  listen(channel: string, onPayload: (payload: string) => void): Promise<() => Promise<void>> {
    return this.#mutex.run(async () => {
      const unlisten = await this.#pglite.listen(channel, onPayload);
      return () => this.#mutex.run(async () => await unlisten());
    });
  }
}
