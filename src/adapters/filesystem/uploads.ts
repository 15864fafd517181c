import type { Clock, Random } from "../../ports/clock.ts";
import type { ObjectHead, Part, PartBody } from "../../ports/object-store.ts";
import { checkKey, checkPart, chooseParts, noSuchUpload } from "../object-store-checks.ts";
import { joined, renameIfThere, syncDirectory, unlinkIfThere } from "./disk.ts";
import { hasErrno } from "./errors.ts";
import { assemble, readParts, writePart } from "./parts.ts";
import { headOf } from "./reading.ts";
import type { Tree } from "./tree.ts";
import {
  abortedDirectory,
  COMMITTING,
  COMPLETING,
  directoryOf,
  isUploadId,
  makeUpload,
  moveOn,
  OPEN,
  readMeta,
  removeAll,
  STATES,
  type UploadState,
  WHOLE,
} from "./upload-states.ts";

/** Every part but the last has at least so much: a file system asks for nothing more. */
export const PART_BYTES_MIN = 1;

/**
 * Multipart uploads as directories (see `upload-states.ts`).
 *
 * Exactly one of complete and abort wins (R2). Both begin by renaming the directory away from under the
 * other; as long as the object is not put together, that decides. In the last state two may still meet:
 * complete renames `whole` to the key, while abort, having renamed the directory, unlinks `whole`. Only
 * one of these two finds it, by whatever path the kernel had already resolved, and abort asks which:
 * where `whole` was gone before, complete has won, and abort answers `no-such-upload`. In either case,
 * once abort has answered, `whole` is at the key already or nowhere, and nothing can appear any more.
 */
export class Uploads {
  readonly #tree: Tree;
  readonly #clock: Pick<Clock, "now">;
  readonly #random: Random;
  /** Completions of this process wait for one another; those of two processes fail safely. */
  readonly #completing = new Map<string, Promise<unknown>>();

  constructor(tree: Tree, clock: Pick<Clock, "now">, random: Random) {
    this.#tree = tree;
    this.#clock = clock;
    this.#random = random;
  }

  async create(key: string, contentType: string): Promise<string> {
    checkKey(key);
    this.#tree.namesOfKey(key);
    const initiatedAt = this.#clock.now();
    return await makeUpload(this.#tree, this.#random, { key, contentType, initiatedAt });
  }

  async uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    part: PartBody,
  ): Promise<Part> {
    checkPart(partNumber, part.sizeBytes);
    await this.#check(key, uploadId);
    return await whileThere(async () => {
      const directory = directoryOf(this.#tree, uploadId, OPEN);
      return await writePart(this.#tree, this.#random, directory, partNumber, part);
    });
  }

  async listParts(key: string, uploadId: string): Promise<readonly Part[]> {
    await this.#check(key, uploadId);
    for (const state of STATES) {
      try {
        return await this.#listPartsIn(directoryOf(this.#tree, uploadId, state));
      } catch (error) {
        if (!hasErrno(error, "ENOENT")) throw error;
      }
    }
    throw noSuchUpload();
  }

  /**
   * A completion that a crash broke off is taken up where it was. A second one at the same time, or a
   * later one, answers `no-such-upload`.
   */
  async complete(key: string, uploadId: string, parts: readonly Part[]): Promise<ObjectHead> {
    const before = this.#completing.get(uploadId);
    const mine = (async () => {
      await Promise.allSettled([before]);
      return await this.#complete(key, uploadId, parts);
    })();
    this.#completing.set(uploadId, mine);
    try {
      return await mine;
    } finally {
      if (this.#completing.get(uploadId) === mine) this.#completing.delete(uploadId);
    }
  }

  async abort(key: string, uploadId: string): Promise<void> {
    if (!isUploadId(uploadId)) throw noSuchUpload();
    const meta = await readMeta(this.#tree, uploadId);
    if (meta && meta.key !== key) throw noSuchUpload();
    const from = await this.#moveToAborted(uploadId);
    const hasWon = await this.finishAborted(uploadId);
    if (from === null || (from === COMMITTING && !hasWon)) throw noSuchUpload();
  }

  /** Removes what an abort, perhaps one that a crash broke off, leaves. Answers whether `whole` was there. */
  async finishAborted(uploadId: string): Promise<boolean> {
    const directory = abortedDirectory(this.#tree, uploadId);
    const hadWhole = await unlinkIfThere(this.#tree.fs, joined(directory, WHOLE));
    await removeAll(this.#tree, directory);
    await syncDirectory(this.#tree.fs, this.#tree.uploads);
    return hadWhole;
  }

  /**
   * Ends an upload whose object is at its key, but whose completion was broken off: makes the object
   * last and removes what is left. Answers false where the upload is not in that state.
   */
  async finishCommitted(uploadId: string): Promise<boolean> {
    const directory = directoryOf(this.#tree, uploadId, COMMITTING);
    if ((await this.#namesIn(directory))?.includes(WHOLE) !== false) return false;
    const meta = await readMeta(this.#tree, uploadId);
    // Without it, the removal of what is left had begun already.
    if (meta) await this.#tree.syncAbove(meta.key);
    await removeAll(this.#tree, directory);
    await syncDirectory(this.#tree.fs, this.#tree.uploads);
    return true;
  }

  async #complete(key: string, uploadId: string, parts: readonly Part[]): Promise<ObjectHead> {
    await this.#check(key, uploadId);
    await this.#checkParts(uploadId, parts);
    await moveOn(this.#tree, uploadId, OPEN, COMPLETING);
    await this.#assemble(uploadId, parts);
    await moveOn(this.#tree, uploadId, COMPLETING, COMMITTING);
    const directory = directoryOf(this.#tree, uploadId, COMMITTING);
    if (await this.finishCommitted(uploadId)) throw noSuchUpload();
    const whole = joined(directory, WHOLE);
    // A rename changes neither of what the head is made of.
    const stats = await whileThere(() => this.#tree.fs.lstat(whole, { bigint: true }));
    if (!(await this.#tree.place(whole, key))) throw noSuchUpload();
    await this.#removeLeftovers(directory);
    return headOf(key, stats);
  }

  /** Wrong parts leave an open upload open. Where it is not open any more, there is nothing to check. */
  async #checkParts(uploadId: string, parts: readonly Part[]): Promise<void> {
    const directory = directoryOf(this.#tree, uploadId, OPEN);
    try {
      chooseParts(parts, await readParts(this.#tree, directory), PART_BYTES_MIN);
    } catch (error) {
      if (!hasErrno(error, "ENOENT")) throw error;
    }
  }

  /** In the state `completing`; in any other there is nothing to do, and the next step sees to it. */
  async #assemble(uploadId: string, parts: readonly Part[]): Promise<void> {
    const directory = directoryOf(this.#tree, uploadId, COMPLETING);
    const isDone = async (): Promise<boolean> =>
      (await this.#namesIn(directory))?.includes(WHOLE) !== false;
    if (await isDone()) return;
    try {
      // A part may have been replaced since it was checked; from now on none can be.
      const held = await readParts(this.#tree, directory);
      const chosen = chooseParts(parts, held, PART_BYTES_MIN);
      await assemble(this.#tree, this.#random, directory, chosen);
    } catch (error) {
      // Unless another process has assembled it meanwhile, or even moved it on, something is missing.
      if (!hasErrno(error, "ENOENT") || !(await isDone())) throw error;
    }
  }

  /** Null where there is no such directory. */
  async #namesIn(directory: Buffer): Promise<readonly string[] | null> {
    try {
      return await this.#tree.fs.readdir(directory);
    } catch (error) {
      if (hasErrno(error, "ENOENT")) return null;
      throw error;
    }
  }

  /** The object is there and that is what counts: `listUploads` and abort remove what remains here. */
  async #removeLeftovers(directory: Buffer): Promise<void> {
    try {
      await removeAll(this.#tree, directory);
    } catch {
      // It fails there again, and is reported then.
    }
  }

  async #moveToAborted(uploadId: string): Promise<UploadState | null> {
    const target = abortedDirectory(this.#tree, uploadId);
    for (const state of STATES) {
      const directory = directoryOf(this.#tree, uploadId, state);
      if (await renameIfThere(this.#tree.fs, directory, target)) return state;
    }
    return null;
  }

  async #listPartsIn(directory: Buffer): Promise<readonly Part[]> {
    const parts = [...(await readParts(this.#tree, directory)).values()];
    return parts
      .map(({ partNumber, etag, sizeBytes }) => ({ partNumber, etag, sizeBytes }))
      .sort((a, b) => a.partNumber - b.partNumber);
  }

  async #check(key: string, uploadId: string): Promise<void> {
    if ((await readMeta(this.#tree, uploadId))?.key !== key) throw noSuchUpload();
  }
}

/** For steps that fail with `ENOENT` when the upload has ended or moved on. */
async function whileThere<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw hasErrno(error, "ENOENT") ? noSuchUpload() : error;
  }
}
