import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryJobs } from "../../src/adapters/memory/jobs.ts";
import { PgBossJobs } from "../../src/adapters/pgboss-jobs.ts";
import { type EmbeddedDatabase, openInMemory } from "../../src/adapters/pglite/open.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Jobs } from "../../src/ports/jobs.ts";
import { jobsContract } from "./jobs.ts";
import { errorLog, type JobsSubject, NO_HANDLERS, passReally, takeUp } from "./jobs-fixture.ts";

/** A clock that stands still until it is told how much time has passed. */
class HandClock implements Clock {
  #now = 1_760_000_000_000;
  readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleepers.add({ until: this.#now + durationMs, wake: resolve });
    signal?.addEventListener("abort", () => resolve(), { once: true });
    return promise;
  }

  async advance(ms: number): Promise<void> {
    this.#now += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
    await settled();
  }
}

/** All microtasks have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function makeMemory(): Promise<JobsSubject> {
  const clock = new HandClock();
  const { log, logged } = errorLog();
  const queue = new MemoryJobs(clock, log);
  const first = queue.attach();
  return {
    jobs: first,
    attach: async () => queue.attach(),
    crash: async () => {
      await takeUp(first, (ms) => clock.advance(ms));
      first.crash();
      return queue.attach();
    },
    advance: (ms) => clock.advance(ms),
    logged,
    cleanup: () => Promise.resolve(),
  };
}

jobsContract("memory", makeMemory);

let database: EmbeddedDatabase | undefined;

beforeAll(async () => {
  database = await openInMemory();
});

afterAll(async () => {
  await database?.close();
});

function opened(): EmbeddedDatabase {
  if (!database) throw new Error("the database is there within a test only");
  return database;
}

async function makePgBoss(): Promise<JobsSubject> {
  const { session } = opened();
  const { log, logged } = errorLog();
  const processes: Jobs[] = [];
  const attach = async (): Promise<Jobs> => {
    const jobs = await PgBossJobs.open({ kind: "embedded", session }, log);
    processes.push(jobs);
    return jobs;
  };
  const jobs = await attach();
  await session.exec("delete from expunge_jobs.job");
  return {
    jobs,
    attach,
    crash: async () => {
      await takeUp(jobs, passReally);
      // Opening the embedded database means that whoever had it is dead.
      return await attach();
    },
    advance: passReally,
    logged,
    cleanup: async () => {
      for (const one of processes) await one.stop();
    },
  };
}

jobsContract("pg-boss on pglite", makePgBoss);

describe("jobs: pg-boss on pglite alone", () => {
  test("a job that is added is picked up at once in the same process", async () => {
    const { jobs, cleanup } = await makePgBoss();
    let ran: ((at: number) => void) | null = null;
    const removals = async (): Promise<void> => ran?.(performance.now());
    await jobs.work({ ...NO_HANDLERS, removals });
    const latenciesMs: number[] = [];
    for (let i = 0; i < 20; i++) {
      // Until the worker has gone to sleep after the job before.
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { promise, resolve } = Promise.withResolvers<number>();
      ran = resolve;
      const before = performance.now();
      await jobs.enqueue("removals", { projectUid: `${i}` }, { key: `${i}` });
      latenciesMs.push((await promise) - before);
    }
    await cleanup();
    const median = latenciesMs.sort((a, b) => a - b)[10];
    expect(median).toBeLessThan(100);
  });
});
