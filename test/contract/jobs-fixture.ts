import { expect } from "vitest";
import type { JobData, JobHandlers, JobName, Jobs } from "../../src/ports/jobs.ts";
import type { Log, LogFields } from "../../src/ports/log.ts";

/** A queue under test. */
export interface JobsSubject {
  readonly jobs: Jobs;
  /** Another process on the same queue. */
  readonly attach: () => Promise<Jobs>;
  /**
   * A process takes up a `removals` job that waits, and dies in the midst of it; answers the one that
   * comes after it.
   */
  readonly crash: () => Promise<Jobs>;
  /** Lets so much time pass for the queue. */
  readonly advance: (ms: number) => Promise<void>;
  /** Errors that were logged. */
  readonly logged: readonly LogFields[];
  readonly cleanup: () => Promise<void>;
}

/** A log that keeps what is an error. */
export function errorLog(): { readonly log: Log; readonly logged: LogFields[] } {
  const logged: LogFields[] = [];
  const none = (): void => {};
  const log: Log = {
    debug: none,
    info: none,
    warn: none,
    error: (fields) => logged.push(fields),
    child: () => log,
  };
  return { log, logged };
}

const idle = async (): Promise<void> => {};
export const NO_HANDLERS: JobHandlers = {
  purge: idle,
  removals: idle,
  "receipt-copy": idle,
  webhooks: idle,
  settle: idle,
  sweep: idle,
  audit: idle,
  run: idle,
  uploads: idle,
};

/** Handlers that note what they are given. */
export function noting(): { readonly handlers: JobHandlers; readonly ran: unknown[] } {
  const ran: unknown[] = [];
  const note = async (data: JobData[JobName]): Promise<void> => {
    ran.push(data);
  };
  return {
    handlers: {
      purge: note,
      removals: note,
      "receipt-copy": note,
      settle: note,
      sweep: note,
      audit: note,
      run: note,
      uploads: note,
      webhooks: note,
    },
    ran,
  };
}

/** A handler of `removals` that waits until it is let go, or its signal aborts. */
export function gate(): {
  readonly handlers: JobHandlers;
  readonly started: string[];
  readonly aborted: string[];
  readonly open: () => void;
} {
  const started: string[] = [];
  const aborted: string[] = [];
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const removals: JobHandlers["removals"] = async ({ projectUid }, signal) => {
    started.push(projectUid);
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([opened, stopped]);
    if (signal.aborted) aborted.push(projectUid);
  };
  return { handlers: { ...NO_HANDLERS, removals }, started, aborted, open };
}

export type Fixture = () => JobsSubject;

/** Within so long a job of a dead process is taken up by another, and all else has happened long ago. */
const PATIENCE_MS = 15_000;

/** Lets time pass until the condition holds. */
export async function until(fixture: Fixture, holds: () => boolean): Promise<void> {
  await pass(fixture().advance, holds);
}

async function pass(advance: JobsSubject["advance"], holds: () => boolean): Promise<void> {
  const stepMs = 50;
  for (let passedMs = 0; passedMs < PATIENCE_MS && !holds(); passedMs += stepMs) {
    await advance(stepMs);
  }
  expect(holds()).toBe(true);
}

/** Has the process take up a `removals` job that waits, and never end it. */
export async function takeUp(jobs: Jobs, advance: JobsSubject["advance"]): Promise<void> {
  const { handlers, started } = gate();
  await jobs.work(handlers);
  await pass(advance, () => started.length === 1);
}

export const passReally = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Time in which what must not happen would happen. */
export const QUIET_MS = 700;
