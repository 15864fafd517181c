import type * as fs from "node:fs/promises";
import { constants } from "node:fs";
import { hasErrno } from "./errors.ts";

/** What is used of `node:fs/promises`, so that a test can make it fail or watch it. */
export type FileSystem = Pick<
  typeof fs,
  "lstat" | "mkdir" | "open" | "readdir" | "readFile" | "rename" | "rm" | "rmdir" | "unlink"
>;

const SLASH = Buffer.from("/");

/** Paths are bytes: the names of files need not be UTF-8. */
export function joined(directory: Buffer, ...names: readonly (Buffer | string)[]): Buffer {
  return Buffer.concat([directory, ...names.flatMap((name) => [SLASH, Buffer.from(name)])]);
}

export function parentOf(path: Buffer): Buffer {
  return path.subarray(0, path.lastIndexOf("/"));
}

export function nameOf(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf("/") + 1);
}

/** A path as a key of maps: one character per byte. */
export function pathText(path: Buffer): string {
  return path.toString("latin1");
}

/**
 * Makes what was entered into the directory, or removed from it, survive a power loss.
 * @throws the system's error
 */
export async function syncDirectory(fs: FileSystem, path: Buffer): Promise<void> {
  // Windows cannot open a directory, and needs no sync of it.
  if (process.platform === "win32") return;
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const directory = await fs.open(path, flags);
  try {
    await directory.sync();
  } catch (error) {
    // Some network file systems know no sync of directories: they write them at once.
    if (!hasErrno(error, "EINVAL", "ENOTSUP", "EOPNOTSUPP")) throw error;
  } finally {
    await directory.close();
  }
}

/** Removes a file that may be gone already. Answers whether it was there. */
export async function unlinkIfThere(fs: FileSystem, path: Buffer): Promise<boolean> {
  try {
    await fs.unlink(path);
    return true;
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return false;
    throw error;
  }
}

/** Removes a file after a failure, which is the one to be reported, and not that of this. */
export async function removeQuietly(fs: FileSystem, path: Buffer): Promise<void> {
  try {
    await unlinkIfThere(fs, path);
  } catch {
    // What remains is removed with its directory, or at the next start.
  }
}

/** Renames what may be gone already. Answers whether it was there. */
export async function renameIfThere(fs: FileSystem, from: Buffer, to: Buffer): Promise<boolean> {
  try {
    await fs.rename(from, to);
    return true;
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return false;
    throw error;
  }
}

/** Calls for each item, at most so many at once; answers in the order of the items. */
export async function mapLimited<T, R>(
  items: readonly T[],
  inFlightMax: number,
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = Array.from<R>({ length: items.length });
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      results[i] = await call(items[i] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlightMax, items.length) }, work));
  return results;
}
