import { checkMeasure } from "../check-measure.ts";
import { measure, type Measured } from "../measure.ts";
import { type Machine, ROOT, thisMachine } from "../machine.ts";
import { Others } from "../others.ts";
import { Bucket, PREFIX } from "./bucket.ts";
import { linesOf, type Turn, reportOf } from "./report.ts";
import { openServer, type Server } from "./server.ts";
import { openToolbox, type Tool, type Toolbox } from "./tools.ts";

export interface SweepBenchOptions {
  readonly objects: number;
  readonly runs: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Runs the benchmark and prints it; answers the exit code. */
export async function benchSweep(options: SweepBenchOptions): Promise<number> {
  const machine = thisMachine();
  await using server = await openServer();
  await using toolbox = await openToolbox(server);
  const { env } = toolbox;
  await checkMeasure({ cwd: ROOT, env, signal: options.signal });
  const turns = await takeTurns(server, toolbox, options);
  return await print(machine, server, toolbox, turns, options);
}

async function print(
  machine: Machine,
  server: Server,
  toolbox: Toolbox,
  turns: readonly Turn[],
  options: SweepBenchOptions,
): Promise<number> {
  const report = reportOf({ machine, server, toolbox, turns, ...options });
  console.log(options.json ? JSON.stringify(report, null, 2) : linesOf(report).join("\n"));
  for (const problem of report.problems) console.error(`problem: ${problem}`);
  return report.problems.length === 0 ? 0 : 1;
}

/** A B C D A B C D ...: what changes on the machine meanwhile meets all of them alike. */
async function takeTurns(
  server: Server,
  { ours, others, missing }: Toolbox,
  { objects, runs, signal }: SweepBenchOptions,
): Promise<readonly Turn[]> {
  for (const name of missing) console.error(`${name} is not installed and is left out`);
  const turns: Turn[] = [];
  for (let run = 1; run <= runs; run++) {
    for (const tool of [ours, ...others]) {
      const turn = await takeTurn(server, tool, objects, signal);
      turns.push(turn);
      const { wallSeconds, cpuSeconds, left, otherCores } = turn;
      console.error(
        `run ${run} of ${runs}: ${tool.name} ${wallSeconds.toFixed(2)} s, ` +
          `${cpuSeconds.toFixed(2)} CPU s, ${left} left; others ${otherCores.toFixed(2)} cores`,
      );
    }
  }
  return turns;
}

async function takeTurn(
  server: Server,
  tool: Tool,
  objects: number,
  signal: AbortSignal,
): Promise<Turn> {
  await using bucket = await Bucket.create(server.address);
  await bucket.fill(objects, signal);
  const command = tool.command(bucket.name, PREFIX);
  const others = new Others();
  const measured = await measure(command, { cwd: ROOT, env: tool.env, signal });
  const otherCores = others.cores();
  const { below, isSiblingThere } = await bucket.look();
  const { exitCode, wallSeconds, cpuSeconds, peakRssBytes } = measured;
  const figures = { exitCode, wallSeconds, cpuSeconds, peakRssBytes, otherCores };
  const problems = problemsOf(tool, measured, objects);
  if (below > 0) problems.push(`left ${below} of ${objects} objects`);
  if (!isSiblingThere) problems.push("removed an object outside the prefix");
  return {
    tool: tool.name,
    ...figures,
    left: below,
    problems: problems.map((problem) => `${tool.name} ${problem}`),
  };
}

function problemsOf({ name }: Tool, measured: Measured, objects: number): string[] {
  const { exitCode, stdout, stderr } = measured;
  const problems: string[] = [];
  if (exitCode !== 0) {
    const said = stderr.trim().split("\n").slice(-3).join(" / ");
    problems.push(`ended with exit code ${exitCode}: ${said}`);
  }
  if (name === "expunge" && !isVerified(stdout, objects)) {
    problems.push("did not verify that all of them are gone");
  }
  return problems;
}

/** Whether the document that `expunge sweep --json` prints says so. */
function isVerified(stdout: string, objects: number): boolean {
  try {
    const { verified, deleted } = JSON.parse(stdout) as { verified?: unknown; deleted?: unknown };
    return verified === true && deleted === objects;
  } catch {
    return false;
  }
}
