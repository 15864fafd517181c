import { measure, type MeasureOptions } from "./measure.ts";

const BURNT_SECONDS = 0.3;
const HELD_BYTES = 96 * 1024 * 1024;
/** What starting two processes of Node may take besides. */
const OVERHEAD_SECONDS = 1;
const OVERHEAD_BYTES = 256 * 1024 * 1024;

/** Burns CPU time and holds memory in a process of its own, and says how much CPU it took itself. */
const GRANDCHILD = `
const held = Buffer.alloc(${HELD_BYTES}, 1);
while (process.cpuUsage().user < ${BURNT_SECONDS} * 1e6) held[0]++;
const { user, system } = process.cpuUsage();
console.log((user + system) / 1e6);`;
const CHILD = `
const { spawnSync } = require("node:child_process");
process.exit(spawnSync(process.execPath, ["-e", process.argv[1]], { stdio: "inherit" }).status);`;

/**
 * Measures what is known beforehand: a process whose child takes time and memory. A measure that misses
 * either would make every figure behind it worthless.
 * @throws Error with what it missed
 */
export async function checkMeasure(options: MeasureOptions): Promise<void> {
  const seen = await measure(["node", "-e", CHILD, GRANDCHILD], options);
  const saidSeconds = Number(seen.stdout);
  if (seen.exitCode !== 0 || !(saidSeconds >= BURNT_SECONDS)) {
    throw new Error(`the trial of the measure did not run: ${seen.stderr}`);
  }
  requireBetween("CPU seconds", seen.cpuSeconds, saidSeconds, saidSeconds + OVERHEAD_SECONDS);
  requireBetween("bytes", seen.peakRssBytes, HELD_BYTES, HELD_BYTES + OVERHEAD_BYTES);
  if (seen.wallSeconds < BURNT_SECONDS) throw new Error(`measured ${seen.wallSeconds} s at most`);
  const failing = await measure(["node", "-e", "process.exit(7)"], options);
  if (failing.exitCode !== 7) throw new Error("the measure hides a command's failure");
}

function requireBetween(what: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new Error(
    `the measure is wrong on this machine: ${value} ${what}, where ${least} to ${most} were to be seen`,
  );
}
