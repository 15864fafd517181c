import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from "node:http";
import type { Reply } from "../../wire/reply.ts";
import { readBody } from "../../wire/body.ts";
import { headersToPass, type HeldRequest } from "./held-request.ts";

/** Shorter than the server keeps a connection that nobody uses. */
const FREE_SOCKET_MS = 2000;

/** The real server, as the proxy asks it. */
export class Upstream {
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true, timeout: FREE_SOCKET_MS });

  /** @param endpoint of plain HTTP */
  constructor(endpoint: string) {
    this.#target = new URL(endpoint);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** One whole request and its whole reply. @throws Error where no whole reply comes */
  async ask({ method, rawPath, rawQuery, headers, body }: HeldRequest): Promise<Reply> {
    const url = rawQuery === "" ? rawPath : `${rawPath}?${rawQuery}`;
    const request = this.#open(method, url, headers);
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve);
      request.once("error", reject);
    });
    request.end(body);
    const message = await answered;
    const bytes = await readBody(message);
    return {
      status: message.statusCode ?? 0,
      headers: Object.fromEntries(headersToPass(message)),
      body: bytes,
    };
  }

  /** Passes a request and its reply on as they come, piece by piece; answers the status, null for none. */
  async pass(message: IncomingMessage, response: ServerResponse): Promise<number | null> {
    const request = this.#open(message.method ?? "GET", message.url ?? "/", headersToPass(message));
    message.pipe(request);
    const over = Promise.withResolvers<number | null>();
    const breakOff = (): void => {
      request.destroy();
      if (!response.writableFinished) message.socket.resetAndDestroy();
      over.resolve(null);
    };
    request.on("error", breakOff);
    response.on("close", () => {
      if (!response.writableFinished) breakOff();
    });
    request.once("response", (reply: IncomingMessage) => {
      const status = reply.statusCode ?? 0;
      reply.on("error", breakOff);
      response.sendDate = false;
      response.writeHead(status, Object.fromEntries(headersToPass(reply)));
      response.once("finish", () => over.resolve(status));
      reply.pipe(response);
    });
    return await over.promise;
  }

  #open(method: string, path: string, headers: ReadonlyMap<string, string>): ClientRequest {
    const { hostname, port } = this.#target;
    return httpRequest({
      hostname,
      port,
      method,
      path,
      agent: this.#agent,
      // The host is the one that was asked for, and signed.
      headers: Object.fromEntries(headers),
    });
  }
}
