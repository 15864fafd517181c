import { joined, nameOf, parentOf, pathText } from "./disk.ts";
import { candidatesOf, isChunk, isHoldable, ownChunks } from "./key-path.ts";
import type { Tree } from "./tree.ts";

/** A directory, and the chunk-like names at the end of its path that stand for themselves. */
export interface DirectoryAt {
  readonly path: Buffer;
  readonly chunks: readonly Buffer[];
}

export interface FilesOfKey {
  /** Where a file of the key would be; how we would write it comes first. Not looked at yet. */
  readonly paths: readonly Buffer[];
  /** The deepest directories on the way that are there: what a removal has to sync. */
  readonly deepest: readonly Buffer[];
}

/** Finds directories and files of keys, however they are written. Remembers what it saw: use it once. */
export class Lookup {
  readonly #tree: Tree;
  readonly #seen = new Map<string, Promise<boolean>>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Every directory that holds keys starting with these segments. @throws the system's error */
  async directoriesOf(segments: readonly string[]): Promise<readonly DirectoryAt[]> {
    return (await this.#descend(segments)).directories;
  }

  /** @throws the system's error */
  async filesOf(key: string): Promise<FilesOfKey> {
    if (!key.isWellFormed()) return { paths: [], deepest: [] };
    const segments = key.split("/");
    const name = segments.at(-1) ?? "";
    const { directories, deepest } = await this.#descend(segments.slice(0, -1));
    const paths: Buffer[] = [];
    for (const directory of directories) {
      for (const { parent, last } of await this.#parentsOf(directory, name, deepest)) {
        if (!this.#tree.isReserved(parent.path, last)) paths.push(joined(parent.path, last));
        deepest.push(parent.path);
      }
    }
    const { root } = this.#tree;
    if (this.#tree.isNameless(root, Buffer.from(key))) paths.push(joined(root, key));
    return { paths, deepest };
  }

  async #descend(
    segments: readonly string[],
  ): Promise<{ directories: readonly DirectoryAt[]; deepest: Buffer[] }> {
    let directories: readonly DirectoryAt[] = [{ path: this.#tree.root, chunks: [] }];
    const deepest: Buffer[] = [];
    for (const segment of segments) {
      const next: DirectoryAt[] = [];
      for (const directory of directories) {
        for (const { parent, last } of await this.#parentsOf(directory, segment, deepest)) {
          const path = joined(parent.path, last);
          const isThere = await this.#isDirectory(path, deepest);
          // A name like a chunk's is settled by what comes below it.
          if (isThere) next.push({ path, chunks: isChunk(last) ? [...parent.chunks, last] : [] });
        }
      }
      directories = next;
    }
    return { directories, deepest };
  }

  /** Below which directory, by which name, each spelling of a segment would be found. */
  async #parentsOf(
    directory: DirectoryAt,
    segment: string,
    deepest: Buffer[],
  ): Promise<readonly { parent: DirectoryAt; last: Buffer }[]> {
    if (!isHoldable(segment)) return [];
    const found: { parent: DirectoryAt; last: Buffer }[] = [];
    for (const names of candidatesOf(segment)) {
      const last = names.at(-1) ?? Buffer.alloc(0);
      const parent = await this.#through(directory, names.slice(0, -1), deepest);
      const own = parent && ownChunks(parent.chunks, last);
      if (parent && (isChunk(last) || own === directory.chunks.length)) {
        found.push({ parent, last });
      }
    }
    return found;
  }

  async #through(
    directory: DirectoryAt,
    chunks: readonly Buffer[],
    deepest: Buffer[],
  ): Promise<DirectoryAt | null> {
    let { path } = directory;
    for (const chunk of chunks) {
      path = joined(path, chunk);
      if (!(await this.#isDirectory(path, deepest))) return null;
    }
    return { path, chunks: [...directory.chunks, ...chunks] };
  }

  async #isDirectory(path: Buffer, deepest: Buffer[]): Promise<boolean> {
    if (this.#tree.isReserved(parentOf(path), nameOf(path))) return false;
    const text = pathText(path);
    const seen = this.#seen.get(text) ?? this.#tree.isDirectory(path);
    this.#seen.set(text, seen);
    const isThere = await seen;
    if (!isThere) deepest.push(parentOf(path));
    return isThere;
  }
}
