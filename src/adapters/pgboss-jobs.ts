import {
  type ConstructorOptions,
  fromPglite,
  type Job,
  PgBoss,
  type PGliteLike,
  type QueueOptions,
  type WorkOptions,
} from "pg-boss";
import { LIMITS } from "../core/limits.ts";
import {
  type EnqueueOptions,
  JOB_NAMES,
  type JobData,
  type JobHandlers,
  type JobName,
  type Jobs,
  jobsInFlight,
} from "../ports/jobs.ts";
import type { Log } from "../ports/log.ts";
import { queueErrorOf } from "./postgres/failures.ts";

export const JOBS_SCHEMA = "expunge_jobs";

/** The embedded database has one process, a server any number of them. */
export type JobsDatabase =
  | { readonly kind: "embedded"; readonly session: PGliteLike }
  | { readonly kind: "postgres"; readonly url: string };

const QUEUE: QueueOptions = {
  retryLimit: LIMITS.jobRetryMax,
  retryDelay: LIMITS.jobRetryDelaySeconds,
  retryBackoff: true,
  retryDelayMax: LIMITS.jobRetryDelayMaxSeconds,
  expireInSeconds: LIMITS.jobRunSeconds,
  heartbeatSeconds: LIMITS.jobHeartbeatSeconds,
  retentionSeconds: LIMITS.jobWaitingKeepSeconds,
  deleteAfterSeconds: LIMITS.jobDoneKeepSeconds,
};

/**
 * The queue on pg-boss, in a schema of its own on the same database. Its rows are wake-ups; the truth
 * is in the metadata. On the embedded database polling is slow and cheap, and a job that is added
 * wakes the workers of this very process; on a server NOTIFY wakes those of all.
 */
export class PgBossJobs implements Jobs {
  readonly #boss: PgBoss;
  readonly #log: Log;
  readonly #polling: WorkOptions;
  readonly #stopping = new AbortController();

  private constructor(boss: PgBoss, polling: WorkOptions, log: Log) {
    this.#boss = boss;
    this.#polling = polling;
    this.#log = log;
  }

  /** @throws DatabaseError where the database failed */
  static async open(database: JobsDatabase, log: Log): Promise<PgBossJobs> {
    const boss = new PgBoss(optionsFor(database));
    // Heard before anything can fail: what pg-boss meets by itself is logged, never swallowed (I12).
    boss.on("error", (error) => log.error({ err: error }, "job queue failed; it goes on"));
    boss.on("warning", ({ message, data }) => log.warn({ ...data }, `job queue: ${message}`));
    try {
      await boss.start();
      for (const name of JOB_NAMES) {
        await boss.createQueue(name, queueFor(database));
        await boss.updateQueue(name, queueFor(database));
      }
      if (database.kind === "embedded") await releaseActive(database.session);
    } catch (error) {
      // Else its connections would keep the process alive.
      await boss.stop({ graceful: false });
      throw queueErrorOf(error) ?? error;
    }
    return new PgBossJobs(boss, pollingFor(database), log);
  }

  async work(handlers: JobHandlers): Promise<void> {
    for (const name of JOB_NAMES) await this.#workOn(name, handlers);
  }

  async #workOn(name: JobName, handlers: JobHandlers): Promise<void> {
    await this.#boss.work(
      name,
      { ...this.#polling, localConcurrency: jobsInFlight(name) },
      async (jobs: Job<JobData[JobName]>[]) => {
        for (const job of jobs) await this.#run(name, handlers, job);
      },
    );
  }

  /** A run that `stop` cut short is not done, however it ended: the job is handed out again. */
  async #run<N extends JobName>(
    name: N,
    handlers: JobHandlers,
    job: Job<JobData[N]>,
  ): Promise<void> {
    const stopping = this.#stopping.signal;
    const fields = { job: name, jobId: job.id };
    // Asked for before the stop, handed out after it.
    if (stopping.aborted) throw interrupted();
    try {
      await handlers[name](job.data, AbortSignal.any([job.signal, stopping]));
    } catch (error) {
      if (!stopping.aborted) {
        this.#log.error({ ...fields, err: error }, "job failed; it is tried again");
      }
      throw error;
    } finally {
      // The next one that waits is fetched at once, not when polling comes round.
      this.#wake(name);
    }
    if (stopping.aborted) throw interrupted();
  }

  async enqueue<N extends JobName>(
    name: N,
    data: JobData[N],
    options: EnqueueOptions = {},
  ): Promise<void> {
    try {
      await this.#add(name, data, options);
    } catch (error) {
      throw queueErrorOf(error) ?? error;
    }
  }

  async #add<N extends JobName>(
    name: N,
    data: JobData[N],
    { delayMs = 0, key }: EnqueueOptions,
  ): Promise<void> {
    const startAfter = delayMs / 1000;
    if (key === undefined) await this.#boss.send(name, data, { startAfter });
    else if (delayMs <= 0 || !(await this.#waits(name, key, delayMs))) {
      // Changes the job of the key that waits, or adds one.
      await this.#boss.upsert(name, data, { singletonKey: key, startAfter });
    }
    if (delayMs <= 0) this.#wake(name);
  }

  /**
   * Whether a job of the key waits that comes soon enough. One that waits for longer is brought
   * forward, never back: a deletion whose grace was shortened must not wait for the old one's end.
   */
  async #waits(name: JobName, key: string, delayMs: number): Promise<boolean> {
    const waiting = await this.#boss.findJobs(name, { key, queued: true });
    // By this machine's clock: a job is a wake-up, and decides nothing (R8).
    return waiting.some(({ startAfter }) => startAfter.getTime() <= Date.now() + delayMs);
  }

  #wake(name: JobName): void {
    for (const worker of this.#boss.getWipData()) {
      if (worker.name === name) this.#boss.notifyWorker(worker.id);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("this process stops"));
    await this.#boss.stop({ graceful: true, timeout: LIMITS.shutdownGraceMs });
  }
}

function interrupted(): Error {
  return new Error("interrupted: this process stops");
}

/**
 * What pg-boss hands on to the driver without knowing it: no call waits for ever, and no process that
 * is stopped between two statements keeps others waiting for the job whose key it holds.
 */
const DRIVER = {
  statement_timeout: LIMITS.databaseStatementTimeoutMs,
  query_timeout: LIMITS.databaseQueryTimeoutMs,
  idle_in_transaction_session_timeout: LIMITS.databaseIdleTransactionTimeoutMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: LIMITS.databaseKeepAliveMs,
} as const;

function optionsFor(database: JobsDatabase): ConstructorOptions {
  const common = { schema: JOBS_SCHEMA, schedule: false } as const;
  if (database.kind === "embedded") {
    return {
      ...common,
      db: fromPglite(database.session),
      backend: "pglite",
      superviseIntervalSeconds: LIMITS.jobEmbeddedSuperviseSeconds,
      monitorIntervalSeconds: LIMITS.jobEmbeddedSuperviseSeconds,
      queueCacheIntervalSeconds: LIMITS.jobEmbeddedSuperviseSeconds,
      bamIntervalSeconds: LIMITS.jobEmbeddedSuperviseSeconds,
      flowIntervalSeconds: LIMITS.jobEmbeddedSuperviseSeconds,
      // Nobody else is there to be told from, and there is no vacuum to be watched.
      registerInstance: false,
      monitorVacuum: false,
      reindex: false,
    };
  }
  return {
    ...common,
    ...DRIVER,
    connectionString: database.url,
    application_name: "expunge-jobs",
    max: LIMITS.jobPoolConnections,
    connectionTimeoutMillis: LIMITS.databaseConnectTimeoutMs,
    useListenNotify: true,
    superviseIntervalSeconds: LIMITS.jobSuperviseSeconds,
    monitorIntervalSeconds: LIMITS.jobSuperviseSeconds,
  };
}

/** The embedded database's only process needs no heartbeat: were it dead, nobody would look. */
function queueFor({ kind }: JobsDatabase): QueueOptions & { notify: boolean } {
  if (kind === "postgres") return { ...QUEUE, notify: true };
  const { heartbeatSeconds: _none, ...queue } = QUEUE;
  return { ...queue, notify: false };
}

function pollingFor({ kind }: JobsDatabase): WorkOptions {
  if (kind === "embedded") return { pollingIntervalSeconds: LIMITS.jobEmbeddedPollSeconds };
  return {
    pollingIntervalSeconds: LIMITS.jobPollSeconds,
    notifyPollingIntervalSeconds: LIMITS.jobPollSeconds,
    heartbeatRefreshSeconds: LIMITS.jobHeartbeatEverySeconds,
  };
}

/**
 * Whoever has opened the embedded database is alone: what is active there was active in a process
 * that is dead. Without a start time the next run counts as no retry.
 */
async function releaseActive(session: PGliteLike): Promise<void> {
  await session.query(
    `update ${JOBS_SCHEMA}.job set state = 'retry', start_after = now(), started_on = null
     where state = 'active'`,
  );
}
