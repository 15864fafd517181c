import { execFile } from "node:child_process";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { VERSION } from "../src/version.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const run = promisify(execFile);

/** What figures depend on, besides what is measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Processes that wanted to run, over the last minute. */
  readonly loadBefore: number;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** The first line that a program says of itself, or null where there is no such program. */
export async function firstLineOf(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  try {
    const { stdout, stderr } = await run(program, args, { env });
    return (stdout.trim() || stderr.trim()).split("\n")[0] ?? "";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** The version, and the commit where this is a checkout. */
export async function expungeVersion(): Promise<string> {
  try {
    const git = ["git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude=*"];
    const commit = await firstLineOf(git, process.env);
    return commit === null ? VERSION : `${VERSION} (${commit})`;
  } catch {
    return VERSION;
  }
}
