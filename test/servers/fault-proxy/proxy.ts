import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Rng } from "../../simulation/random.ts";
import { Faults } from "../../wire/faults.ts";
import type { Operation } from "../../wire/operations.ts";
import type { RequestRecord } from "../../wire/serving.ts";
import type { S3Address } from "../ceph.ts";
import { ProxyCall, type ProxyRules } from "./call.ts";
import { EmptyPages } from "./listing-faults.ts";
import { Upstream } from "./upstream.ts";

export interface FaultProxyOptions {
  /** The seed of faults with a rate. */
  readonly seed?: number;
}

/**
 * An HTTP proxy before a real S3 server, on which the same faults are planted as on the server of
 * test/wire: what a fault does to a simulated store, it does here to a real one. Without a fault every
 * request passes as it is, piece by piece, its host and signature too.
 */
export class FaultProxy implements AsyncDisposable {
  /** What goes wrong, and when. */
  readonly faults: Faults;
  /** Every request in the order in which they were answered. */
  readonly log: RequestRecord[] = [];
  readonly #behind: S3Address;
  readonly #server: Server;
  readonly #upstream: Upstream;
  readonly #stopping = Promise.withResolvers<void>();
  readonly #requests = new Map<Operation, number>();
  readonly #defects: unknown[] = [];
  #isStopping = false;

  private constructor(behind: S3Address, { seed = 1 }: FaultProxyOptions) {
    this.#behind = behind;
    this.faults = new Faults(new Rng(seed));
    this.#upstream = new Upstream(behind.endpoint);
    const rules: ProxyRules = {
      upstream: this.#upstream,
      signer: behind,
      faults: this.faults,
      emptyPages: new EmptyPages(),
      stopping: this.#stopping.promise,
      isStopping: () => this.#isStopping,
      now: () => Date.now(),
      began: (operation) => this.#requests.set(operation, this.requests(operation) + 1),
      answered: (record) => this.log.push(record),
    };
    this.#server = createServer(
      { keepAliveTimeout: 60_000 },
      (message, response) => void this.#serve(rules, message, response),
    );
  }

  /** @param behind the real server, by plain HTTP, with keys for requests that a fault changes */
  static async start(behind: S3Address, options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(behind, options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  /** The server as it is to be found through here. */
  get address(): S3Address {
    return { ...this.#behind, endpoint: this.endpoint };
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests of the operation have come, whatever became of them. */
  requests(operation: Operation): number {
    return this.#requests.get(operation) ?? 0;
  }

  /**
   * Ends every connection, also those that hang; late effects that have not come stay away.
   * @throws AggregateError where the proxy had a defect of its own, whatever the client made of it
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopping.resolve();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    this.#upstream.close();
    if (this.#defects.length > 0) throw new AggregateError(this.#defects, "the fault proxy broke");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(rules: ProxyRules, message: IncomingMessage, response: ServerResponse) {
    try {
      await new ProxyCall(rules, message, response).run();
    } catch (error) {
      const isClientGone = message.destroyed && !message.complete;
      if (!isClientGone && !this.#isStopping) this.#defects.push(error);
      message.socket.resetAndDestroy();
    }
  }
}
