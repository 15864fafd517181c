import { execFile } from "node:child_process";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { thisMachine } from "../../bench/machine.ts";
import { type Figures, type Planned, slowestOf } from "./campaign.ts";
import type { Kind } from "./run.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LOG = fileURLToPath(new URL("../../docs/reliability/crashes.ndjson", import.meta.url));

const run = promisify(execFile);

/** A line of the log: a batch of runs that is finished and checked. */
interface Recorded {
  readonly kind: Kind | "all";
  /** Seeds, both included; of `all` the numbers of the runs in the mix. */
  readonly from: number;
  readonly to: number;
  readonly runs: number;
  readonly kills: number;
  readonly stops: number;
  readonly postgresKills: number;
  readonly missedPoints: number;
  readonly violations: number;
  readonly acknowledged: number;
  readonly deletions: number;
  readonly receipts: number;
  /** Of deletions that were taken over before there was another fault. */
  readonly slowestTakeoverMs: number;
  /** Of all, from the fault that took their worker. */
  readonly slowestTakeoverThroughFaultsMs: number;
  readonly seconds: number;
  readonly commit: string;
  readonly dirty: boolean;
  readonly machine: string;
  readonly node: string;
  readonly at: string;
}

/** Adds a line for a batch. @param from the number of its first run within its kind or the mix */
export async function record(
  kind: Kind | "all",
  from: number,
  planned: readonly Planned[],
  figures: Figures,
): Promise<void> {
  const { results, acknowledged, deletions, receipts } = figures;
  const count = (of: Kind): number => results.filter((one) => one.kind === of).length;
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run("git", ["-C", ROOT, ...args])).stdout.trim();
  const slowest = slowestOf(results);
  const { cpu, cores } = thisMachine();
  const line: Recorded = {
    kind,
    from,
    to: from + planned.length - 1,
    runs: results.length,
    kills: count("kill"),
    stops: count("stop"),
    postgresKills: count("postgres"),
    missedPoints: results.filter(({ missed }) => missed !== null).length,
    violations: figures.violations.length,
    acknowledged,
    deletions,
    receipts,
    slowestTakeoverMs: slowest.slowestMs,
    slowestTakeoverThroughFaultsMs: slowest.throughFaultsMs,
    seconds: Math.round(figures.seconds * 10) / 10,
    commit: await git("rev-parse", "HEAD"),
    dirty: (await git("status", "--porcelain", "--", ":!docs/reliability")) !== "",
    machine: `${cpu}, ${cores} cores`,
    node: process.version,
    at: new Date().toISOString(),
  };
  await mkdir(dirname(LOG), { recursive: true });
  await appendFile(LOG, `${JSON.stringify(line)}\n`);
}

/** How many runs of a kind are recorded, and the last of their seeds. */
export async function lastRecorded(kind: Kind | "all"): Promise<{ runs: number; seed: number }> {
  const lines = (await readLog()).filter((line) => line.kind === kind);
  return {
    runs: lines.reduce((sum, line) => sum + line.runs, 0),
    seed: lines.reduce((last, { to }) => Math.max(last, to), 0),
  };
}

async function readLog(): Promise<readonly Recorded[]> {
  try {
    const text = await readFile(LOG, "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Recorded);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
