import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An application that takes webhooks, and checks each signature before it answers. */
export class WebhookReceiver implements AsyncDisposable {
  readonly secret = `whsec_${Buffer.from("a secret of thirty-two bytes ...").toString("base64")}`;
  readonly received: Received[] = [];
  /** Signatures that did not hold. */
  readonly forged: unknown[] = [];
  /** What it answers; the last one stays. */
  answers: number[] = [204];
  readonly #server: Server;
  #arrived = Promise.withResolvers<void>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port = 0): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { headers, url: path = "" } = request;
        const status = receiver.#take({ path, headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end("thanks");
      });
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  #take(received: Received): number {
    try {
      new Webhook(this.secret).verify(received.body, received.headers as Record<string, string>);
    } catch (error) {
      this.forged.push(error);
    }
    this.received.push(received);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
    return (this.answers.length > 1 ? this.answers.shift() : this.answers[0]) ?? 204;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = "/hook"): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Waits until as many requests have come. */
  async until(count: number): Promise<readonly Received[]> {
    while (this.received.length < count) await this.#arrived.promise;
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
