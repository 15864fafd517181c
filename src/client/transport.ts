import { backoffMs } from "../core/backoff.ts";
import { LIMITS } from "../core/limits.ts";
import { errorOf, isExpungeClientError, strangeAnswer, unreachable } from "./error.ts";
import { jitterBytes, pause, requestKey } from "./timing.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a call sends as it is. A stream can be sent once, so a call that has one is not repeated. */
export type Body = string | Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** Options of every call. */
export interface CallOptions {
  /** Ends the call; it is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface Call extends CallOptions {
  /** Of the service; a whole URL leads elsewhere and gets no token. */
  readonly path: string;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: Body | undefined;
  /** Whether a second one changes nothing more; by its method where it is not said. */
  readonly isIdempotent?: boolean;
}

export interface ClientOptions {
  /** Where the service is, such as `https://files.example.com`. */
  readonly url: string;
  /** The bearer token, or what answers one; asked anew for every attempt. Without one none is sent. */
  readonly token?: string | null | (() => string | null | Promise<string | null>);
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Sent with every call to the service, and to nobody else. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a call that may be repeated is tried in all; 5 by default, 1 for no repeats. */
  readonly attemptsMax?: number;
  /** Ends every call of this client. */
  readonly signal?: AbortSignal;
}

/** Sends calls, repeats those that may be repeated, and turns every other end into an error. */
export class Transport {
  readonly url: string;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.url = options.url.replace(/\/+$/, "");
    this.#options = options;
  }

  /** The answer's JSON. */
  async json<T>(call: Call): Promise<T> {
    return await this.#repeatedly(call, async (response, url) => {
      const text = await this.#textOf(response, url, call);
      if (response.status === 204) return undefined as T;
      try {
        return JSON.parse(text) as T;
      } catch (cause) {
        throw strangeAnswer(response, cause);
      }
    });
  }

  /** A call whose answer has nothing to read. */
  async done(call: Call): Promise<void> {
    const response = await this.send(call);
    await response.body?.cancel();
  }

  /** The answer of a call that succeeded, its body still to be read. 304 counts as success. */
  async send(call: Call): Promise<Response> {
    return await this.#repeatedly(call, async (response) => response);
  }

  /** The signal that ends this call. */
  signalOf(options: CallOptions): AbortSignal | undefined {
    const signals = [this.#options.signal, options.signal].filter((one) => one !== undefined);
    return signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  }

  async #repeatedly<T>(call: Call, read: (response: Response, url: URL) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const url = this.#urlOf(call);
        const headers = await this.#headersOf(url, call);
        const response = await this.#fetch(url, call, headers);
        if (!response.ok && response.status !== 304) {
          throw await errorOf(response, !headers.has("authorization"));
        }
        return await read(response, url);
      } catch (error) {
        const pauseMs = this.#pauseBeforeNext(call, attempt, error);
        if (pauseMs === null) throw error;
        const signal = this.signalOf(call);
        await pause(pauseMs, signal);
        signal?.throwIfAborted();
      }
    }
  }

  /** Null where the call is not repeated. */
  #pauseBeforeNext(call: Call, attempt: number, error: unknown): number | null {
    if (!isExpungeClientError(error) || !error.isPassing) return null;
    if (!mayRepeat(call) || attempt >= (this.#options.attemptsMax ?? LIMITS.clientAttemptsMax)) {
      return null;
    }
    const jitterMs = backoffMs(attempt, jitterBytes());
    if (error.retryAfterMs === null) return jitterMs;
    // A longer pause is the caller's to decide about, who finds it in the error.
    return error.retryAfterMs > LIMITS.retryAfterMaxMs ? null : error.retryAfterMs + jitterMs;
  }

  #urlOf({ path, query = {} }: Call): URL {
    const url = /^https?:/.test(path) ? new URL(path) : new URL(this.url + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  async #fetch(url: URL, call: Call, headers: Headers): Promise<Response> {
    const body = call.json === undefined ? call.body : JSON.stringify(call.json);
    const signal = this.signalOf(call);
    const send = this.#options.fetch ?? fetch;
    try {
      return await send(url, {
        method: call.method ?? "GET",
        headers,
        ...(body === undefined ? {} : { body }),
        ...(body instanceof ReadableStream ? { duplex: "half" as const } : {}),
        ...(signal === undefined ? {} : { signal }),
        redirect: "error",
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(url, error);
    }
  }

  async #headersOf(url: URL, call: Call): Promise<Headers> {
    const headers = new Headers();
    // The token is for the service alone: a signed URL of a bucket must not get it.
    if (url.href.startsWith(`${this.url}/`)) {
      const { token = null, headers: own = {} } = this.#options;
      for (const [name, value] of Object.entries(own)) headers.set(name, value);
      const text = typeof token === "function" ? await token() : token;
      if (text !== null) headers.set("authorization", `Bearer ${text}`);
    }
    if (call.json !== undefined) headers.set("content-type", "application/json");
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value !== undefined) headers.set(name, value);
    }
    return headers;
  }

  /** An answer that breaks off while it is read has not arrived. */
  async #textOf(response: Response, url: URL, call: Call): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      this.signalOf(call)?.throwIfAborted();
      throw unreachable(url, error);
    }
  }
}

/** Of a creation: a name by which the service knows a repetition of it (docs/client.md). */
export function onceOnly(): Pick<Call, "headers" | "isIdempotent"> {
  return { headers: { "idempotency-key": requestKey() }, isIdempotent: true };
}

const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE"]);

function mayRepeat({ method = "GET", body, isIdempotent }: Call): boolean {
  if (body instanceof ReadableStream) return false;
  return isIdempotent ?? IDEMPOTENT.has(method);
}
