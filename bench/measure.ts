import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { PeakOfTree } from "./process-tree.ts";

/** How the figures of `measure` come about; every report says so. */
export const MEASURED_BY =
  "wall and CPU (user + system) by the `time` of bash, which counts every process that was waited for; " +
  "peak memory from /proc every 50 ms: the larger of one process's VmHWM and the tree's sum of VmRSS (shared pages count in each)";

export interface Measured {
  readonly exitCode: number;
  readonly wallSeconds: number;
  /** User and system time of the command and of every descendant that was waited for. */
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MeasureOptions {
  readonly cwd: string;
  /** All of the command's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the command with all its processes. */
  readonly signal: AbortSignal;
}

/** The figures go to a pipe of their own; the command has its own output and no part in that pipe. */
const TIMED = `TIMEFORMAT='%3R %3U %3S'; { time "$@" 2>&4 3>&- 4>&-; } 4>&2 2>&3`;

/**
 * Runs a command and measures it. A failure of the command is in its exit code.
 * @throws Error where it cannot be measured; the signal's reason when aborted
 */
export async function measure(
  command: readonly string[],
  { cwd, env, signal }: MeasureOptions,
): Promise<Measured> {
  signal.throwIfAborted();
  const child = spawn("bash", ["-c", TIMED, "bash", ...command], {
    cwd,
    env: { ...env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // A group of its own, so that all of it can be ended.
    detached: true,
  });
  const closed = once(child, "close");
  const [, stdout, stderr, timing] = child.stdio.map((stream) => textOf(stream as Readable));
  const abort = (): void => end(child.pid);
  signal.addEventListener("abort", abort, { once: true });
  const peak = new PeakOfTree(child.pid ?? 0);
  try {
    await closed;
  } finally {
    peak.stop();
    signal.removeEventListener("abort", abort);
  }
  signal.throwIfAborted();
  return {
    exitCode: child.exitCode ?? -1,
    ...timesOf((await timing) ?? ""),
    peakRssBytes: peak.bytes,
    stdout: (await stdout) ?? "",
    stderr: (await stderr) ?? "",
  };
}

/** Ends a group of processes; one that has ended by itself is no failure. */
function end(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGTERM");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function textOf(stream: Readable | null): Promise<string> {
  if (stream?.readable !== true) return "";
  let text = "";
  for await (const piece of stream.setEncoding("utf8") as AsyncIterable<string>) text += piece;
  return text;
}

function timesOf(text: string): Pick<Measured, "wallSeconds" | "cpuSeconds"> {
  const [real, user, system] = text.trim().split(" ").map(Number);
  if (real === undefined || user === undefined || system === undefined || Number.isNaN(system)) {
    throw new Error(`bash gave no times: '${text.trim()}'`);
  }
  return { wallSeconds: real, cpuSeconds: user + system };
}
