import { Agent, request as httpRequest, type ClientRequest } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { LIMITS } from "../../core/limits.ts";
import { Exchange, type WireResponse } from "./exchange.ts";
import type { S3Timeouts } from "./options.ts";

/** The SDK's request, as far as it is used here. */
export interface WireRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a call says of itself; the SDK knows the first two, and hands it through as it is. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal;
  readonly requestTimeout?: number;
  /** The reply's body is wanted as it comes, and its reader bounds its own waits. */
  readonly isStreamed?: boolean;
  /** Whether the call moves an object's bytes through here. */
  readonly isTransfer?: boolean;
  /** Is shown the bytes of a good reply. */
  readonly seeReply?: (bytes: Uint8Array) => void;
}

/**
 * Sends the SDK's requests over `node:http`, in the place of its own handler: that one neither sees a
 * body fail nor bounds every wait, takes a slow reader for a dead store, and writes warnings to the
 * console. The path goes over the wire as it was signed: no URL class is there to fold `//`, `/./` and
 * `/../`, so that a key `a/../b` never reaches the object `b`.
 */
export class HttpHandler {
  readonly metadata = { handlerProtocol: "http/1.1" };
  readonly #timeouts: S3Timeouts;
  /** Long transfers have sockets of their own: they never keep a deletion waiting. */
  readonly #calls = agentsOf(LIMITS.s3CallSocketsMax);
  readonly #transfers = agentsOf(LIMITS.s3TransferSocketsMax);

  constructor(timeouts: S3Timeouts) {
    this.#timeouts = timeouts;
  }

  async handle(
    request: WireRequest,
    given: object = {},
  ): Promise<{ readonly response: WireResponse }> {
    const options: CallOptions = given;
    const { abortSignal: signal, requestTimeout: callMs = this.#timeouts.callMs } = options;
    signal?.throwIfAborted();
    const isStreamed = options.isStreamed === true;
    const agents = options.isTransfer === true ? this.#transfers : this.#calls;
    const exchange = new Exchange(open(request, agents), this.#timeouts, {
      callMs,
      isStreamed,
      signal,
    });
    const response = await exchange.run(bodyOf(request.body));
    if (response.body instanceof Uint8Array && response.statusCode < 300) {
      options.seeReply?.(response.body);
    }
    return { response };
  }

  /** Closes the sockets that nobody uses; the others end with their calls. */
  destroy(): void {
    for (const { plain, secure } of [this.#calls, this.#transfers]) {
      plain.destroy();
      secure.destroy();
    }
  }

  /** The SDK offers its own settings, none of which is meant for this handler. */
  updateHttpClientConfig(): void {
    // Nothing of it is used.
  }

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }
}

interface Agents {
  readonly plain: Agent;
  readonly secure: TlsAgent;
}

function agentsOf(maxSockets: number): Agents {
  const options = {
    keepAlive: true,
    maxSockets,
    maxFreeSockets: maxSockets,
    // Of a socket that nobody uses; one in use has the bounds of its call.
    timeout: LIMITS.s3FreeSocketMs,
  };
  return { plain: new Agent(options), secure: new TlsAgent(options) };
}

function open(request: WireRequest, { plain, secure }: Agents): ClientRequest {
  const query = queryOf(request.query);
  const common = {
    method: request.method,
    // An IPv6 address is in brackets in a URL, and without them in a lookup.
    host: request.hostname.replace(/^\[(.*)\]$/, "$1"),
    path: query === "" ? request.path : `${request.path}?${query}`,
    headers: request.headers,
    ...(request.port === undefined ? {} : { port: request.port }),
  };
  return request.protocol === "https:"
    ? httpsRequest({ ...common, agent: secure })
    : httpRequest({ ...common, agent: plain });
}

/** As it was signed: sorted, and escaped as RFC 3986 says (AWS, "Create a signed request"). */
function queryOf(query: WireRequest["query"]): string {
  const parts: string[] = [];
  for (const name of Object.keys(query).sort()) {
    const value = query[name] ?? null;
    if (value === null) parts.push(escaped(name));
    else for (const one of [value].flat()) parts.push(`${escaped(name)}=${escaped(one)}`);
  }
  return parts.join("&");
}

function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function bodyOf(body: unknown): string | Uint8Array | AsyncIterable<Uint8Array> | undefined {
  if (body === undefined || body === null || typeof body === "string") return body ?? undefined;
  if (body instanceof Uint8Array) return body;
  if (isPieces(body)) return body;
  throw new TypeError("the body of a request is neither bytes nor pieces");
}

function isPieces(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
