import type { Clock } from "../../src/ports/clock.ts";
import { DatabaseError } from "../../src/core/database-errors.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { World } from "./world.ts";

/** How often each fault happens to a call; drawn anew for every seed ("swarm"). */
export interface FaultRates {
  /** Refused before any effect. */
  refused: number;
  /** The effect happened, its reply is lost. */
  lost: number;
  /** The caller gives up, and the effect lands later: seconds to hours. */
  late: number;
  /** The effect happens twice. */
  twice: number;
}

export const NO_FAULTS: FaultRates = { refused: 0, lost: 0, late: 0, twice: 0 };

type Failure = (fault: keyof FaultRates) => Error;

/** What is thrown when the store's answer does not come. */
export const storeFailure: Failure = (fault) =>
  new StoreError("timeout", "retryable", `simulated: ${fault}`);

/** What is thrown when the database's answer does not come: its effect is not known. */
export const databaseFailure: Failure = (fault) =>
  new DatabaseError("connection-lost", `simulated database: ${fault}`, { effectUnknown: true });

/** One process of the service: its promises never settle once it is dead, and wait while it sleeps. */
export class Process {
  readonly name: string;
  readonly #world: World;
  readonly #counters: Map<string, number>;
  rates: FaultRates = NO_FAULTS;
  #alive = true;
  #pausedUntil = 0;

  constructor(world: World, name: string, counters: Map<string, number>) {
    this.#world = world;
    this.name = name;
    this.#counters = counters;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** SIGKILL. What it sent is under way all the same. */
  kill(): void {
    this.#alive = false;
    this.#world.note(`${this.name} killed`);
  }

  /** SIGSTOP, then SIGCONT: a zombie that goes on as if nothing had happened. */
  pause(durationMs: number): void {
    this.#pausedUntil = this.#world.nowMs + durationMs;
    this.#world.note(`${this.name} paused ${durationMs}`);
  }

  readonly clock: Clock = {
    now: () => this.#world.nowMs,
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        signal?.addEventListener("abort", () => this.#deliver(resolve), { once: true });
        this.#world.schedule(durationMs, () => this.#deliver(resolve));
      }),
  };

  /** A call over the network: it travels, takes effect at one instant, and its reply travels back. */
  call<T>(name: string, effect: () => Promise<T>, failure: Failure): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) return;
      const fault = this.#drawFault(name);
      const fail = (): void => {
        if (fault) this.#deliver(() => reject(failure(fault)));
      };
      this.#world.schedule(this.#travelMs(), () => {
        if (fault === "refused") return this.#world.schedule(this.#travelMs(), fail);
        if (fault === "late") {
          this.#world.underWay++;
          this.#world.schedule(this.#latenessMs(), () => {
            this.#world.underWay--;
            void this.#perform(name, effect);
          });
          return this.#world.schedule(this.#timeoutMs(), fail);
        }
        void this.#perform(name, effect).then(async (settle) => {
          if (fault === "twice") await this.#perform(`${name} again`, effect);
          this.#world.schedule(this.#travelMs(), () => {
            if (fault === "lost") return fail();
            this.#deliver(() => settle(resolve, reject));
          });
        });
      });
    });
  }

  async #perform<T>(name: string, effect: () => Promise<T>): Promise<Settle<T>> {
    try {
      const value = await effect();
      this.#world.note(`${this.name} ${name} ok`);
      return (resolve) => resolve(value);
    } catch (error) {
      this.#world.note(`${this.name} ${name} ${error instanceof Error ? error.name : "?"}`);
      return (_resolve, reject) => reject(error instanceof Error ? error : new Error("?"));
    }
  }

  /** Hands a reply or a tick to the process: never when dead, later when it is paused. */
  #deliver(run: () => void): void {
    if (!this.#alive) return;
    const waitMs = this.#pausedUntil - this.#world.nowMs;
    if (waitMs > 0) return this.#world.schedule(waitMs, () => this.#deliver(run));
    run();
  }

  #drawFault(name: string): keyof FaultRates | null {
    for (const fault of ["refused", "lost", "late", "twice"] as const) {
      if (!this.#world.rng.chance(this.rates[fault])) continue;
      const counter = `${name} ${fault}`;
      // A database session does not outlive its connection: nothing of it lands later or twice.
      if (name.startsWith("db.") && (fault === "late" || fault === "twice")) continue;
      this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + 1);
      return fault;
    }
    return null;
  }

  #travelMs(): number {
    return this.#world.rng.between(1, 40);
  }

  #timeoutMs(): number {
    return this.#world.rng.between(1000, 10_000);
  }

  #latenessMs(): number {
    const { rng } = this.#world;
    return rng.pick([
      rng.between(100, 5000),
      rng.between(10_000, 600_000),
      rng.between(600_000, 7_200_000),
    ]);
  }
}

type Settle<T> = (resolve: (value: T) => void, reject: (error: Error) => void) => void;
