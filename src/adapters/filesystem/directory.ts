import type { Dirent } from "node:fs";
import { compareUtf8 } from "../../core/encoding.ts";
import { joined } from "./disk.ts";
import { hasErrno } from "./errors.ts";
import { isChunk, ownChunks, segmentOf } from "./key-path.ts";
import type { DirectoryAt } from "./lookup.ts";
import type { Tree } from "./tree.ts";

/**
 * What lies in a directory under one segment of a key: a file, or directories. It is more than one
 * path where several names stand for one segment.
 */
export interface Entry {
  /** The segment, with a '/' behind it where it is of directories: what orders the entries. */
  readonly name: string;
  readonly files: readonly Buffer[];
  readonly directories: readonly DirectoryAt[];
}

interface Found {
  readonly files: Map<string, Buffer>;
  readonly directories: Map<string, DirectoryAt>;
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
  const found = new Map<string, Found>();
  for (const directory of directories) {
    await gather(tree, directory.path, directory.chunks, directory.chunks.length, found);
  }
  const entries: Entry[] = [];
  for (const [name, each] of found) {
    entries.push({
      name,
      files: [...each.files.values()],
      directories: [...each.directories.values()],
    });
  }
  return entries.sort((a, b) => compareUtf8(a.name, b.name));
}

/**
 * Collects what lies in a directory. Where its name may be a chunk of a longer segment, what lies in it
 * may belong one level up, or even higher: `base` says how many chunks stand for themselves at the
 * level that is asked for.
 */
async function gather(
  tree: Tree,
  path: Buffer,
  chunks: readonly Buffer[],
  base: number,
  found: Map<string, Found>,
): Promise<void> {
  for (const entry of await read(tree, path)) {
    const { name } = entry;
    const at = joined(path, name);
    if (tree.isReserved(at)) continue;
    if (entry.isDirectory() && isChunk(name)) {
      await gather(tree, at, [...chunks, name], base, found);
      continue;
    }
    const own = ownChunks(chunks, name);
    const kept = chunks.slice(0, base + 1);
    const next = kept[base];
    if (own === base) {
      const segment = segmentOf(chunks.slice(base), name);
      if (entry.isDirectory()) slot(found, `${segment}/`).directories.set(key(at), plain(at));
      else slot(found, tree.isNameless(at) ? name.toString() : segment).files.set(key(at), at);
    } else if (own > base && next) {
      const directory = { path: above(path, chunks.length - base - 1), chunks: kept };
      slot(found, `${segmentOf([], next)}/`).directories.set(key(directory.path), directory);
    }
  }
}

async function read(tree: Tree, path: Buffer): Promise<readonly Dirent<Buffer>[]> {
  // `readdir` would follow a link that has taken the directory's place.
  if (!(await tree.isDirectory(path))) return [];
  try {
    return await tree.fs.readdir(path, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    if (hasErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

function slot(found: Map<string, Found>, name: string): Found {
  const there = found.get(name) ?? { files: new Map(), directories: new Map() };
  found.set(name, there);
  return there;
}

function plain(path: Buffer): DirectoryAt {
  return { path, chunks: [] };
}

function above(path: Buffer, levels: number): Buffer {
  let at = path;
  for (let i = 0; i < levels; i++) at = at.subarray(0, at.lastIndexOf("/"));
  return at;
}

function key(path: Buffer): string {
  return path.toString("latin1");
}
