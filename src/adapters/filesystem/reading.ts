import { LIMITS } from "../../core/limits.ts";
import { constants, type BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { StoreError } from "../../core/store-errors.ts";
import type {
  ByteRange,
  CopySource,
  ObjectBody,
  ObjectHead,
  PartBody,
} from "../../ports/object-store.ts";
import { checkKey, checkRange, clipRange, noSuchKey } from "../object-store-checks.ts";
import { asStoreCall, hasErrno } from "./errors.ts";
import { Lookup } from "./lookup.ts";
import type { Tree } from "./tree.ts";

/** @throws StoreError `no-such-key`, or the system's error */
export async function readHead(tree: Tree, key: string): Promise<ObjectHead> {
  const { stats } = await findFile(tree, key);
  return headOf(key, stats);
}

/** @throws StoreError `no-such-key`, `invalid-range`, `bad-request`, or the system's error */
export async function readObject(
  tree: Tree,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<ObjectBody> {
  signal?.throwIfAborted();
  const { path, stats: found } = await findFile(tree, key);
  refuseUnlessFile(found);
  const file = await openFile(tree, path);
  try {
    const stats = await file.stat({ bigint: true });
    refuseUnlessFile(stats);
    const head = headOf(key, stats);
    const { start, end } = clipRange(range, head.sizeBytes);
    if (end - start >= LIMITS.readChunkBytes)
      return { ...head, body: new FileBody(file, start, end, signal) };
    const bytes = await readFully(file, start, end + 1 - start);
    await file.close();
    return { ...head, body: once(bytes) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The range as a part; it must be there whole. @throws as `readObject` */
export async function readRange(tree: Tree, { key, range }: CopySource): Promise<PartBody> {
  const { body, sizeBytes } = await readObject(tree, key, range, undefined);
  try {
    checkRange(range, sizeBytes);
  } catch (error) {
    await body[Symbol.asyncIterator]().return?.();
    throw error;
  }
  return { body, sizeBytes: range.end - range.start + 1 };
}

export function headOf(key: string, stats: BigIntStats): ObjectHead {
  const { size, mtimeNs, ino } = stats;
  return {
    key,
    sizeBytes: Number(size),
    etag: `"${size.toString(16)}-${mtimeNs.toString(16)}-${ino.toString(16)}"`,
    modifiedAt: Math.floor(Number(mtimeNs / 1_000_000n)),
  };
}

async function findFile(tree: Tree, key: string): Promise<{ path: Buffer; stats: BigIntStats }> {
  for (const path of (await new Lookup(tree).filesOf(key)).paths) {
    try {
      const stats = await tree.fs.lstat(path, { bigint: true });
      if (!stats.isDirectory()) return { path, stats };
    } catch (error) {
      if (!hasErrno(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) throw error;
    }
  }
  // A foreign file may have a longer key than we would write, so only now is it looked at.
  checkKey(key);
  throw noSuchKey();
}

/** Links are not followed; a pipe would wait for a writer, a device might do anything. */
function refuseUnlessFile(stats: BigIntStats): void {
  if (stats.isFile()) return;
  const kind = stats.isSymbolicLink() ? "a symbolic link" : "no regular file";
  throw new StoreError("bad-request", "blocked", `The object is ${kind} and is not opened.`);
}

async function openFile(tree: Tree, path: Buffer): Promise<FileHandle> {
  // Windows has neither of the two: there they are undefined, and count as nothing.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    return await tree.fs.open(path, flags);
  } catch (error) {
    if (hasErrno(error, "ENOENT", "ENOTDIR")) throw noSuchKey();
    throw error;
  }
}

async function readFully(file: FileHandle, from: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, from + at);
    if (bytesRead === 0) {
      throw new StoreError("io-error", "retryable", "The object became shorter while it was read.");
    }
    at += bytesRead;
  }
  return bytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/**
 * Reads as fast as it is asked to. It is no generator, since the `return` of one that was not begun
 * would not close the file.
 */
class FileBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #file: FileHandle;
  readonly #end: number;
  readonly #signal: AbortSignal | undefined;
  #at: number;
  #isOver = false;

  constructor(file: FileHandle, start: number, end: number, signal: AbortSignal | undefined) {
    this.#file = file;
    this.#at = start;
    this.#end = end;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const length = Math.min(LIMITS.readChunkBytes, this.#end + 1 - this.#at);
    if (this.#isOver || length <= 0) return await this.return();
    try {
      this.#signal?.throwIfAborted();
      const value = await asStoreCall(() => readFully(this.#file, this.#at, length));
      this.#at += length;
      return { done: false, value };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const wasOver = this.#isOver;
    this.#isOver = true;
    if (!wasOver) await this.#file.close();
    return { done: true, value: undefined };
  }
}
