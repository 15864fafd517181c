import { ERRORS, type ErrorCode, ExpungeError, messageOf } from "../core/errors.ts";
import { VERSION } from "../version.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Request {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
}

export interface ClientOptions {
  readonly url: string;
  readonly token: string | null;
  readonly signal?: AbortSignal;
}

/**
 * Talks to a service. Every answer that is no success is thrown as the `ExpungeError` that the service
 * named in its problem (RFC 9457).
 */
export class Client {
  readonly url: string;
  readonly #token: string | null;
  readonly #signal: AbortSignal | undefined;

  constructor(options: ClientOptions) {
    this.url = options.url.replace(/\/+$/, "");
    this.#token = options.token;
    this.#signal = options.signal;
  }

  /** The answer's JSON; its shape is the API's (see `http/schema`). */
  async json<T>(path: string, request: Request = {}): Promise<T> {
    const response = await this.send(path, request);
    if (response.status === 204) return undefined as T;
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw strangeAnswer(response, cause);
    }
  }

  /** The answer of a call that succeeded. */
  async send(path: string, request: Request = {}): Promise<Response> {
    const response = await this.#fetch(this.#urlOf(path, request.query), request);
    if (response.status === 401 && this.#token === null) {
      throw new ExpungeError(
        "unauthorized",
        "No token was found: give --token, set EXPUNGE_TOKEN, or run this where the data directory is.",
      );
    }
    if (response.ok) return response;
    throw await errorOf(response);
  }

  #urlOf(path: string, query: Query = {}): URL {
    // The part URLs of the local store name no host, those of a bucket do.
    const url = /^https?:/.test(path) ? new URL(path) : new URL(this.url + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  async #fetch(url: URL, request: Request): Promise<Response> {
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    try {
      return await fetch(url, {
        method: request.method ?? "GET",
        headers: this.#headers(url, request),
        ...(body === undefined ? {} : { body, duplex: "half" as const }),
        ...(this.#signal ? { signal: this.#signal } : {}),
        redirect: "error",
      });
    } catch (error) {
      if (this.#signal?.aborted === true) throw error;
      throw unreachable(url, error);
    }
  }

  #headers(url: URL, request: Request): Record<string, string> {
    // The token is for the service alone: a signed URL of a bucket must not get it.
    const isOwn = url.href.startsWith(`${this.url}/`);
    return {
      "user-agent": `expunge/${VERSION}`,
      ...(isOwn && this.#token !== null ? { authorization: `Bearer ${this.#token}` } : {}),
      ...(request.json === undefined ? {} : { "content-type": "application/json" }),
      ...request.headers,
    };
  }
}

/** One segment of a path; what a URL would take for a step to elsewhere is refused. */
export function segment(text: string): string {
  if (text === "" || text === "." || text === "..") {
    throw new ExpungeError("invalid-request", `'${text}' cannot be the name of anything.`);
  }
  return encodeURIComponent(text);
}

function unreachable(url: URL, error: unknown): ExpungeError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return new ExpungeError(
    "service-unreachable",
    `No service answers at ${url.origin}: ${messageOf(cause) || codeOf(cause)}.`,
    { details: { url: url.origin }, cause: error },
  );
}

/** A connection that several addresses refused has no message of its own. */
function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

async function errorOf(response: Response): Promise<ExpungeError> {
  const text = await response.text();
  const problem = problemOf(text);
  const code = problem?.get("code");
  const message = problem?.get("detail");
  if (problem === null || typeof code !== "string" || typeof message !== "string") {
    return strangeAnswer(response);
  }
  const details = Object.fromEntries([...problem].filter(([name]) => !STANDARD.has(name)));
  if (isErrorCode(code)) return new ExpungeError(code, message, { details });
  // Codes of the server itself (RFC 9110), or of a newer service.
  const known = response.status < 500 ? "invalid-request" : "internal";
  return new ExpungeError(known, message, { details: { ...details, serviceCode: code } });
}

/** Members of every problem; the others are facts of its code. */
const STANDARD: ReadonlySet<string> = new Set(["type", "title", "detail", "code", "remedy"]);

function problemOf(text: string): ReadonlyMap<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    return new Map<string, unknown>(Object.entries(value));
  } catch {
    return null;
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** Something between answered, or a service of another kind; its text is not repeated. */
function strangeAnswer(response: Response, cause?: unknown): ExpungeError {
  const type = response.headers.get("content-type") ?? "no type";
  const isDown = [502, 503, 504].includes(response.status);
  return new ExpungeError(
    isDown ? "service-unreachable" : "internal",
    `${new URL(response.url).origin} answered ${response.status} (${type}), which is no answer of expunge.`,
    { cause },
  );
}
