import { compareUtf8 } from "../../core/encoding.ts";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { TrackedKey } from "../../ports/metadata/index.ts";

/**
 * The keys that an application's own tables name, of one project, held in memory while it is deleted.
 * They can be read again: keys are added and never forgotten, as long as the run lasts.
 */
export class TrackedKeys {
  readonly #keys = new Set<string>();
  readonly #max: number;
  #sorted: readonly string[] | null = null;

  /** @param max more keys are refused */
  constructor(max: number = LIMITS.engineTrackedKeysMax) {
    this.#max = max;
  }

  get size(): number {
    return this.#keys.size;
  }

  /**
   * Reads them to the end; what the application throws is passed on.
   * @param check refuses a key that may not be deleted
   * @throws ExpungeError `invalid-request` where there are too many
   */
  async read(
    keys: AsyncIterable<string> | Iterable<string>,
    check: (key: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const key of keys) {
      signal.throwIfAborted();
      if (this.#keys.has(key)) continue;
      check(key);
      if (this.#keys.size >= this.#max) {
        throw new ExpungeError(
          "invalid-request",
          `There are more than ${this.#max} tracked keys.`,
          {
            remedy: "Give the keys a prefix of the project's own and declare it as its layout.",
          },
        );
      }
      this.#keys.add(key);
      this.#sorted = null;
    }
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** In the order of their UTF-8 bytes. */
  all(): readonly string[] {
    return (this.#sorted ??= [...this.#keys].sort(compareUtf8));
  }

  /** As MetadataStore has it: the next ones in order. */
  page(limit: number, after: string | undefined): readonly TrackedKey[] {
    const from = after === undefined ? 0 : this.#behind(after);
    return this.all()
      .slice(from, from + limit)
      .map((key) => ({ key, sizeBytes: 0 }));
  }

  which(keys: readonly string[]): ReadonlySet<string> {
    return new Set(keys.filter((key) => this.#keys.has(key)));
  }

  /** The place of the first key behind this one. */
  #behind(key: string): number {
    const keys = this.all();
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(keys[middle] ?? "", key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
