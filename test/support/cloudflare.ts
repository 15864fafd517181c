import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export const ZONE = "0123456789abcdef0123456789abcdef";
export const API_TOKEN = "cdn-token-hunter2";

interface Asked {
  readonly files?: readonly string[];
  readonly prefixes?: readonly string[];
}

/** How one request is answered; `accept` is what Cloudflare does. */
export type Fault =
  | "accept"
  | "hang"
  | "reset"
  | "not-json"
  | "other-json"
  | "endless"
  | "redirect"
  | { readonly status: number; readonly codes?: readonly number[]; readonly retryAfter?: string }
  /** Refused where one of the targets holds this. */
  | { readonly refuses: string };

/** Cloudflare's purge as its API documents it, in a server of this machine that can fail in every way. */
export class CloudflareServer implements AsyncDisposable {
  /** The targets of every purge that was accepted, in order. */
  readonly accepted: (readonly string[])[] = [];
  readonly agents: (string | undefined)[] = [];
  requests = 0;
  /** What it does; the last one stays. */
  faults: Fault[] = ["accept"];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<CloudflareServer> {
    const server = createServer();
    const cloudflare = new CloudflareServer(server);
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => cloudflare.#answer(request, Buffer.concat(chunks), response));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return cloudflare;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/client/v4`;
  }

  get purged(): readonly string[] {
    return this.accepted.flat();
  }

  #answer(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    this.requests++;
    this.agents.push(request.headers["user-agent"]);
    const fault = (this.faults.length > 1 ? this.faults.shift() : this.faults[0]) ?? "accept";
    const { files, prefixes } = JSON.parse(body.toString()) as Asked;
    const targets = files ?? prefixes ?? [];
    const isRight =
      request.method === "POST" && request.url === `/client/v4/zones/${ZONE}/purge_cache`;
    if (!isRight) return reply(response, 404, [7003]);
    if (request.headers.authorization !== `Bearer ${API_TOKEN}`)
      return reply(response, 401, [10000]);
    const isUrls =
      targets.every((target) => target.startsWith("https://")) === (files !== undefined);
    if (targets.length === 0 || targets.length > 100 || !isUrls)
      return reply(response, 400, [1016]);
    if (typeof fault === "object" && "refuses" in fault) {
      const isRefused = targets.some((target) => target.includes(fault.refuses));
      if (isRefused) return reply(response, 400, [1012]);
    } else if (fault !== "accept") return fail(fault, request, response);
    this.accepted.push(targets);
    reply(response, 200, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function reply(response: ServerResponse, status: number, codes: readonly number[]): void {
  const success = codes.length === 0 && status < 300;
  const errors = codes.map((code) => ({
    code,
    message: "a message that repeats https://asked.example",
  }));
  response.writeHead(status, { "content-type": "application/json" });
  response.end(
    JSON.stringify({ success, errors, messages: [], result: success ? { id: ZONE } : null }),
  );
}

function fail(
  fault: Exclude<Fault, "accept" | { readonly refuses: string }>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (typeof fault === "object") {
    if (fault.retryAfter !== undefined) response.setHeader("retry-after", fault.retryAfter);
    return reply(response, fault.status, fault.codes ?? [1]);
  }
  switch (fault) {
    case "hang":
      return;
    case "reset":
      request.socket.resetAndDestroy();
      return;
    case "redirect":
      response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere" }).end();
      return;
    case "not-json":
      response.end("<html>welcome</html>");
      return;
    case "other-json":
      response.end('{"success":"yes"}');
      return;
    case "endless":
      response.end(Buffer.alloc(1_000_000, " "));
  }
}
