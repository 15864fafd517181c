import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Mutant } from "./mutants.ts";
import type { ThreadData } from "./thread.ts";

/** A thread that plays one task after the other. */
export class Thread<Task, Answer> {
  readonly #worker: Worker;

  constructor(mutant: Mutant | null = null) {
    const workerData: ThreadData = {
      change: mutant?.change ?? null,
      portMutant: mutant && !mutant.change ? mutant.name : null,
    };
    const entry = new URL("thread.ts", import.meta.url);
    this.#worker = new Worker(entry, { workerData, execArgv: [] });
  }

  /** @throws what the thread threw */
  async play(task: Task): Promise<Answer> {
    const answer = once(this.#worker, "message");
    this.#worker.postMessage(task, []);
    const [outcome] = (await answer) as [Answer];
    return outcome;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Spreads tasks over threads; what comes of them does not depend on how many there are. */
export async function spread<Task, Answer>(
  tasks: Iterable<Task>,
  start: () => Thread<Task, Answer>,
  threads: number,
  done: (answer: Answer) => void,
): Promise<void> {
  const left = tasks[Symbol.iterator]();
  const work = async (): Promise<void> => {
    const thread = start();
    try {
      for (;;) {
        const next = left.next();
        if (next.done === true) return;
        done(await thread.play(next.value));
      }
    } finally {
      await thread.end();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
}
