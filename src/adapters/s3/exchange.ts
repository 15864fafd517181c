import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { LIMITS } from "../../core/limits.ts";
import { BrokenReply, ForeignFailure, TimedOut } from "./failures.ts";
import type { S3Timeouts } from "./options.ts";

export interface WireResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  /** All the bytes; the message itself where it was asked for as a stream and has good news. */
  readonly body: Uint8Array | IncomingMessage;
}

export interface ExchangeOptions {
  readonly callMs: number;
  readonly isStreamed: boolean;
  readonly signal: AbortSignal | undefined;
}

type Body = string | Uint8Array | AsyncIterable<Uint8Array> | undefined;

/**
 * One request and its reply. Every wait is bounded, but for the caller's own body: who gives that ends
 * it. Neither a failure nor an early reply waits for the body's next piece.
 */
export class Exchange {
  readonly #request: ClientRequest;
  readonly #timeouts: S3Timeouts;
  readonly #options: ExchangeOptions;
  readonly #failed = Promise.withResolvers<never>();
  readonly #connected = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<IncomingMessage>();
  #message: IncomingMessage | null = null;
  /** For the step that is under way, and for the call as a whole. */
  readonly #step: Alarm;
  readonly #whole: Alarm;

  constructor(request: ClientRequest, timeouts: S3Timeouts, options: ExchangeOptions) {
    this.#request = request;
    this.#timeouts = timeouts;
    this.#options = options;
    // Each of them may fail while nobody waits for it.
    this.#failed.promise.catch(() => undefined);
    this.#step = new Alarm((error) => this.#fail(error));
    this.#whole = new Alarm((error) => this.#fail(error));
    request.on("error", this.#failed.reject);
    request.once("response", (message) => {
      this.#message = message;
      this.#answered.resolve(message);
    });
    request.once("socket", () => this.#onSocket());
  }

  async run(body: Body): Promise<WireResponse> {
    const { signal, callMs, isStreamed } = this.#options;
    const abort = (): void => this.#fail(new Error("the call was aborted"));
    signal?.addEventListener("abort", abort, { once: true });
    let isHandedOn = false;
    try {
      this.#step.set(this.#timeouts.socketWaitMs, "no socket was free");
      const isWhole = await this.#send(body);
      this.#whole.set(callMs, "no reply came");
      const message = await this.#orFailed(this.#answered.promise);
      const status = message.statusCode ?? 0;
      const headers = flat(message.headers);
      if (isStreamed && status >= 200 && status < 300) {
        isHandedOn = true;
        message.once("close", () => signal?.removeEventListener("abort", abort));
        return { statusCode: status, headers, body: message };
      }
      const bytes = await this.#orFailed(collect(message));
      if (!isWhole) {
        this.#request.destroy();
        // Refused before all was there, that is a reply; taken it cannot have been.
        if (status < 300) throw new BrokenReply("a request was answered that was not sent", status);
      }
      return { statusCode: status, headers, body: bytes };
    } catch (error) {
      this.#request.destroy();
      throw error;
    } finally {
      this.#step.clear();
      this.#whole.clear();
      if (!isHandedOn) signal?.removeEventListener("abort", abort);
    }
  }

  /** Whether all of the body was sent: a store may answer before, and then wants no more of it. */
  async #send(body: Body): Promise<boolean> {
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
      this.#whole.set(this.#options.callMs, "no reply came");
      this.#request.end(body);
      return true;
    }
    const pieces = body[Symbol.asyncIterator]();
    let isAsked = false;
    let isOver = false;
    try {
      await this.#orFailed(this.#connected.promise);
      for (;;) {
        isAsked = true;
        const next = await this.#orFailed(this.#orAnswered(pieceOf(pieces)));
        if (next === null) return false;
        isAsked = false;
        isOver = next.done === true;
        if (next.done === true) break;
        if (!(await this.#write(next.value))) return false;
      }
      this.#request.end();
      return true;
    } finally {
      // What was asked for and has not come might never come: then letting go is not waited for.
      const letGo = isOver ? undefined : settled(pieces.return?.());
      if (!isAsked) await letGo;
    }
  }

  /** Whether the store wants more. */
  async #write(piece: Uint8Array): Promise<boolean> {
    if (this.#request.write(piece)) return true;
    const drained = new Promise<true>((resolve) => {
      this.#request.once("drain", () => resolve(true));
    });
    this.#step.set(this.#timeouts.idleMs, "the store took no more bytes");
    const more = await this.#orFailed(this.#orAnswered(drained));
    this.#step.clear();
    return more !== null;
  }

  #onSocket(): void {
    const { socket } = this.#request;
    const connected = (): void => {
      this.#step.clear();
      this.#connected.resolve();
    };
    const isSecure = socket instanceof TLSSocket;
    if (!socket || this.#request.reusedSocket || (!isSecure && !socket.connecting)) {
      connected();
      return;
    }
    this.#step.set(this.#timeouts.connectMs, "no connection came about");
    socket.once(isSecure ? "secureConnect" : "connect", connected);
  }

  #orFailed<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#failed.promise]);
  }

  #orAnswered<T>(promise: Promise<T>): Promise<T | null> {
    return Promise.race([promise, this.#answered.promise.then(() => null)]);
  }

  #fail(error: Error): void {
    this.#failed.reject(error);
    this.#message?.destroy(error);
    this.#request.destroy(error);
  }
}

class Alarm {
  readonly #onTime: (error: TimedOut) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onTime: (error: TimedOut) => void) {
    this.#onTime = onTime;
  }

  set(timeoutMs: number, waitedFor: string): void {
    this.clear();
    this.#timer = setTimeout(() => this.#onTime(new TimedOut(waitedFor, timeoutMs)), timeoutMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

async function pieceOf(
  pieces: AsyncIterator<Uint8Array>,
): Promise<IteratorResult<Uint8Array, unknown>> {
  try {
    return await pieces.next();
  } catch (error) {
    throw new ForeignFailure(error);
  }
}

/** What a body says to being let go changes nothing. */
async function settled(promise: Promise<unknown> | undefined): Promise<void> {
  try {
    await promise;
  } catch {
    // The failure that counts is on its way.
  }
}

async function collect(message: IncomingMessage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of message as AsyncIterable<Uint8Array>) {
    sizeBytes += piece.length;
    if (sizeBytes > LIMITS.s3ReplyBytesMax) {
      throw new BrokenReply("the reply is longer than any of S3's", message.statusCode ?? null);
    }
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(",") : value;
  }
  return result;
}
