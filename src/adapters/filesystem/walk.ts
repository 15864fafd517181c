import { compareUtf8 } from "../../core/encoding.ts";
import { type Entry, entriesOf, isDirectoryEntry, pathOf } from "./directory.ts";
import { type DirectoryAt, Lookup } from "./lookup.ts";
import type { Tree } from "./tree.ts";

/** A key, and the files that it may stand for. */
export interface FoundKey {
  readonly key: string;
  readonly files: readonly Buffer[];
}

interface Level {
  /** What the keys below begin with: empty, or ending in '/'. */
  readonly prefix: string;
  readonly entries: readonly Entry[];
  next: number;
}

/**
 * Goes through the keys with a prefix in the order of their UTF-8 bytes. Each directory is read and
 * sorted once, when it is reached: with its '/' behind its name, a directory stands among the files
 * exactly where the keys below it do.
 */
export class Walk {
  readonly #tree: Tree;
  readonly #levels: Level[];
  readonly #after: string | null;

  private constructor(tree: Tree, top: Level, after: string | null) {
    this.#tree = tree;
    this.#levels = [top];
    this.#after = after;
  }

  /** @param after the key behind which to begin; whole subtrees before it are not read */
  static async from(tree: Tree, prefix: string, after: string | null): Promise<Walk> {
    const base = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    const segments = base === "" ? [] : base.slice(0, -1).split("/");
    const directories = await new Lookup(tree).directoriesOf(segments);
    const walk = new Walk(tree, { prefix: base, entries: [], next: 0 }, after);
    const all = await walk.#read(base, directories);
    const entries = all.filter(({ name }) => name.startsWith(prefix.slice(base.length)));
    walk.#levels[0] = { prefix: base, entries, next: 0 };
    return walk;
  }

  /** The next keys, at most so many; fewer only at the end. @throws the system's error */
  async next(keysMax: number): Promise<readonly FoundKey[]> {
    const found: FoundKey[] = [];
    for (let level = this.#levels.at(-1); level; level = this.#levels.at(-1)) {
      if (found.length === keysMax) return found;
      const [entry, ...twins] = takeNext(level);
      if (!entry) {
        this.#levels.pop();
        continue;
      }
      const key = level.prefix + entry.name;
      const all = [entry, ...twins];
      if (isDirectoryEntry(entry)) {
        const directories = all.map((each) => ({ path: pathOf(each), chunks: each.chunks }));
        const entries = await this.#read(key, directories);
        this.#levels.push({ prefix: key, entries, next: 0 });
      } else found.push({ key, files: all.map((each) => pathOf(each)) });
    }
    return found;
  }

  async #read(prefix: string, directories: readonly DirectoryAt[]): Promise<readonly Entry[]> {
    const entries = await entriesOf(this.#tree, directories);
    const after = this.#after;
    if (after === null) return entries;
    return entries.filter(({ name }) => {
      const key = prefix + name;
      const isAbove = name.endsWith("/") && after.startsWith(key);
      return isAbove || compareUtf8(key, after) > 0;
    });
  }
}

/** The next entry, with those that have the same name; none at the end. */
function takeNext(level: Level): readonly Entry[] {
  const start = level.next;
  const name = level.entries[start]?.name;
  while (level.next < level.entries.length && level.entries[level.next]?.name === name)
    level.next++;
  return level.entries.slice(start, level.next);
}
