import { LIMITS } from "../../core/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  type EnqueueOptions,
  type JobData,
  type JobHandlers,
  type JobName,
  type Jobs,
  jobsInFlight,
} from "../../ports/jobs.ts";
import type { Log } from "../../ports/log.ts";

export interface MemoryJobsOptions {
  readonly retryDelayMinMs?: number;
  readonly retryDelayMaxMs?: number;
  /** How long it takes until the jobs of a process that crashed are handed out again. */
  readonly crashNoticedAfterMs?: number;
}

/** The queue as one process sees it. */
export interface MemoryProcess extends Jobs {
  /** The process is dead: what it ran is handed out again, and what it still says is not heard. */
  crash(): void;
}

/** One job: what is stored, whoever runs it. */
interface Entry {
  readonly serial: number;
  readonly name: JobName;
  readonly key: string | undefined;
  data: JobData[JobName];
  dueAt: number;
  failures: number;
}

/**
 * The queue in memory: what it holds outlives the processes that are attached to it, as a database
 * does. All its time is the clock's and nothing is left to chance, so that a simulation can repeat it.
 * Used as `Jobs` itself, it is its own first process.
 */
export class MemoryJobs implements Jobs {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: Required<MemoryJobsOptions>;
  readonly #waiting = new Set<Entry>();
  readonly #workers: Worker[] = [];
  readonly #own: MemoryProcess;
  #serial = 0;
  #sleeper: AbortController | null = null;

  constructor(clock: Clock, log: Log, options: MemoryJobsOptions = {}) {
    this.#clock = clock;
    this.#log = log;
    this.#options = {
      retryDelayMinMs: LIMITS.jobRetryDelaySeconds * 1000,
      retryDelayMaxMs: LIMITS.jobRetryDelayMaxSeconds * 1000,
      crashNoticedAfterMs: 0,
      ...options,
    };
    this.#own = this.attach();
  }

  work(handlers: JobHandlers): Promise<void> {
    return this.#own.work(handlers);
  }

  enqueue<N extends JobName>(name: N, data: JobData[N], options?: EnqueueOptions): Promise<void> {
    return this.#own.enqueue(name, data, options);
  }

  stop(): Promise<void> {
    return this.#own.stop();
  }

  /** The queue for one more process. */
  attach(): MemoryProcess {
    const worker = new Worker((entry, outcome) => this.#settle(entry, outcome));
    return {
      work: async (handlers) => {
        worker.handlers = handlers;
        this.#workers.push(worker);
        this.#handOut();
      },
      enqueue: async (name, data, options) => this.#add(name, data, options),
      stop: async () => {
        this.#detach(worker);
        await worker.stop();
      },
      crash: () => {
        this.#detach(worker);
        const dueAt = this.#clock.now() + this.#options.crashNoticedAfterMs;
        for (const entry of worker.crash()) this.#waiting.add(Object.assign(entry, { dueAt }));
        this.#handOut();
      },
    };
  }

  #detach(worker: Worker): void {
    const at = this.#workers.indexOf(worker);
    if (at >= 0) this.#workers.splice(at, 1);
    // With nobody to hand out to there is nothing to wake up for.
    if (this.#workers.length === 0) this.#sleeper?.abort();
  }

  #add(name: JobName, data: JobData[JobName], { delayMs = 0, key }: EnqueueOptions = {}): void {
    const dueAt = this.#clock.now() + Math.max(0, delayMs);
    const waiting = this.#waiting
      .values()
      .find((entry) => key !== undefined && entry.name === name && entry.key === key);
    if (waiting) {
      // Forward, never back: a deletion whose grace was shortened must not wait for the old one's end.
      waiting.dueAt = Math.min(waiting.dueAt, dueAt);
    } else {
      const serial = this.#serial++;
      this.#waiting.add({ serial, name, key, data: structuredClone(data), dueAt, failures: 0 });
    }
    this.#handOut();
  }

  /** Hands out all that is due and that somebody has room for, then sleeps until the next is due. */
  #handOut(): void {
    const now = this.#clock.now();
    const due = [...this.#waiting]
      .filter(({ dueAt }) => dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt || a.serial - b.serial);
    for (const entry of due) {
      const worker = this.#workers.find((one) => one.hasRoom(entry.name));
      if (!worker) continue;
      this.#waiting.delete(entry);
      // The others come first next time.
      this.#workers.push(...this.#workers.splice(this.#workers.indexOf(worker), 1));
      worker.start(entry);
    }
    this.#sleep(now);
  }

  #sleep(now: number): void {
    this.#sleeper?.abort();
    this.#sleeper = null;
    const later = [...this.#waiting].map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > now);
    if (later.length === 0 || this.#workers.length === 0) return;
    const sleeper = new AbortController();
    this.#sleeper = sleeper;
    const wake = async (): Promise<void> => {
      await this.#clock.sleep(Math.min(...later) - now, sleeper.signal);
      if (!sleeper.signal.aborted) this.#handOut();
    };
    void wake();
  }

  #settle(entry: Entry, outcome: Outcome): void {
    if (outcome.kind === "failed") {
      const { retryDelayMinMs, retryDelayMaxMs } = this.#options;
      const delayMs = Math.min(
        retryDelayMaxMs,
        retryDelayMinMs * 2 ** Math.min(entry.failures, 30),
      );
      this.#log.error(
        { job: entry.name, err: outcome.error, retryInMs: delayMs },
        "job failed; it is tried again",
      );
      entry.failures++;
      entry.dueAt = this.#clock.now() + delayMs;
      this.#waiting.add(entry);
    } else if (outcome.kind === "interrupted") {
      entry.dueAt = this.#clock.now();
      this.#waiting.add(entry);
    }
    this.#handOut();
  }
}

type Outcome =
  | { readonly kind: "done" | "interrupted" }
  | { readonly kind: "failed"; readonly error: unknown };

/** What one process runs. */
class Worker {
  readonly #settle: (entry: Entry, outcome: Outcome) => void;
  readonly #running = new Map<Entry, Promise<void>>();
  readonly #stopping = new AbortController();
  #isDead = false;
  handlers: JobHandlers | null = null;

  constructor(settle: (entry: Entry, outcome: Outcome) => void) {
    this.#settle = settle;
  }

  hasRoom(name: JobName): boolean {
    const running = [...this.#running.keys()].filter((entry) => entry.name === name);
    return running.length < jobsInFlight(name);
  }

  start(entry: Entry): void {
    this.#running.set(entry, this.#run(entry));
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("this process stops"));
    await Promise.all(this.#running.values());
  }

  crash(): readonly Entry[] {
    this.#isDead = true;
    return [...this.#running.keys()];
  }

  async #run(entry: Entry): Promise<void> {
    // Not within the call that added the job: its caller goes on first, as with any queue.
    await Promise.resolve();
    const outcome = await this.#outcomeOf(entry);
    if (this.#isDead) return;
    this.#running.delete(entry);
    this.#settle(entry, outcome);
  }

  /** A run that `stop` cut short is not done, however it ended: the job is handed out again. */
  async #outcomeOf(entry: Entry): Promise<Outcome> {
    try {
      await this.#call(entry.name, entry.data);
    } catch (error) {
      if (!this.#stopping.signal.aborted) return { kind: "failed", error };
    }
    return { kind: this.#stopping.signal.aborted ? "interrupted" : "done" };
  }

  async #call<N extends JobName>(name: N, data: JobData[N]): Promise<void> {
    await this.handlers?.[name](structuredClone(data), this.#stopping.signal);
  }
}
