import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { Rng } from "../simulation/random.ts";
import { Bucket, type BucketOptions } from "./bucket.ts";
import { type Dialect, dialectOf } from "./dialects.ts";
import type { WireState } from "./exchange.ts";
import { Faults } from "./faults.ts";
import { type LatencyModel, RateLimiter, type RateModel } from "./models.ts";
import { type Operation, OPERATIONS } from "./operations.ts";
import { type RequestRecord, type Rules, serve } from "./serving.ts";
import type { Credentials } from "./signature.ts";

export interface WireOptions {
  readonly dialect?: Dialect;
  readonly region?: string;
  /** The clock of the server: of signatures, of objects, of the rate model. */
  readonly clock?: Pick<Clock, "now">;
  /** The seed of all that is left to chance: faults with a rate, latencies. */
  readonly seed?: number;
  readonly latency?: LatencyModel;
  readonly rate?: RateModel;
}

/**
 * An S3 server of our own, for what no real one does on demand: faults at a given request, latencies
 * and rates. It speaks the wire over the memory store and must pass the contract suite like any real
 * one, else what is tested on it says nothing.
 */
export class WireServer {
  readonly region: string;
  readonly credentials: Credentials = {
    accessKeyId: "AKIAWIRETEST00000001",
    secretAccessKey: "wire/secret+of=the/tests00000000000000001",
  };
  /** What goes wrong, and when. */
  readonly faults: Faults;
  /** Requests by operation, with those that were refused; not those that no operation was found for. */
  readonly requests: Record<Operation, number>;
  /** Every request in the order in which they were answered. */
  readonly log: RequestRecord[] = [];
  readonly #server: Server;
  readonly #state: WireState;
  readonly #stopping = new AbortController();
  #limiter: RateLimiter | null = null;
  readonly #defects: unknown[] = [];
  #waiting: { readonly operation: Operation; readonly count: number; resolve(): void }[] = [];

  private constructor(options: WireOptions) {
    const clock = options.clock ?? new SystemClock();
    const random = new Rng(options.seed ?? 1);
    const now = (): number => clock.now();
    this.region = options.region ?? "us-east-1";
    this.faults = new Faults(random);
    this.requests = Object.fromEntries(OPERATIONS.map((name) => [name, 0])) as Record<
      Operation,
      number
    >;
    this.#state = {
      dialect: options.dialect ?? dialectOf("aws"),
      region: this.region,
      buckets: new Map(),
      writes: new Map(),
      now,
      makeBucket: (name, options) => new Bucket(name, clock, new SystemRandom(), options),
    };
    const rules: Rules = {
      state: this.#state,
      credentials: [this.credentials],
      faults: this.faults,
      latency: options.latency ?? {},
      limiter: () => this.#limiter,
      random,
      stopping: this.#stopping.signal,
      began: (operation) => this.#began(operation),
      answered: (record) => this.log.push(record),
      broke: (error) => this.#defects.push(error),
    };
    this.limit(options.rate ?? null);
    this.#server = createServer(
      { keepAliveTimeout: 60_000 },
      (message: IncomingMessage, response: ServerResponse) => void serve(rules, message, response),
    );
  }

  static async start(options: WireOptions = {}): Promise<WireServer> {
    const server = new WireServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", reject);
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** @throws Error where there is none */
  bucket(name: string): Bucket {
    const bucket = this.#state.buckets.get(name);
    if (!bucket) throw new Error(`there is no bucket ${name}`);
    return bucket;
  }

  /** Makes a bucket as no client can: with small parts, short pages or versions from the start. */
  makeBucket(name: string, options: BucketOptions = {}): Bucket {
    const bucket = this.#state.makeBucket(name, options);
    this.#state.buckets.set(name, bucket);
    return bucket;
  }

  /** Lets only so many requests through from now on, or all. */
  limit(rate: RateModel | null): void {
    this.#limiter = rate === null ? null : new RateLimiter(rate, () => this.#state.now());
  }

  /** Resolves once so many requests of the operation have come, whatever becomes of them. */
  async reached(operation: Operation, count: number): Promise<void> {
    if (this.requests[operation] >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ operation, count, resolve }));
  }

  /** Requests of one operation as the log has them. */
  logOf(operation: Operation): readonly RequestRecord[] {
    return this.log.filter((record) => record.operation === operation);
  }

  /**
   * Ends every connection, also those that hang; late effects that have not come stay away.
   * @throws AggregateError where the server had a defect of its own, whatever the client made of it
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    if (this.#defects.length > 0) throw new AggregateError(this.#defects, "the wire server broke");
  }

  #began(operation: Operation): void {
    this.requests[operation]++;
    const isOver = ({ operation, count }: { operation: Operation; count: number }): boolean =>
      this.requests[operation] >= count;
    for (const waiter of this.#waiting) if (isOver(waiter)) waiter.resolve();
    this.#waiting = this.#waiting.filter((waiter) => !isOver(waiter));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
