import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Aim, Arming } from "./point-table.ts";

/** How a process is started that can be told at which call it is to strike itself. */
export const STRUCK_BY_ORDER = {
  nodeArgs: ["--import", new URL("points.ts", import.meta.url).pathname],
  ipc: true,
} as const;

/** Tells a process that was started so; null: not at all. Nothing is done where it has ended. */
export async function arm(child: ChildProcess, arming: Arming | null): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const done = new AbortController();
  const { signal } = done;
  const heard = [once(child, "message", { signal }), once(child, "exit", { signal })];
  child.send({ arm: arming }, () => {
    // Where it has ended meanwhile, it needs no disarming.
  });
  await Promise.race(heard);
  done.abort();
  await Promise.allSettled(heard);
}

/**
 * Has a process end itself by SIGKILL at a named call; answers when it is told.
 * @param claim a file that does not exist, in a directory that does
 */
export async function armKill(
  child: ChildProcess,
  { point: { target, method }, when, nth }: Aim,
  claim: string,
): Promise<void> {
  await arm(child, { target, method, when, nth, signal: "SIGKILL", claim });
}

/** Waits for the end of a process, however it comes, or that has come. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** The same where it must die by SIGKILL. @throws Error where it ended otherwise */
export async function died(child: ChildProcess): Promise<void> {
  await ended(child);
  const { exitCode, signalCode } = child;
  if (signalCode !== "SIGKILL") throw new Error(`it ended by ${exitCode ?? signalCode}`);
}
