import { createServer } from "node:net";
import type { S3Client } from "@aws-sdk/client-s3";
import { S3ObjectStore, type S3StoreOptions } from "../../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../../src/adapters/system-clock.ts";
import type { S3Address } from "../../servers/ceph.ts";
import { plainClient } from "../../support/s3-bucket.ts";
import type { LateFault } from "../../wire/fault-kinds.ts";
import type { Fault } from "../../wire/fault.ts";
import type { Faults, Planned } from "../../wire/faults.ts";
import { endOf, type FaultyCall } from "./calls.ts";
import type { FaultKind } from "./kinds.ts";
import { shapeOf } from "./shape.ts";

/** A server with faults, and a way to look beside them at what lies there. */
export interface FaultySubject {
  readonly faults: Faults;
  /** Where the faults are. */
  readonly faulty: S3Address;
  /** Where there are none. */
  readonly direct: S3Address;
  readonly buckets: { readonly plain: string; readonly versioned: string };
  /** How long the store may hang before it is given up, where a fault hangs. */
  readonly hangMs: number;
}

/** Rows have prefixes of their own, and so have the calls that go well. */
let rows = 0;

/** One call that meets one fault, on one server. */
export class Meeting implements AsyncDisposable {
  readonly #subject: FaultySubject;
  readonly #call: FaultyCall;
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #stores: S3ObjectStore[] = [];

  constructor(subject: FaultySubject, call: FaultyCall) {
    this.#subject = subject;
    this.#call = call;
    this.#client = plainClient(subject.direct);
    this.#prefix = `row-${++rows}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) store.close();
    this.#client.destroy();
  }

  /** What lies there after the call without any fault. */
  async good(): Promise<string> {
    const store = this.#store({});
    const run = await this.#call.prepare(store);
    const end = await endOf(run(store));
    if (end !== "done") throw new Error(`${this.#call.name} without a fault: ${end}`);
    return await this.#look();
  }

  /**
   * Makes the call while its request meets the fault, then once more without.
   * @param good what lies there after a call that went well
   * @returns `END, STATE[, later STATE]; again END, STATE`. A state is what lies there then: `as before`,
   * `as wanted`, `nothing changed` where these are the same, else what it is
   */
  async outcome(kind: FaultKind, good: string): Promise<string> {
    const [plain, faulty] = [this.#store({}), await this.#storeFor(kind)];
    const run = await this.#call.prepare(plain);
    for (const store of [plain, ...(kind.make === "nobody listens" ? [] : [faulty])]) {
      // What is remembered of the bucket is not asked for in the midst.
      if (this.#call.name !== "capabilities") await store.capabilities();
    }
    const before = await this.#look();
    const state = async (): Promise<string> => {
      const shape = await this.#look();
      if (shape === good) return shape === before ? "nothing changed" : "as wanted";
      return shape === before ? "as before" : shape;
    };
    const landing = Promise.withResolvers<void>();
    const { planned, hasLanded } = this.#plant(kind, landing.promise);
    const end = await endOf(run(faulty));
    // Where the server that has the faults is looked at itself, the look meets none.
    planned?.cancel();
    if (planned?.hits === 0) throw new Error(`${this.#call.name} does not meet: ${kind.name}`);
    let met = `${end}, ${await state()}`;
    if (kind.isLate) {
      landing.resolve();
      await hasLanded;
      met += `, later ${await state()}`;
    }
    return `${met}; again ${await endOf(run(plain))}, ${await state()}`;
  }

  #plant(
    kind: FaultKind,
    landing: Promise<void>,
  ): { readonly planned: Planned | null; readonly hasLanded: Promise<void> } {
    if (kind.make === "nobody listens") return { planned: null, hasLanded: landing };
    const fault: Fault & Partial<Pick<LateFault, "hasLanded">> = kind.make(landing);
    const { name, operation } = this.#call;
    const isOwn = (key: string): boolean => key.startsWith(this.#prefix);
    // What is asked of the bucket has no key.
    const key = name === "capabilities" ? {} : { key: isOwn };
    const target = { operation, times: kind.times ?? 1, ...key };
    const planned = this.#subject.faults.plan(target, fault);
    return { planned, hasLanded: fault.hasLanded ?? landing };
  }

  async #storeFor(kind: FaultKind): Promise<S3ObjectStore> {
    if (kind.make === "nobody listens") return this.#store({ endpoint: await deadEndpoint() });
    if (!kind.hangs) return this.#store({});
    const { hangMs } = this.#subject;
    return this.#store({ timeouts: { callMs: hangMs, longCallMs: hangMs, idleMs: hangMs } });
  }

  #store(more: Partial<S3StoreOptions>): S3ObjectStore {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.#subject.faulty;
    const store = new S3ObjectStore({
      bucket: this.#bucket,
      prefix: this.#prefix,
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      clock: new SystemClock(),
      ...more,
    });
    this.#stores.push(store);
    return store;
  }

  get #bucket(): string {
    const { plain, versioned } = this.#subject.buckets;
    return this.#call.isVersioned ? versioned : plain;
  }

  #look(): Promise<string> {
    return shapeOf(this.#client, this.#bucket, this.#prefix);
  }
}

/** An address where nobody listens any more. */
async function deadEndpoint(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}
