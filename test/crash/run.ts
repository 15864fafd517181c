import { Rng } from "../simulation/random.ts";
import type { Checker } from "./checker.ts";
import type { Violation } from "./facts.ts";
import type { History } from "./history.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { type Aim, aimOfKill, aimOfStop, type Signal } from "./point-table.ts";
import type { Rig } from "./rig.ts";
import { aim, pause, strikeAt, strikeNow, type Struck } from "./strike.ts";
import { measureTakeover, NO_TAKEOVER, type Takeover, unfinished } from "./takeover.ts";
import { Workload } from "./workload.ts";

export const KINDS = ["kill", "stop", "postgres"] as const;
export type Kind = (typeof KINDS)[number];

/** What came of one fault and its check. */
export interface RunResult {
  readonly kind: Kind;
  readonly seed: number;
  readonly hit: string | null;
  readonly missed: string | null;
  readonly violations: readonly Violation[];
  readonly takeover: Takeover;
  readonly endMs: number;
}

export interface RunPlaces {
  readonly rig: Rig;
  readonly history: History;
  readonly checker: Checker;
}

/** How a run is called in the history; its projects' ids begin so. */
export function nameOfRun(kind: Kind, seed: number): string {
  return `${kind}${seed}`;
}

/**
 * One fault in the midst of deletions, its healing, and the check of what the run's projects have
 * become: `prepare`, `strike` until the fault is done, `heal` until everything is up again, `finish`
 * until all is ended and checked.
 */
export class CrashRun {
  readonly kind: Kind;
  readonly seed: number;
  readonly #places: RunPlaces;
  readonly #name: string;
  readonly #rng: Rng;
  readonly #work: Workload;
  #acting: Promise<void> = Promise.resolve();
  #takeover: Promise<Takeover> = Promise.resolve(NO_TAKEOVER);
  #struck: Struck | null = null;
  #healedAt = 0;

  constructor(kind: Kind, seed: number, places: RunPlaces) {
    this.kind = kind;
    this.seed = seed;
    this.#places = places;
    this.#name = nameOfRun(kind, seed);
    this.#rng = new Rng(seed * KINDS.length + KINDS.indexOf(kind));
    this.#work = new Workload(places.rig, places.history, this.#name, this.#rng);
  }

  /** What may be done while another run's fault is still being healed. */
  async prepare(): Promise<void> {
    await this.#work.prepare();
    if (this.kind === "stop") await this.#work.prepareForStop();
  }

  /** Does the fault. Two are not to be done at once. */
  async strike(): Promise<void> {
    switch (this.kind) {
      case "kill":
        await this.#strikeService(aimOfKill(this.seed - 1, this.#rng), "SIGKILL");
        break;
      case "stop":
        await this.#strikeService(aimOfStop(this.seed - 1, this.#rng), "SIGSTOP");
        break;
      case "postgres":
        this.#begin();
        await pause(this.#rng.between(0, CRASH_LIMITS.strikeWithinMs));
        await this.#places.rig.postgres.kill();
    }
    this.#work.struck();
  }

  /** Resolves when both processes and the database are there again. */
  async heal(): Promise<void> {
    const { stopMs, stopMoreMs, restartMinMs, restartMaxMs } = CRASH_LIMITS;
    const slot = this.#struck?.slot;
    if (this.kind === "stop" && slot !== undefined) {
      const asking = this.#work.askStopped(slot);
      this.#acting = allOf(this.#acting, asking);
      await pause(stopMs + this.#rng.between(0, stopMoreMs));
      slot.resume();
    } else {
      await pause(this.#rng.between(restartMinMs, restartMaxMs));
      await (slot ?? this.#places.rig.postgres).start();
      if (slot === undefined) this.#watch(Date.now(), () => "");
    }
    this.#healedAt = Date.now();
    this.#refuseSurprises();
  }

  async finish(): Promise<RunResult> {
    const { history, checker } = this.#places;
    await this.#acting;
    const violations: Violation[] = [];
    const takeover = await this.#takeover;
    const name = this.#name;
    const { isDone, sinceLastFaultMs } = takeover;
    const isLate = sinceLastFaultMs > CRASH_LIMITS.takeoverMs && this.kind !== "postgres";
    if (isLate || !isDone) {
      const what = `${name}: a deletion was without a worker for ${sinceLastFaultMs} ms`;
      violations.push({ invariant: "I9", what });
    }
    for (const what of await this.#untilEnded()) {
      violations.push({ invariant: "I9", what: `${name}: ${what}` });
    }
    const endMs = Date.now() - this.#healedAt;
    violations.push(...(await checker.checkEvents(history.of(name))));
    history.forget(name);
    const { kind, seed } = this;
    const { hit = null, missed = null } = this.#struck ?? {};
    return { kind, seed, hit, missed, violations, takeover, endMs };
  }

  async #strikeService(at: Aim | null, signal: Signal): Promise<void> {
    const { rig } = this.#places;
    if (at !== null) await aim(rig, this.#name, at, signal);
    this.#begin();
    if (at === null) await pause(this.#rng.between(0, CRASH_LIMITS.strikeWithinMs));
    const struck =
      at === null
        ? await strikeNow(rig, signal, this.#rng)
        : await strikeAt(rig, this.#name, at, signal, this.#rng);
    this.#struck = struck;
    rig.noteFault(struck.at);
    const { service } = rig.other(struck.slot);
    this.#watch(struck.at, () => service.output);
  }

  #begin(): void {
    this.#acting = allOf(this.#work.act());
  }

  #watch(struckAt: number, outputOfOther: () => string): void {
    const { checker, rig } = this.#places;
    const lastFaultBefore = (at: number): number => rig.lastFaultBefore(at);
    this.#takeover = measureTakeover(checker.sql, { struckAt, outputOfOther, lastFaultBefore });
    // Told by `finish`, which comes later.
    this.#takeover.catch(() => {});
  }

  /** A process that ends by itself is no fault that was planted. @throws Error with its last words */
  #refuseSurprises(): void {
    for (const slot of this.#places.rig.slots) {
      const [first] = slot.surprises;
      if (first !== undefined) throw new Error(first);
    }
  }

  /** What has not ended within the bound. */
  async #untilEnded(): Promise<readonly string[]> {
    const { checker, history } = this.#places;
    const ids = new Set(
      history.of(this.#name).flatMap((event) => ("n" in event ? [event.project] : [])),
    );
    const uids = await checker.sql.uidsOf([...ids]);
    for (;;) {
      const left = await unfinished(checker.sql, uids);
      if (left.length === 0 || Date.now() - this.#healedAt > CRASH_LIMITS.endMs) return left;
      await pause(CRASH_LIMITS.pollMs);
    }
  }
}

/** All of them, whose failure is told by whoever awaits it, however late. */
function allOf(...work: readonly Promise<void>[]): Promise<void> {
  const all = Promise.all(work).then(() => {});
  all.catch(() => {});
  return all;
}
