import { compareUtf8 } from "../../core/encoding.ts";

/** A set of keys that is always in the order of their UTF-8 bytes. */
export class SortedKeys {
  readonly #keys: string[] = [];

  add(key: string): void {
    const at = this.#firstFrom(key);
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key);
  }

  remove(key: string): void {
    const at = this.#firstFrom(key);
    if (this.#keys[at] === key) this.#keys.splice(at, 1);
  }

  /** All keys, in order. */
  all(): readonly string[] {
    return this.#keys;
  }

  /** The keys with the prefix that come after `after` (null: from the first), in order. */
  *below(prefix: string, after: string | null): Generator<string> {
    const isLater = after !== null && compareUtf8(after, prefix) >= 0;
    let at = this.#firstFrom(isLater ? after : prefix);
    if (isLater && this.#keys[at] === after) at++;
    for (; at < this.#keys.length; at++) {
      const key = this.#keys[at] ?? "";
      if (!key.startsWith(prefix)) return;
      yield key;
    }
  }

  /** The place of the first key that is not below the one given. */
  #firstFrom(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(this.#keys[middle] ?? "", key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
