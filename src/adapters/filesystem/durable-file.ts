import type { FileHandle } from "node:fs/promises";
import { LIMITS } from "../../core/limits.ts";
import type { FileSystem } from "./disk.ts";

/**
 * Writes a new file and answers when its bytes are on the medium. Pieces are gathered, and written while
 * the next ones are waited for; a long file is put on the medium as it grows, so that its end does not
 * wait for all of it. A piece must not change after it was given.
 * @returns its size in bytes. @throws what the pieces or the file system throw
 */
export async function writeDurably(
  fs: FileSystem,
  path: Buffer,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const file = await fs.open(path, "wx");
  const writer = new Writer(file);
  try {
    let sizeBytes = 0;
    for await (const piece of pieces) {
      await writer.add(piece);
      sizeBytes += piece.length;
    }
    await writer.finish();
    return sizeBytes;
  } finally {
    await writer.settled();
    await file.close();
  }
}

/** At most two gathers of pieces are held: the one that is filled, and the one on its way. */
class Writer {
  readonly #file: FileHandle;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #unsyncedBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #isSyncing = false;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(piece: Uint8Array): Promise<void> {
    this.#gathered.push(piece);
    this.#gatheredBytes += piece.length;
    if (this.#gatheredBytes >= LIMITS.writeGatherBytes) await this.#write();
  }

  async finish(): Promise<void> {
    await this.#write();
    await this.#writing;
    await this.#syncing;
    await this.#file.sync();
  }

  /** When nothing is under way any more, whatever came of it: a failure is thrown where it is met. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing]);
  }

  async #write(): Promise<void> {
    await this.#writing;
    const pieces = this.#gathered;
    this.#unsyncedBytes += this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#writing = writeAll(this.#file, pieces);
    // It is awaited before the next one, which may be long after it failed.
    this.#writing.catch(() => undefined);
    if (this.#unsyncedBytes >= LIMITS.syncAheadBytes && !this.#isSyncing) this.#syncAhead();
  }

  #syncAhead(): void {
    this.#unsyncedBytes = 0;
    this.#isSyncing = true;
    this.#syncing = this.#file.datasync().finally(() => {
      this.#isSyncing = false;
    });
    this.#syncing.catch(() => undefined);
  }
}

/** One write may take less than it was given. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let left = pieces.filter(({ length }) => length > 0);
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left);
    left = without(left, bytesWritten);
  }
}

function without(pieces: readonly Uint8Array[], writtenBytes: number): Uint8Array[] {
  let written = writtenBytes;
  return pieces.flatMap((piece) => {
    const taken = Math.min(written, piece.length);
    written -= taken;
    return taken === piece.length ? [] : [piece.subarray(taken)];
  });
}
