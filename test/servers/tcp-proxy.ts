import { connect, createServer, type Server, type Socket } from "node:net";

/** What becomes of bytes that a client sends; the connection ends with either `cut`. */
export type Fate =
  | "pass"
  /** They do not arrive. */
  | "cut"
  /** They arrive, the answer does not. */
  | "cut-answer"
  /** They do not arrive, and the connection looks as if it lived. */
  | "swallow";

/** A line to a server that breaks where a test wants it to. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Decides on everything that clients send. */
  fate: (sent: Buffer) => Fate = () => "pass";

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The URL of the server with this line to it. */
  through(url: string): string {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("the proxy is closed");
    const through = new URL(url);
    through.port = String(address.port);
    return through.href;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const pair of this.#pairs) this.#end(pair);
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    let isSwallowing = false;
    client.on("data", (sent) => {
      const fate = isSwallowing ? "swallow" : this.fate(sent);
      if (fate === "cut") return this.#end(pair);
      isSwallowing = fate === "swallow";
      if (isSwallowing) return;
      server.write(sent);
      if (fate === "cut-answer") {
        // Its answer is proof that it arrived and was carried out.
        server.removeAllListeners("data");
        server.once("data", () => this.#end(pair));
      }
    });
    server.on("data", (answer) => {
      if (!isSwallowing) client.write(answer);
    });
    for (const socket of pair) {
      // Either side may break it: that is what it is for.
      socket.on("error", () => {});
      socket.on("close", () => this.#end(pair));
    }
  }

  #end(pair: readonly [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) socket.resetAndDestroy();
  }
}
