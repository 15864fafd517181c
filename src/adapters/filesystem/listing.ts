import { LIMITS } from "../../core/limits.ts";
import type { ListObjectsOptions, ObjectEntry, Page } from "../../ports/object-store.ts";
import { checkPrefix, decodeCursor, encodeCursor, pageLimit } from "../object-store-checks.ts";
import { mapLimited } from "./disk.ts";
import { hasErrno } from "./errors.ts";
import type { Tree } from "./tree.ts";
import { type FoundKey, Walk } from "./walk.ts";

/**
 * Pages of keys. A listing without a cursor always reads everything afresh (R6). One with a cursor goes
 * on with the walk that the page before left behind; where that is forgotten (too many of them, another
 * process, the page asked for twice) it begins a new one behind the last key.
 */
export class Listing {
  readonly #tree: Tree;
  readonly #walks = new Map<string, Walk>();
  #pages = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  async page(prefix: string, options: ListObjectsOptions): Promise<Page<ObjectEntry>> {
    const { cursor, signal } = options;
    signal?.throwIfAborted();
    checkPrefix(prefix);
    const limit = pageLimit(options.limit);
    const [after = options.startAfter ?? null] =
      cursor === undefined ? [] : decodeCursor(cursor, prefix, 2);
    const walk = this.#take(cursor) ?? (await Walk.from(this.#tree, prefix, after));
    const entries: ObjectEntry[] = [];
    let isOver = false;
    while (entries.length < limit && !isOver) {
      signal?.throwIfAborted();
      const wanted = limit - entries.length;
      const found = await walk.next(wanted);
      isOver = found.length < wanted;
      entries.push(...(await this.#look(found)));
    }
    const last = entries.at(-1);
    const next = isOver || !last ? null : this.#keep(prefix, last.key, walk);
    return { entries, next };
  }

  /** What was removed since its directory was read is not there any more. */
  async #look(found: readonly FoundKey[]): Promise<readonly ObjectEntry[]> {
    const looked = await mapLimited(found, LIMITS.fileCallsInFlight, (each) => this.#entryOf(each));
    return looked.filter((entry) => entry !== null);
  }

  async #entryOf({ key, files }: FoundKey): Promise<ObjectEntry | null> {
    for (const file of files) {
      try {
        const stats = await this.#tree.fs.lstat(file);
        if (stats.isDirectory()) continue;
        return { key, sizeBytes: stats.size, modifiedAt: Math.floor(stats.mtimeMs) };
      } catch (error) {
        if (!hasErrno(error, "ENOENT", "ENOTDIR")) throw error;
      }
    }
    return null;
  }

  #take(cursor: string | undefined): Walk | undefined {
    if (cursor === undefined) return undefined;
    const walk = this.#walks.get(cursor);
    this.#walks.delete(cursor);
    return walk;
  }

  #keep(prefix: string, after: string, walk: Walk): string {
    const cursor = encodeCursor(prefix, [after, String(++this.#pages)]);
    this.#walks.set(cursor, walk);
    const [oldest] = this.#walks.keys();
    if (this.#walks.size > LIMITS.openWalksMax && oldest !== undefined) this.#walks.delete(oldest);
    return cursor;
  }
}
