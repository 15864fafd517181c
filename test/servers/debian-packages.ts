import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Programs that tests need and npm does not bring. */
export interface Needed {
  readonly packages: readonly string[];
  readonly programs: readonly string[];
  /** What the tests need them for, to be said before they are installed. */
  readonly purpose: string;
  /** What somebody can do who is told why they are not there. */
  readonly instruction: (why: string) => string;
}

/**
 * Makes sure that programs are there: as root on Debian they are installed, which is said on stderr.
 * @throws Error with what to do, elsewhere
 */
export async function needPackages(needed: Needed): Promise<void> {
  const { packages, programs, purpose, instruction } = needed;
  const missing = await missingOf(programs);
  if (missing.length === 0) return;
  const mayInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (!mayInstall) throw new Error(instruction(`not found: ${missing.join(", ")}`));
  process.stderr.write(`The tests need ${purpose}: installing ${packages.join(" ")}\n`);
  await apt(needed, "update", "-q");
  await apt(needed, "install", "-q", "-y", "--no-install-recommends", ...packages);
  const still = await missingOf(programs);
  if (still.length > 0) throw new Error(instruction(`not installed: ${still.join(", ")}`));
}

async function missingOf(programs: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(programs.map(isInstalled));
  return programs.filter((_, i) => found[i] !== true);
}

async function isInstalled(program: string): Promise<boolean> {
  for (const dir of (process.env["PATH"] ?? "").split(delimiter)) {
    try {
      await access(join(dir, program), constants.X_OK);
      return true;
    } catch {
      // In another directory, or in none.
    }
  }
  return false;
}

async function apt({ instruction }: Needed, ...args: readonly string[]): Promise<void> {
  const child = spawn("apt-get", args, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    // Its progress belongs to those who read along; stdout may be somebody's input.
    stdio: ["ignore", process.stderr, process.stderr],
  });
  // What it cannot be started for.
  child.once("error", (error) => process.stderr.write(`apt-get: ${error.message}\n`));
  await once(child, "close");
  if (child.exitCode !== 0) {
    throw new Error(instruction(`apt-get ${args[0] ?? ""} ended with ${child.exitCode}`));
  }
}
