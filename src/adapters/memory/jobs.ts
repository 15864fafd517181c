import { LIMITS } from "../../core/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EnqueueOptions, JobData, JobHandlers, JobName, Jobs } from "../../ports/jobs.ts";
import type { Log } from "../../ports/log.ts";

interface Job {
  readonly id: number;
  readonly run: (handlers: JobHandlers, signal: AbortSignal) => Promise<void>;
  readonly name: JobName;
  readonly key: string | null;
  attempts: number;
  dueAt: number;
  holder: MemoryJobsProcess | null;
}

/**
 * The executable specification of the jobs port: one queue in memory, shared by the processes that
 * attach to it, so that it outlives the crash of any of them. Time comes from the clock alone.
 */
export class MemoryJobs {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #jobs = new Map<number, Job>();
  readonly #workers = new Set<MemoryJobsProcess>();
  #nextId = 1;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The queue as one process sees it. */
  attach(): MemoryJobsProcess {
    return new MemoryJobsProcess(this);
  }

  add<N extends JobName>(name: N, data: JobData[N], options: EnqueueOptions): void {
    const key = options.key ?? null;
    const delayMs = options.delayMs ?? 0;
    const dueAt = this.#clock.now() + delayMs;
    const waiting = [...this.#jobs.values()].find(
      (job) => key !== null && job.name === name && job.key === key && job.holder === null,
    );
    if (waiting) {
      // One that waits longer than this one would is brought forward.
      if (dueAt >= waiting.dueAt) return;
      waiting.dueAt = dueAt;
    } else {
      const id = this.#nextId++;
      const run: Job["run"] = (handlers, signal) => handlers[name](data, signal);
      this.#jobs.set(id, { id, run, name, key, attempts: 0, dueAt, holder: null });
    }
    this.#wakeAfter(delayMs);
  }

  register(worker: MemoryJobsProcess): void {
    this.#workers.add(worker);
    this.dispatch();
  }

  unregister(worker: MemoryJobsProcess): void {
    this.#workers.delete(worker);
    for (const job of this.#jobs.values()) if (job.holder === worker) job.holder = null;
    this.dispatch();
  }

  /** Hands every due job to the worker that has the fewest. */
  dispatch(): void {
    for (const job of this.#jobs.values()) {
      if (job.holder !== null || job.dueAt > this.#clock.now()) continue;
      const [worker] = [...this.#workers].sort((a, b) => a.running - b.running);
      if (!worker) return;
      job.holder = worker;
      void this.#run(job, worker);
    }
  }

  async #run(job: Job, worker: MemoryJobsProcess): Promise<void> {
    job.attempts++;
    try {
      await worker.perform(job.run);
      if (job.holder === worker) this.#jobs.delete(job.id);
    } catch (error) {
      if (job.holder !== worker) return;
      job.holder = null;
      const delayMs = Math.min(
        LIMITS.retryDelayMinMs * 2 ** job.attempts,
        LIMITS.blockedRetryMinMs,
      );
      job.dueAt = this.#clock.now() + delayMs;
      this.#log.error({ job: job.name, err: error, retryInMs: delayMs }, "job failed");
      this.#wakeAfter(delayMs);
    }
  }

  #wakeAfter(delayMs: number): void {
    if (delayMs <= 0) return this.dispatch();
    void this.#clock.sleep(delayMs).then(() => this.dispatch());
  }
}

/** One process at the queue. */
export class MemoryJobsProcess implements Jobs {
  readonly #queue: MemoryJobs;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #handlers: JobHandlers | null = null;

  constructor(queue: MemoryJobs) {
    this.#queue = queue;
  }

  get running(): number {
    return this.#running.size;
  }

  work(handlers: JobHandlers): Promise<void> {
    if (this.#handlers) throw new Error("work may be called once");
    this.#handlers = handlers;
    this.#queue.register(this);
    return Promise.resolve();
  }

  enqueue<N extends JobName>(
    name: N,
    data: JobData[N],
    options: EnqueueOptions = {},
  ): Promise<void> {
    this.#queue.add(name, data, options);
    return Promise.resolve();
  }

  async perform(run: (handlers: JobHandlers, signal: AbortSignal) => Promise<void>): Promise<void> {
    if (!this.#handlers) throw new Error("this process does not work");
    const done = run(this.#handlers, this.#stopping.signal);
    this.#running.add(done);
    try {
      await done;
    } finally {
      this.#running.delete(done);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#running);
    this.#queue.unregister(this);
  }

  /** The process is gone without a word: what it held is handed to others. */
  crash(): void {
    this.#queue.unregister(this);
  }
}
