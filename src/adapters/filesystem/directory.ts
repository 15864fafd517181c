import type { Dirent } from "node:fs";
import { compareUtf8 } from "../../core/encoding.ts";
import { joined, parentOf, pathText } from "./disk.ts";
import { hasErrno } from "./errors.ts";
import { isChunk, ownChunks, segmentOf } from "./key-path.ts";
import type { DirectoryAt } from "./lookup.ts";
import type { Tree } from "./tree.ts";

/**
 * A file or a directory, under the segment of a key that it stands for. Kept small: a directory may
 * have millions of them. Where several names stand for one segment, each has an entry.
 */
export interface Entry {
  /** The segment, with a '/' behind it where it is of a directory: what orders the entries. */
  readonly name: string;
  readonly parent: Buffer;
  /** The name on the disk, where it is another one. */
  readonly written: Buffer | null;
  /** Of a directory: see DirectoryAt. */
  readonly chunks: readonly Buffer[];
}

export function isDirectoryEntry(entry: Entry): boolean {
  return entry.name.endsWith("/");
}

export function pathOf({ name, parent, written }: Entry): Buffer {
  return joined(parent, written ?? name.replace(/\/$/, ""));
}

const NO_CHUNKS: readonly Buffer[] = [];

/** ASCII without a '%': such a name is its own segment, and nearly all are. */
const ITSELF = /^[ -$&-~]+$/;

interface Gathering {
  readonly tree: Tree;
  /** How many of the chunks stand for themselves at the level that is asked for. */
  readonly base: number;
  readonly entries: Entry[];
  /** Directories with a chunk's name that are among the entries. */
  readonly own: Set<string>;
}

/**
 * The entries of directories that hold the same part of keys, in the order of their UTF-8 bytes. A
 * directory that is gone has none; one that cannot be read fails the listing, which else would pass
 * for evidence (I3).
 * @throws the system's error
 */
export async function entriesOf(
  tree: Tree,
  directories: readonly DirectoryAt[],
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const { path, chunks } of directories) {
    const gathering = { tree, base: chunks.length, entries, own: new Set<string>() };
    await gather(gathering, path, chunks);
  }
  return entries.sort((a, b) => compareUtf8(a.name, b.name));
}

/**
 * Collects what lies in a directory. Where its name may be a chunk of a longer segment, what lies in it
 * may belong one level up, or even higher.
 */
async function gather(
  gathering: Gathering,
  path: Buffer,
  chunks: readonly Buffer[],
): Promise<void> {
  const { tree, base } = gathering;
  for (const entry of await read(tree, path)) {
    if (chunks.length === 0 && ITSELF.test(entry.name) && !path.equals(tree.internal)) {
      const name = entry.isDirectory() ? `${entry.name}/` : entry.name;
      gathering.entries.push({ name, parent: path, written: null, chunks: NO_CHUNKS });
      continue;
    }
    const name = Buffer.from(entry.name, "latin1");
    if (tree.isReserved(path, name)) continue;
    if (entry.isDirectory() && isChunk(name)) {
      await gather(gathering, joined(path, name), [...chunks, name]);
      continue;
    }
    const own = ownChunks(chunks, name);
    if (own === base) {
      const isNameless = !entry.isDirectory() && tree.isNameless(path, name);
      const segment = isNameless ? name.toString() : segmentOf(chunks.slice(base), name);
      gathering.entries.push(entryOf(segment, entry.isDirectory(), path, name));
    } else if (own > base) {
      let directory = path;
      for (let level = chunks.length; level > base + 1; level--) directory = parentOf(directory);
      addOwn(gathering, directory, chunks.slice(0, base + 1));
    }
  }
}

/** A directory with a chunk's name in which something lies that is not a segment's rest. */
function addOwn(gathering: Gathering, path: Buffer, chunks: readonly Buffer[]): void {
  const name = chunks.at(-1);
  if (!name || gathering.own.has(pathText(path))) return;
  gathering.own.add(pathText(path));
  const segment = segmentOf([], name);
  gathering.entries.push({ ...entryOf(segment, true, parentOf(path), name), chunks });
}

function entryOf(segment: string, isDirectory: boolean, parent: Buffer, name: Buffer): Entry {
  const written = name.equals(Buffer.from(segment)) ? null : name;
  return { name: isDirectory ? `${segment}/` : segment, parent, written, chunks: NO_CHUNKS };
}

/** The names, a character per byte, of a directory. */
async function read(tree: Tree, path: Buffer): Promise<readonly Dirent[]> {
  // `readdir` would follow a link that has taken the directory's place.
  if (!(await tree.isDirectory(path))) return [];
  try {
    return await tree.fs.readdir(path, { withFileTypes: true, encoding: "latin1" });
  } catch (error) {
    if (hasErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}
