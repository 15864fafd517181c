import { DatabaseError } from "../../src/core/database-errors.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { type Fault, type FaultRates, faultsOf, NO_FAULTS } from "./faults.ts";
import type { World } from "./world.ts";

/** One call over the network. */
export interface Call<T> {
  /** `store.list`, `db.advance`. */
  readonly name: string;
  /** Whether it can take effect once its caller has given up. */
  readonly lands: boolean;
  /** What it does; a fault that falsifies the reply is told to it. */
  readonly effect: (fault: Fault | null) => Promise<T>;
}

/** A fault, or the death of the caller before its call is sent or once it has had its effect. */
export type Injected = Fault | "crash-before" | "crash-after";

/** Where a process's faults come from, and what is kept of them. */
export interface Chance {
  rates: FaultRates;
  /** Decides instead of chance, where one fault is injected on purpose. */
  readonly decide?: (process: string, call: string) => Injected | null;
  /** What makes a process die; it is named without the number of its start. */
  readonly crash?: (slot: string) => void;
  /** How late a late effect is, where chance does not say. */
  readonly latenessMs?: number;
  readonly hits: Map<string, number>;
  /** Calls made, by anyone. */
  calls: number;
}

/** One process of the service: its promises never settle once it is dead, and wait while it sleeps. */
export class Process {
  readonly name: string;
  readonly #world: World;
  readonly #chance: Chance;
  #alive = true;
  #pausedUntil = 0;
  /** How far its clock is from the database's; it jumps. */
  skewMs = 0;

  constructor(world: World, name: string, chance: Chance) {
    this.#world = world;
    this.name = name;
    this.#chance = chance;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** SIGKILL. What it sent is under way all the same. */
  kill(): void {
    this.#alive = false;
    this.#world.note(this.name, "killed", "");
  }

  /** SIGSTOP, then SIGCONT: a zombie that goes on as if nothing had happened. */
  pause(durationMs: number): void {
    this.#pausedUntil = this.#world.nowMs + durationMs;
    this.#world.note(this.name, "paused", String(durationMs));
  }

  readonly clock: Clock = {
    now: () => this.#world.nowMs + this.skewMs,
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const woken = (): void => {
          timer.run = null;
          this.#deliver(resolve);
        };
        const timer = this.#world.schedule(durationMs, () => {
          signal?.removeEventListener("abort", woken);
          this.#deliver(resolve);
        });
        signal?.addEventListener("abort", woken, { once: true });
      }),
  };

  /** A call over the network: it travels, takes effect at one instant, and its reply travels back. */
  call<T>(call: Call<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) return;
      this.#chance.calls++;
      const drawn = this.#drawFault(call);
      if (drawn === "crash-before") return this.#crash();
      const fault = drawn === "crash-after" ? null : drawn;
      this.#world.schedule(this.#travelMs(), () => {
        if (fault !== null && NOT_ARRIVED.has(fault)) return this.#fail(call, fault, reject);
        void this.#perform(call, fault).then((answer) => {
          if (drawn === "crash-after") return this.#crash();
          if (fault === "twice") this.#again(call);
          this.#world.schedule(this.#travelMs(), () => {
            this.#deliver(() => {
              if (fault === "lost") reject(failure(call.name, fault));
              else if (answer.ok) resolve(answer.value);
              else reject(answer.error);
            });
          });
        });
      });
    });
  }

  /** The caller learns of a failure; of a late call the effect lands after that. */
  #fail<T>(call: Call<T>, fault: Fault, reject: (error: Error) => void): void {
    if (fault === "late" && call.lands) this.#later(call, this.#latenessMs());
    const waitMs = fault === "late" || fault === "refused" ? this.#timeoutMs() : this.#travelMs();
    this.#world.schedule(waitMs, () => this.#deliver(() => reject(failure(call.name, fault))));
  }

  #again<T>(call: Call<T>): void {
    if (!call.lands) return;
    this.#later(call, this.#world.rng.chance(0.5) ? 0 : this.#latenessMs());
  }

  #later<T>(call: Call<T>, delayMs: number): void {
    this.#world.underWay++;
    this.#world.schedule(delayMs, () => {
      this.#world.underWay--;
      void this.#perform(call, null);
    });
  }

  async #perform<T>({ name, effect }: Call<T>, fault: Fault | null): Promise<Answer<T>> {
    try {
      const value = await effect(fault);
      this.#world.note(this.name, name, "ok");
      return { ok: true, value };
    } catch (error) {
      const known = error instanceof Error ? error : new Error("no error was thrown");
      this.#world.note(this.name, name, known.name);
      return { ok: false, error: known };
    }
  }

  /** Hands a reply or a tick to the process: never when dead, later when it is paused. */
  #deliver(run: () => void): void {
    if (!this.#alive) return;
    const waitMs = this.#pausedUntil - this.#world.nowMs;
    if (waitMs > 0) this.#world.schedule(waitMs, () => this.#deliver(run));
    else run();
  }

  #crash(): void {
    this.#chance.crash?.(this.name.split(".")[0] ?? this.name);
  }

  #drawFault<T>({ name }: Call<T>): Injected | null {
    const { decide, rates, hits } = this.#chance;
    let fault: Injected | null = null;
    if (decide) fault = decide(this.name, name);
    else if (rates !== NO_FAULTS) {
      for (const one of faultsOf(name)) {
        const rate = rates[one] ?? 0;
        if (rate > 0 && this.#world.rng.chance(rate)) {
          fault = one;
          break;
        }
      }
    }
    if (fault === null) return null;
    const hit = `${name} ${fault}`;
    hits.set(hit, (hits.get(hit) ?? 0) + 1);
    this.#world.trace?.(`${this.#world.elapsedMs} ${this.name} ${name} meets '${fault}'`);
    return fault;
  }

  #travelMs(): number {
    return this.#world.rng.between(1, 40);
  }

  #timeoutMs(): number {
    return this.#world.rng.between(1000, 10_000);
  }

  #latenessMs(): number {
    const { rng } = this.#world;
    const { latenessMs } = this.#chance;
    if (latenessMs !== undefined) return latenessMs;
    return rng.pick([
      rng.between(100, 5000),
      rng.between(10_000, 600_000),
      rng.between(600_000, 7_200_000),
    ]);
  }
}

type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Error };

/** Faults of which the caller learns before the call has had any effect. */
const NOT_ARRIVED: ReadonlySet<Fault> = new Set<Fault>([
  "refused",
  "late",
  "throttled",
  "denied",
  "broken",
  "busy",
  "contended",
  "cut",
]);

const THROTTLE_WAIT_MS = 1000;

/** What the caller of a call is told of its fault. */
function failure(call: string, fault: Fault): Error {
  const text = `simulated: ${fault}`;
  if (call.startsWith("db.")) {
    if (fault === "busy" || fault === "contended") return new DatabaseError(fault, text);
    return new DatabaseError("connection-lost", text, { effectUnknown: true });
  }
  if (fault === "throttled") {
    return new StoreError("throttled", "retryable", text, { retryAfterMs: THROTTLE_WAIT_MS });
  }
  if (fault === "denied") return new StoreError("access-denied", "blocked", text);
  if (fault === "broken") return new StoreError("listing-broken", "unknown", text);
  return new StoreError("timeout", "retryable", text);
}
