import { MemoryJobs, type MemoryProcess } from "../../src/adapters/memory/jobs.ts";
import { retryingStore } from "../../src/adapters/retrying-store.ts";
import type { JobHandlers } from "../../src/ports/jobs.ts";
import type { LayoutSet } from "../../src/core/layouts/index.ts";
import type { Log } from "../../src/ports/log.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import { NO_METRICS } from "../../src/ports/metrics.ts";
import { NO_TRACING } from "../../src/ports/tracing.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Signer, UrlSigner } from "../../src/ports/signer.ts";
import type { Context } from "../../src/services/context.ts";
import { DeletionWatch } from "../../src/services/deletion-watch.ts";
import { InFlight } from "../../src/services/in-flight.ts";
import { createServices, type Services } from "../../src/services/index.ts";
import { guardRestore } from "../../src/services/restore-guard.ts";
import { cancelForever, jobHandlers, scanForever } from "../../src/services/worker.ts";
import { cdnOf } from "./cdn.ts";
import { checkedStore } from "./checked-store.ts";
import { idleClock, writingClock } from "./idle.ts";
import { type Ground, hit } from "./model.ts";
import { jobsOf, metadataOf, storeOf } from "./ports.ts";
import { type Chance, Process } from "./process.ts";
import { PurgeWatch } from "./purge-watch.ts";

/** One wrong line, put in at a port: the checkers must find it out. */
export interface PortMutant {
  readonly store?: (store: ObjectStore) => ObjectStore;
  readonly metadata?: (store: MetadataStore) => MetadataStore;
  readonly layouts?: (layouts: LayoutSet) => LayoutSet;
}

/** What all processes of one run share. */
export interface Shared {
  readonly ground: Ground;
  /** The database as the processes see it, checkers included. */
  readonly database: MetadataStore;
  readonly chance: Chance;
  readonly signer: Signer;
  readonly urlSigner: UrlSigner;
  readonly mutant: PortMutant | undefined;
  /** How often a job is handed out a second time while it runs. */
  readonly doubleJobs: number;
}

interface Slot {
  readonly process: Process;
  /** Null until it has made sure that its database is not older than the store (I11). */
  services: Services | null;
  readonly queue: MemoryProcess;
}

/** The processes of one run: started, killed, found. */
export class Fleet {
  readonly #shared: Shared;
  readonly #jobs: MemoryJobs;
  readonly #slots = new Map<string, Slot>();
  /** Of this run alone: what still listens to it goes with the run. */
  readonly #never = new AbortController();
  #started = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
    const { world } = shared.ground;
    const queue = new Process(world, "jobs", { rates: {}, hits: new Map(), calls: 0 });
    this.#jobs = new MemoryJobs(queue.clock, SILENT);
  }

  get names(): readonly string[] {
    return [...this.#slots.keys()];
  }

  get running(): readonly Process[] {
    return [...this.#slots.values()].map(({ process }) => process).filter(({ alive }) => alive);
  }

  /** The queue itself, for jobs that nobody asked for. */
  get jobs(): MemoryJobs {
    return this.#jobs;
  }

  process(slot: string): Process | null {
    return this.#slots.get(slot)?.process ?? null;
  }

  /** The services of a process that lives, or null: then nobody answers. */
  services(slot: string): Services | null {
    const found = this.#slots.get(slot);
    return found?.process.alive ? found.services : null;
  }

  start(slot: string): void {
    const { ground, chance } = this.#shared;
    const process = new Process(ground.world, `${slot}.${++this.#started}`, chance);
    process.skewMs = ground.world.rng.pick([0, 0, -7_200_000, 7_200_000]);
    const opened: Slot = { process, services: null, queue: this.#jobs.attach() };
    this.#slots.set(slot, opened);
    void this.#open(slot, opened);
  }

  /** As the service starts: nothing is served or worked on before the guard has ended. */
  async #open(slot: string, opened: Slot): Promise<void> {
    const { ground } = this.#shared;
    const { process, queue } = opened;
    const context = this.#contextOf(process, queue);
    await this.#guarded(process, context);
    opened.services = createServices(context);
    void cancelForever({ ...context, clock: writingClock(process, context) }, this.#never.signal);
    if (!slot.startsWith("worker")) return;
    void queue.work(this.#handlers(process, context));
    const scanning = { ...context, clock: idleClock(process, () => ground.metadata.view()) };
    void scanForever(scanning, this.#never.signal);
  }

  /** A start that fails is tried again, as whoever runs the process does. */
  async #guarded(process: Process, context: Context): Promise<void> {
    const { ground } = this.#shared;
    for (;;) {
      try {
        const { buried } = await guardRestore(context);
        for (const _deletion of buried) hit(ground, "buried again");
        return;
      } catch {
        hit(ground, "start failed");
        await process.clock.sleep(START_AGAIN_MS);
      }
    }
  }

  kill(slot: string): void {
    const found = this.#slots.get(slot);
    found?.process.kill();
    found?.queue.crash();
  }

  #contextOf(process: Process, queue: MemoryProcess): Context {
    const { ground, database, mutant, signer, urlSigner } = this.#shared;
    const { rng } = ground.world;
    return {
      store: this.#storeFor(process, null),
      metadata: metadataOf(process, mutant?.metadata?.(database) ?? database, ground),
      jobs: jobsOf(process, queue),
      clock: process.clock,
      random: { bytes: (length) => rng.bytes(length) },
      signer,
      urlSigner,
      webhooks: { endpoints: [], send: () => Promise.reject(new Error("none is configured")) },
      cdn: cdnOf(process, ground.cdn),
      log: SILENT,
      metrics: NO_METRICS,
      tracing: NO_TRACING,
      layouts: mutant?.layouts?.(ground.layouts) ?? ground.layouts,
      settings: {
        graceMs: 0,
        minGraceMs: 0,
        deletionsPerHour: null,
        deleteWaitMs: 60_000,
        urlExpiryMs: 60_000,
        settleMs: [SETTLE_MS],
      },
      inFlight: new InFlight(),
      watch: new DeletionWatch(),
    };
  }

  #storeFor(process: Process, deletionId: string | null): ObjectStore {
    const { ground, mutant } = this.#shared;
    const { rng } = ground.world;
    const checked = checkedStore(ground, deletionId);
    const reached = storeOf(process, mutant?.store?.(checked) ?? checked, rng);
    const random = { bytes: (length: number) => rng.bytes(length) };
    return retryingStore(reached, { clock: process.clock, random });
  }

  /** The handlers of the service; a purge runs under the eyes of a watch. */
  #handlers(process: Process, context: Context): JobHandlers {
    const { ground, doubleJobs } = this.#shared;
    const purge = async (deletionId: string, signal: AbortSignal): Promise<void> => {
      const watch = new PurgeWatch(ground, deletionId);
      const store = watch.around(this.#storeFor(process, deletionId));
      await jobHandlers({ ...context, store, log: watch.log }).purge({ deletionId }, signal);
      watch.judge();
    };
    return {
      ...jobHandlers(context),
      purge: async ({ deletionId }, signal) => {
        if (ground.world.rng.chance(doubleJobs)) {
          hit(ground, "job delivered twice");
          // The second run fails by itself or not at all: the queue hears of the first.
          void purge(deletionId, signal).catch(() => hit(ground, "second run failed"));
        }
        await purge(deletionId, signal);
      },
    };
  }
}

/** When a completed deletion is looked at again: later than most runs last. */
export const SETTLE_MS = 900_000;
const START_AGAIN_MS = 1000;

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};
