import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type BlockList, connect as connectTcp, isIP, type LookupFunction } from "node:net";
import { connect as connectTls } from "node:tls";
import { Webhook } from "standardwebhooks";
import { LIMITS } from "../../core/limits.ts";
import { webhookId, type WebhookEventType } from "../../core/webhooks.ts";
import type { Clock } from "../../ports/clock.ts";
import type { WebhookAnswer, WebhookEndpoint, WebhookSender } from "../../ports/webhooks.ts";
import { privateAddresses } from "./private-addresses.ts";

/** One endpoint of the configuration. */
export interface WebhookTarget {
  readonly url: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  readonly events: readonly WebhookEventType[];
}

export interface HttpWebhooksOptions {
  readonly clock: Clock;
  readonly userAgent: string;
  /** Private addresses may be dialled. */
  readonly allowPrivate: boolean;
  readonly timeoutMs?: number;
  /** How names are resolved; by the system where it is absent. */
  readonly lookup?: LookupFunction;
}

/**
 * Sends messages as Standard Webhooks has it, with one attempt per call. Redirects are not followed.
 * Every attempt has a connection of its own, and what its socket is about to dial is looked up in the
 * list of private addresses: a name that resolves to another address by then gains nothing.
 */
export class HttpWebhooks implements WebhookSender {
  readonly endpoints: readonly WebhookEndpoint[];
  readonly #targets: ReadonlyMap<string, { readonly url: URL; readonly signer: Webhook }>;
  readonly #options: HttpWebhooksOptions;
  readonly #blockList: BlockList | null;

  constructor(targets: readonly WebhookTarget[], options: HttpWebhooksOptions) {
    this.#options = options;
    this.#blockList = options.allowPrivate ? null : privateAddresses();
    this.endpoints = targets.map(({ url, events }) => {
      const shownUrl = `${new URL(url).origin}/(redacted)`;
      return { id: webhookId(url), shownUrl, events };
    });
    this.#targets = new Map(
      targets.map(({ url, secret }) => [
        webhookId(url),
        { url: new URL(url), signer: new Webhook(secret) },
      ]),
    );
  }

  async send(
    endpointId: string,
    message: { readonly id: string; readonly body: string },
    signal?: AbortSignal,
  ): Promise<WebhookAnswer> {
    const target = this.#targets.get(endpointId);
    if (!target) return failed("not-configured", "the endpoint is not configured here");
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? LIMITS.webhookTimeoutMs);
    const at = new Date(this.#options.clock.now());
    const headers = {
      "content-type": "application/json",
      "user-agent": this.#options.userAgent,
      "webhook-id": message.id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": target.signer.sign(message.id, at, message.body),
    };
    try {
      const ends = signal ? AbortSignal.any([timeout, signal]) : timeout;
      const response = await this.#post(target.url, headers, message.body, ends);
      return answerOf(response.statusCode ?? 0);
    } catch (error) {
      signal?.throwIfAborted();
      if (timeout.aborted) return failed("timeout", "the endpoint did not answer in time");
      return failureOf(error);
    }
  }

  /** Resolves when the answer was read to its end, or to as much of it as is read. */
  #post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const isTls = url.protocol === "https:";
      const request = (isTls ? httpsRequest : httpRequest)(url, {
        method: "POST",
        headers: { ...headers, "content-length": Buffer.byteLength(body), connection: "close" },
        signal,
        createConnection: () => this.#dial(url, isTls),
      });
      request.on("error", reject);
      request.on("response", (response) => {
        let read = 0;
        response.on("data", (chunk: Buffer) => {
          read += chunk.length;
          if (read <= LIMITS.webhookAnswerBytesMax) return;
          resolve(response);
          request.destroy();
        });
        response.on("end", () => resolve(response));
        response.on("error", reject);
      });
      request.end(body);
    });
  }

  /** The list is given to the TCP socket itself: TLS's own way of dialling does not know it. */
  #dial(url: URL, isTls: boolean): ReturnType<typeof connectTcp> {
    const { lookup } = this.#options;
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const socket = connectTcp({
      host,
      port: Number(url.port === "" ? (isTls ? 443 : 80) : url.port),
      ...(lookup ? { lookup } : {}),
      ...(this.#blockList ? { blockList: this.#blockList } : {}),
    });
    if (!isTls) return socket;
    const tls = connectTls({ socket, ...(isIP(host) === 0 ? { servername: host } : { host }) });
    // What fails below TLS before it has begun would else be an error that nobody hears.
    socket.on("error", (error) => tls.destroy(error));
    return tls;
  }
}

function failed(code: string, message: string): WebhookAnswer {
  return { result: "failed", code, message };
}

function answerOf(status: number): WebhookAnswer {
  if (status >= 200 && status < 300) return { result: "delivered", status };
  const code = `status-${status}`;
  if (status === 410) return { result: "gone", code, message: "the endpoint is gone" };
  if (status >= 300 && status < 400) {
    return failed(code, "the endpoint redirects, which is not followed");
  }
  return failed(code, `the endpoint answered ${status}`);
}

/** Words of our own: those of errors may hold parts of the URL. */
function failureOf(error: unknown): WebhookAnswer {
  const codes = codesOf(error);
  if (codes.includes("ERR_IP_BLOCKED")) {
    const why = "the endpoint's name leads to an address that is not public";
    return failed("address-refused", why);
  }
  if (codes.includes("ENOTFOUND")) return failed("not-resolved", "the endpoint's name is unknown");
  const [code = "unknown"] = codes;
  return failed("connection-failed", `the connection failed: ${code}`);
}

/** Of an attempt at several addresses, those of each. */
function codesOf(error: unknown): readonly string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(codesOf);
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return [error.code];
  }
  return [];
}
