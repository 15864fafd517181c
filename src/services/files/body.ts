import { createHash, type Hash } from "node:crypto";
import { ExpungeError } from "../../core/errors.ts";
import { UntilAborted } from "../../core/until-aborted.ts";

/** Checksums that a caller announced, each as bytes; the body is held against all of them. */
export interface Checksums {
  readonly sha256?: Uint8Array;
  readonly md5?: Uint8Array;
}

/**
 * Reads a body once, piece by piece, and hashes what passes: nothing is held in memory beyond the
 * chunk that spans two pieces.
 */
export class Body {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #sha256 = createHash("sha256");
  readonly #announced: Checksums;
  /** Slow, and so only where somebody announced one. */
  readonly #md5: Hash | null;
  readonly #until: UntilAborted;
  #rest: Uint8Array | null = null;
  #sizeBytes = 0;
  #reading = false;

  constructor(chunks: AsyncIterable<Uint8Array>, announced: Checksums, signal: AbortSignal) {
    this.#announced = announced;
    this.#md5 = announced.md5 ? createHash("md5") : null;
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#until = new UntilAborted(signal);
  }

  /** Bytes handed out so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The next bytes, at most so many; ends earlier where the body does. */
  async *take(bytesMax: number): AsyncGenerator<Uint8Array> {
    let left = bytesMax;
    while (left > 0) {
      const chunk = await this.#next();
      if (chunk === null) return;
      const piece = chunk.subarray(0, left);
      this.#rest = chunk.length > left ? chunk.subarray(left) : null;
      left -= piece.length;
      this.#sizeBytes += piece.length;
      this.#sha256.update(piece);
      this.#md5?.update(piece);
      yield piece;
    }
  }

  /** Whether nothing is left. Reads ahead at most one chunk. */
  async isAtEnd(): Promise<boolean> {
    this.#rest = await this.#next();
    return this.#rest === null;
  }

  /**
   * Lets go of what is left of the body. A sender that has stalled in the midst of a chunk is not
   * waited for: the end of its stream is the caller's business.
   */
  async cancel(): Promise<void> {
    this.#until.end();
    if (!this.#reading) await this.#chunks.return?.();
  }

  /** The SHA-256 of what was handed out so far. */
  sha256(): Uint8Array {
    return this.#sha256.copy().digest();
  }

  /**
   * Ends the hashing: lower-case hex of the SHA-256.
   * @throws ExpungeError `checksum-mismatch`
   */
  finish(): string {
    const sha256 = this.#sha256.digest();
    for (const [name, found, wanted] of [
      ["SHA-256", sha256, this.#announced.sha256],
      ["MD5", this.#md5?.digest(), this.#announced.md5],
    ] as const) {
      if (found && wanted && !found.equals(wanted)) {
        throw new ExpungeError(
          "checksum-mismatch",
          `The ${name} of the body that arrived is not the one that was announced.`,
        );
      }
    }
    return sha256.toString("hex");
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#rest !== null) {
      const rest = this.#rest;
      this.#rest = null;
      return rest;
    }
    for (;;) {
      this.#reading = true;
      const result = await this.#until.wait(this.#chunks.next());
      this.#reading = false;
      if (result.done === true) return null;
      if (result.value.length > 0) return result.value;
    }
  }
}
