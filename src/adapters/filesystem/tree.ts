import { LIMITS } from "../../core/limits.ts";
import { INTERNAL_PREFIX } from "../../core/keys.ts";
import { StoreError } from "../../core/store-errors.ts";
import { type FileSystem, joined, nameOf, parentOf, pathText, syncDirectory } from "./disk.ts";
import { errnoOf, hasErrno } from "./errors.ts";
import { isHoldable, namesOf } from "./key-path.ts";

/** How an empty segment is written. */
const NAMELESS = Buffer.from(namesOf("").join());

interface StorePaths {
  readonly root: Buffer;
  readonly internal: Buffer;
  readonly uploads: Buffer;
  readonly temporary: Buffer;
}

interface Anchor {
  readonly path: Buffer;
  readonly ino: number;
  readonly dev: number;
}

/** Something else, perhaps a link, is in the place of one of the store's own directories. */
export class OtherKindError extends Error {
  override readonly name = "OtherKindError" as const;

  constructor() {
    super("a file or a symbolic link is in the place of a directory of the store");
  }
}

/**
 * The store's directory, and the changes to it that must outlast a power loss.
 *
 * No symbolic link is followed: every component of a path is looked at before it is used. What remains
 * is the time between the look and the use: a local process that may write into the store's directory
 * could put a link there in between. Node has no `openat`, so this cannot be closed; the store's
 * directory must belong to the user that runs expunge. No key and no request can make a link.
 */
export class Tree {
  readonly fs: FileSystem;
  readonly root: Buffer;
  readonly internal: Buffer;
  readonly uploads: Buffer;
  readonly temporary: Buffer;
  readonly #kept: ReadonlySet<string>;
  readonly #reserved: readonly Buffer[];

  /** Looked at to see whether the medium is still there, and no link in the place of one of them. */
  readonly #anchors: readonly Anchor[];

  private constructor(fs: FileSystem, paths: StorePaths, anchors: readonly Anchor[]) {
    this.#anchors = anchors;
    this.fs = fs;
    this.root = paths.root;
    this.internal = paths.internal;
    this.uploads = paths.uploads;
    this.temporary = paths.temporary;
    this.#reserved = [paths.uploads, paths.temporary].map((path) => nameOf(path));
    this.#kept = new Set(Object.values(paths).map((path: Buffer) => pathText(path)));
  }

  /**
   * Makes what is missing of the store's own directories.
   * @param root as the file system itself names it, without links
   * @throws the system's error, or OtherKindError
   */
  static async open(fs: FileSystem, root: Buffer): Promise<Tree> {
    const internal = joined(root, INTERNAL_PREFIX.slice(0, -1));
    const uploads = joined(internal, "uploads");
    const temporary = joined(internal, "tmp");
    const anchors: Anchor[] = [];
    for (const path of [internal, uploads, temporary]) {
      await fs.mkdir(path, { recursive: true });
      // A link would take what expunge keeps for itself out of the store.
      const status = await fs.lstat(path);
      if (!status.isDirectory()) throw new OtherKindError();
      anchors.push({ path, ino: status.ino, dev: status.dev });
      await syncDirectory(fs, parentOf(path));
    }
    return new Tree(fs, { root, internal, uploads, temporary }, anchors);
  }

  /** Takes the directory as it is and makes nothing in it: it can be listed and emptied. */
  static async openAsItIs(fs: FileSystem, root: Buffer): Promise<Tree> {
    const internal = joined(root, INTERNAL_PREFIX.slice(0, -1));
    const uploads = joined(internal, "uploads");
    const temporary = joined(internal, "tmp");
    const { ino, dev } = await fs.lstat(root);
    return new Tree(fs, { root, internal, uploads, temporary }, [{ path: root, ino, dev }]);
  }

  /** Whether this is the directory of uploads or of temporary files: what lies there is no object. */
  isReserved(parent: Buffer, name: Buffer): boolean {
    return parent.equals(this.internal) && this.#reserved.some((each) => each.equals(name));
  }

  /** Whether a file here would have the key of no bytes; there is none, so its name stands for itself. */
  isNameless(parent: Buffer, name: Buffer): boolean {
    return name.equals(NAMELESS) && parent.equals(this.root);
  }

  /**
   * Whether a directory is there, and not a link to one.
   * @throws the system's error, where even that cannot be seen
   */
  async isDirectory(path: Buffer): Promise<boolean> {
    try {
      return (await this.fs.lstat(path)).isDirectory();
    } catch (error) {
      if (hasErrno(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return false;
      throw error;
    }
  }

  /**
   * Sees to it that these are still the directories that were opened. Where the medium is not mounted
   * any more, all that is left is an empty directory, and its listing would be false evidence (I3); a
   * link in the place of one would lead out of the store.
   * @throws StoreError `store-unavailable`, or the system's error
   */
  async checkMounted(): Promise<void> {
    for (const { path, ino, dev } of this.#anchors) {
      const now = await this.fs.lstat(path);
      if (ino === now.ino && dev === now.dev) continue;
      throw new StoreError(
        "store-unavailable",
        "blocked",
        "The store's directory is not the one that was opened.",
      );
    }
  }

  /**
   * Gives a file, whose bytes are on the medium, the place of a key in one step, and answers when that
   * survives a power loss. Others may prune the directories that are made here, as long as they are
   * empty; then they are made again.
   * @returns false when the file is not there any more
   * @throws StoreError `invalid-key`, `key-conflict`, or the system's error
   */
  async place(file: Buffer, key: string): Promise<boolean> {
    const names = this.namesOfKey(key);
    const target = joined(this.root, ...names);
    for (let attempt = 1; attempt <= LIMITS.placeAttemptsMax; attempt++) {
      if (!(await this.#makeParents(names))) continue;
      try {
        await this.fs.rename(file, target);
      } catch (error) {
        if (!hasErrno(error, "ENOENT")) {
          if (await this.#removeEmptyTarget(error, target)) continue;
          throw error;
        }
        if (await this.#exists(file)) continue;
        await this.prune(parentOf(target));
        return false;
      }
      await this.syncAbove(key);
      return true;
    }
    throw new StoreError(
      "io-error",
      "retryable",
      "The key's directories are removed as fast as they are made.",
    );
  }

  /**
   * Syncs the directories above a key's file up to the root, also those that were there: another process
   * may have made one and have died before it was on the medium. Those in which nothing changed cost
   * next to nothing.
   * @throws the system's error
   */
  async syncAbove(key: string): Promise<void> {
    let directory = joined(this.root, ...this.namesOfKey(key));
    do {
      directory = parentOf(directory);
      // The object may be removed already, and its directory pruned.
      await this.syncNearest(directory);
    } while (!directory.equals(this.root));
  }

  /** The names, below the root, of the path that a key is written to. @throws StoreError `invalid-key` */
  namesOfKey(key: string): readonly string[] {
    const segments = key.split("/");
    const names = segments.flatMap((segment) => namesOf(segment));
    const [first = "", second = ""] = names;
    const isReserved = this.isReserved(joined(this.root, first), Buffer.from(second));
    if (segments.every((segment) => isHoldable(segment)) && !isReserved) return names;
    throw new StoreError(
      "invalid-key",
      "permanent",
      "The store cannot hold an object of this key.",
    );
  }

  /**
   * Removes the directory and those above it, as long as they are empty, and answers the first that
   * stays. An empty directory is no object; what cannot be removed does no harm.
   */
  async prune(directory: Buffer): Promise<Buffer> {
    let path = directory;
    while (!this.#kept.has(pathText(path))) {
      try {
        await this.fs.rmdir(path);
      } catch (error) {
        if (!hasErrno(error, "ENOENT")) return path;
      }
      path = parentOf(path);
    }
    return path;
  }

  /** Syncs the directory, or the first above it that is still there. */
  async syncNearest(directory: Buffer): Promise<void> {
    for (let path = directory; ; path = parentOf(path)) {
      try {
        return await syncDirectory(this.fs, path);
      } catch (error) {
        if (!hasErrno(error, "ENOENT") || this.#kept.has(pathText(path))) throw error;
      }
    }
  }

  /** Answers false when a directory vanished meanwhile. @throws StoreError `key-conflict` */
  async #makeParents(names: readonly string[]): Promise<boolean> {
    let path = this.root;
    for (const name of names.slice(0, -1)) {
      path = joined(path, name);
      if (await this.isDirectory(path)) continue;
      try {
        await this.fs.mkdir(path);
      } catch (error) {
        if (hasErrno(error, "ENOENT")) return false;
        if (!hasErrno(error, "EEXIST")) throw error;
        if (!(await this.isDirectory(path)) && (await this.#exists(path))) throw error;
      }
    }
    return true;
  }

  /** Whether an empty directory was in the way of a rename, and is not any more. */
  async #removeEmptyTarget(failure: unknown, target: Buffer): Promise<boolean> {
    if (!["EISDIR", "EEXIST", "ENOTEMPTY"].includes(errnoOf(failure))) return false;
    try {
      await this.fs.rmdir(target);
      return true;
    } catch (error) {
      return hasErrno(error, "ENOENT");
    }
  }

  async #exists(path: Buffer): Promise<boolean> {
    try {
      await this.fs.lstat(path);
      return true;
    } catch (error) {
      if (hasErrno(error, "ENOENT", "ENOTDIR")) return false;
      throw error;
    }
  }
}
