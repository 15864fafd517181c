import { setTimeout as sleep } from "node:timers/promises";
import { LIMITS } from "../core/limits.ts";
import { countingOn } from "./progress.ts";
import type { Shell } from "./shell.ts";

interface Running {
  readonly id: string;
  readonly state: "running" | "completed";
  readonly objects: number;
}

export interface UntilEnded<T extends Running> {
  readonly begun: T;
  readonly look: (id: string) => Promise<T>;
  /** What is said to somebody who interrupts the command. */
  readonly goesOn: string;
  /** Milliseconds, false for `--no-wait`, absent for as long as it takes. */
  readonly wait: number | false | undefined;
}

/** Looks at what runs in the service until it has ended, at most so long. */
export async function untilEnded<T extends Running>(
  { out, io }: Shell,
  { begun, look, goesOn, wait }: UntilEnded<T>,
): Promise<T> {
  const until = Date.now() + (wait === false ? 0 : (wait ?? Number.POSITIVE_INFINITY));
  const progress = countingOn(out);
  const say = (): void => void out.note(goesOn);
  io.interrupt.addEventListener("abort", say, { once: true });
  let current = begun;
  while (current.state === "running") {
    progress.show(current.objects);
    const leftMs = until - Date.now();
    if (leftMs <= 0) break;
    await sleep(Math.min(LIMITS.runPollMs, leftMs));
    current = await look(begun.id);
  }
  await progress.end();
  io.interrupt.removeEventListener("abort", say);
  return current;
}
