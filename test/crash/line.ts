import { CRASH_LIMITS } from "./limits.ts";
import type { CrashRun, RunResult } from "./run.ts";
import { NO_TAKEOVER } from "./takeover.ts";

/**
 * Runs that follow on each other closely: while a process comes up again the next run is prepared, and
 * while the deletions of one are taken over and checked the next fault is done. A process that is
 * stopped leaves time for one kill of the other one.
 */
export class Line {
  readonly #report: (result: RunResult) => void;
  readonly #results: RunResult[] = [];
  readonly #finishing = new Set<Promise<void>>();
  #preparing: { readonly run: CrashRun; readonly done: Promise<void> } | null = null;
  #stop: { readonly healed: Promise<void>; isUsed: boolean } | null = null;
  #isBroken = false;

  constructor(report: (result: RunResult) => void) {
    this.#report = report;
  }

  /** Resolves when the next one may follow. @param next is prepared meanwhile */
  async take(run: CrashRun, next: CrashRun | undefined): Promise<void> {
    if (this.#isBroken) return;
    // Without its database the checker of another run would see nothing.
    const isAlone = run.kind === "postgres";
    const inFlight = isAlone ? 1 : CRASH_LIMITS.runsInFlight;
    while (this.#finishing.size >= inFlight) await Promise.race(this.#finishing);
    let healed: Promise<void> | null = null;
    try {
      await this.#prepared(run);
      await this.#awakened(run);
      await run.strike();
      healed = run.heal();
      healed.catch(() => {});
      if (next !== undefined && !isAlone && next.kind !== "postgres") this.#prepare(next);
      if (run.kind === "stop") this.#stop = { healed, isUsed: false };
      else await healed;
    } catch (error) {
      this.#break(run, error);
      return;
    }
    const finished = this.#finish(run, healed).then(() => void this.#finishing.delete(finished));
    this.#finishing.add(finished);
    if (isAlone) await finished;
  }

  /** Everything that was begun has come to its end. */
  async end(): Promise<readonly RunResult[]> {
    await Promise.allSettled([this.#preparing?.done, this.#stop?.healed]);
    await Promise.all(this.#finishing);
    return this.#results;
  }

  async #finish(run: CrashRun, healed: Promise<void>): Promise<void> {
    try {
      await healed;
      const result = await run.finish();
      this.#results.push(result);
      this.#report(result);
    } catch (error) {
      this.#break(run, error);
    }
  }

  #prepare(run: CrashRun): void {
    const done = run.prepare();
    done.catch(() => {});
    this.#preparing = { run, done };
  }

  async #prepared(run: CrashRun): Promise<void> {
    if (this.#preparing?.run !== run) this.#prepare(run);
    await this.#preparing?.done;
  }

  /** Waits for the process that is stopped, where the run would not leave one that works. */
  async #awakened(run: CrashRun): Promise<void> {
    if (this.#stop === null) return;
    const mayShare = run.kind === "kill" && !this.#stop.isUsed;
    this.#stop.isUsed = true;
    if (mayShare) return;
    await this.#stop.healed;
    this.#stop = null;
  }

  #break({ kind, seed }: CrashRun, error: unknown): void {
    this.#isBroken = true;
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const result: RunResult = {
      kind,
      seed,
      hit: null,
      missed: null,
      violations: [{ invariant: "campaign", what: `${kind} ${seed} broke down: ${what}` }],
      takeover: NO_TAKEOVER,
      endMs: 0,
    };
    this.#results.push(result);
    this.#report(result);
  }
}
