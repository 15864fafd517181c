import type { IncomingMessage } from "node:http";
import { StoreError } from "../../core/store-errors.ts";
import { toStoreError } from "./errors.ts";
import { TimedOut } from "./failures.ts";
import type { S3Timeouts } from "./options.ts";

export interface WantedBody {
  readonly message: IncomingMessage;
  /** As many bytes as the reply announces. */
  readonly lengthBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly timeouts: S3Timeouts;
}

/**
 * A reply's body, as fast as it is read. It ends with all the bytes that were announced or throws; it
 * gives up its socket when it is let go, when the store hangs, and when nobody reads it for long. It is
 * no generator, since the `return` of one that was not begun would not let go of the socket.
 */
export class SocketBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #wanted: WantedBody;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #leftBytes: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(wanted: WantedBody) {
    this.#wanted = wanted;
    this.#leftBytes = wanted.lengthBytes;
    this.#pieces = (wanted.message as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    // It may fail while nobody reads it; who reads it then is told.
    wanted.message.on("error", () => undefined);
    this.#destroyAfter(wanted.timeouts.unreadMs, "nobody read the body");
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    const { signal, timeouts } = this.#wanted;
    this.#destroyAfter(timeouts.idleMs, "no byte came");
    try {
      signal?.throwIfAborted();
      const next: IteratorResult<Uint8Array, unknown> = await this.#pieces.next();
      signal?.throwIfAborted();
      if (next.done === true) {
        if (this.#leftBytes > 0) throw cutShort(this.#leftBytes);
        return await this.return();
      }
      this.#leftBytes -= next.value.length;
      this.#destroyAfter(timeouts.unreadMs, "nobody read the body");
      return { done: false, value: next.value };
    } catch (error) {
      await this.return();
      signal?.throwIfAborted();
      throw toStoreError(error, "GetObject");
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#wanted.message.destroy();
    return { done: true, value: undefined };
  }

  #destroyAfter(timeoutMs: number, why: string): void {
    clearTimeout(this.#timer);
    const { message } = this.#wanted;
    this.#timer = setTimeout(() => message.destroy(new TimedOut(why, timeoutMs)), timeoutMs);
    // A body that nobody reads keeps no process.
    this.#timer.unref();
  }
}

/** All the bytes at once. @throws StoreError, or the signal's reason */
export async function readAll(wanted: WantedBody): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of new SocketBody(wanted)) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

function cutShort(leftBytes: number): StoreError {
  const message = `The store ended the object's body ${leftBytes} bytes short.`;
  return new StoreError("store-unavailable", "retryable", message);
}
