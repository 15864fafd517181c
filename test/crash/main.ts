import { parseArgs } from "node:util";
import { Campaign, type Figures, type Planned, slowestOf } from "./campaign.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { lastRecorded, record } from "./record.ts";
import { Rig } from "./rig.ts";
import { type Kind, KINDS, type RunResult } from "./run.ts";

const USAGE = `usage: npm run crash -- --runs N [--seed S] [--kind kill|stop|postgres|all] [--record] [--resume]

Starts PostgreSQL, Ceph's S3 gateway and two processes of the service, and does N faults in the midst of
deletions, each with its check: a process is killed at a named point or a random time, stopped for 1.5
leases, or PostgreSQL is killed. 'all' mixes them, 10 : 2 : 1.

--seed S    begins at this seed of the kind (1)
--record    adds a line to docs/reliability/crashes.ndjson for each ${CRASH_LIMITS.batchRuns} runs
--resume    goes on behind the last recorded seed, until N runs of the kind are recorded in all

exit code 0: no violation; 1: some, or the campaign broke down; 2: wrong usage`;

/** How 'all' mixes the kinds. */
const MIX: readonly Kind[] = [
  ...(["kill", "kill", "kill", "stop", "kill", "kill", "kill"] as const),
  ...(["kill", "stop", "kill", "kill", "kill", "postgres"] as const),
];

interface Asked {
  readonly runs: number;
  readonly seed: number;
  readonly kind: Kind | "all";
  readonly record: boolean;
  readonly resume: boolean;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = parse(process.argv.slice(2));
  if (asked === null) {
    console.error(USAGE);
    return 2;
  }
  const { first, planned } = await planOf(asked);
  if (planned.length === 0) {
    console.log(`all ${asked.runs} runs are recorded`);
    return 0;
  }
  const rig = await Rig.start();
  const campaign = await Campaign.on(rig);
  let code = 1;
  try {
    code = await batches(campaign, first, planned, asked);
  } finally {
    await campaign.close();
    await rig[Symbol.asyncDispose]();
    if (code === 0) await rig.forget();
    else console.error(`history and logs are kept in ${rig.dir}`);
  }
  return code;
}

async function batches(
  campaign: Campaign,
  first: number,
  planned: readonly Planned[],
  asked: Asked,
): Promise<number> {
  const all: Figures[] = [];
  for (let at = 0; at < planned.length; at += CRASH_LIMITS.batchRuns) {
    const batch = planned.slice(at, at + CRASH_LIMITS.batchRuns);
    const figures = await campaign.run(batch, report);
    all.push(figures);
    if (asked.record) await record(asked.kind, first + at, batch, figures);
    console.log(lineOf([figures]));
    for (const { invariant, what } of figures.violations) console.error(`  ${invariant} ${what}`);
    if (figures.violations.length > 0) break;
  }
  if (all.length > 1) console.log(`in all: ${lineOf(all)}`);
  return all.some(({ violations }) => violations.length > 0) ? 1 : 0;
}

function report({ kind, seed, hit, missed, takeover, endMs, violations }: RunResult): void {
  const where = hit ?? (missed === null ? "at a random time" : `missed ${missed}`);
  const times = `taken over in ${takeover.throughFaultsMs} ms, ended in ${endMs} ms`;
  console.log(`${kind} ${seed} ${where}: ${times}, ${violations.length} violations`);
}

function lineOf(all: readonly Figures[]): string {
  const results = all.flatMap((one) => one.results);
  const sum = (of: (figures: Figures) => number): number =>
    all.reduce((total, figures) => total + of(figures), 0);
  const slowest = slowestOf(results);
  const kinds = KINDS.map((kind) => `${results.filter((one) => one.kind === kind).length} ${kind}`);
  return [
    `${results.length} runs (${kinds.join(", ")})`,
    `${sum((one) => one.acknowledged)} acknowledgements`,
    `${sum((one) => one.deletions)} deletions`,
    `${sum((one) => one.receipts)} receipts`,
    `${sum((one) => one.violations.length)} violations`,
    `slowest takeover ${slowest.slowestMs} ms (${slowest.throughFaultsMs} ms through further faults)`,
    `${results.filter(({ missed }) => missed !== null).length} points missed`,
    `${sum((one) => one.seconds).toFixed(1)} s`,
  ].join(", ");
}

interface Plan {
  readonly first: number;
  readonly planned: readonly Planned[];
}

/** Each kind counts its own seeds, in the mix too, so that its points come in order. */
async function planOf({ runs, seed, kind, resume }: Asked): Promise<Plan> {
  const last = resume ? await lastRecorded(kind) : { runs: 0, seed: seed - 1 };
  const first = last.seed + 1;
  const numbers = Array.from({ length: Math.max(runs - last.runs, 0) }, (_, i) => first + i);
  if (kind !== "all") return { first, planned: numbers.map((number) => ({ kind, seed: number })) };
  return { first, planned: numbers.map(mixed) };
}

function mixed(number: number): Planned {
  const kinds = Array.from({ length: number }, (_, i) => MIX[i % MIX.length] ?? "kill");
  const kind = kinds.at(-1) ?? "kill";
  return { kind, seed: kinds.filter((one) => one === kind).length };
}

function parse(args: readonly string[]): Asked | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        runs: { type: "string" },
        seed: { type: "string", default: "1" },
        kind: { type: "string", default: "all" },
        record: { type: "boolean", default: false },
        resume: { type: "boolean", default: false },
      },
    });
    const kind = [...KINDS, "all" as const].find((one) => one === values.kind);
    const [runs, seed] = [Number(values.runs), Number(values.seed)];
    const isWhole = [runs, seed].every((one) => Number.isInteger(one) && one >= 1);
    if (kind === undefined || !isWhole) return null;
    return { runs, seed, kind, record: values.record, resume: values.resume };
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
