import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { playRange } from "./campaign.ts";
import { runExhaustive } from "./exhaustive-main.ts";
import { runMutants } from "./mutants-main.ts";
import { neverHit } from "./must-hit.ts";
import { appendRange, lastOf } from "./record.ts";
import { simulate } from "./scenario.ts";
import { NOTHING, type Outcome, sumOf } from "./tasks.ts";

/** So many seeds are recorded at a time: a run that is stopped loses no more. */
const RANGE_SEEDS = 2000;
const LOG_DEFAULT = "docs/reliability/simulations.ndjson";
/** Fewer seeds than these need not have struck everything. */
const MUST_HIT_FROM_SEEDS = 20_000;

const USAGE = `usage: npm run simulate -- [--seeds N] [--from S] [--workers N] [--record] [--log FILE] [--resume]
       npm run simulate -- --mutants | --exhaustive [--scenarios N] [--record] [--log FILE] [--resume]
       SEED=n npm run simulate -- --trace`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    scenarios: { type: "string", default: "1" },
    log: { type: "string" },
    record: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    exhaustive: { type: "boolean", default: false },
  },
});

function numberOf(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  console.error(USAGE);
  process.exit(2);
}

function logFile(): string | null {
  return values.log ?? (values.record || values.resume ? LOG_DEFAULT : null);
}

async function replay(seed: number): Promise<boolean> {
  const trace = values.trace ? { trace: (line: string) => console.log(line) } : {};
  const { violations, events, deletions, hash } = await simulate(seed, trace);
  for (const { invariant, what } of violations) console.error(`${invariant} ${what}`);
  console.log(
    `seed ${seed}: ${events} events, ${deletions} deletions, ${violations.length} violations, hash ${hash}`,
  );
  return violations.length === 0;
}

async function playSeeds(threads: number): Promise<boolean> {
  const wanted = numberOf(values.seeds);
  const log = logFile();
  const last = log !== null && values.resume ? lastOf(log, "schedules") : null;
  const from = last === null ? numberOf(values.from) : last + 1;
  const end = last === null ? from + wanted : Math.max(from, wanted + 1);
  const startedAt = Date.now();
  let sum: Outcome = NOTHING;
  for (let at = from; at < end; at += RANGE_SEEDS) {
    const begun = Date.now();
    const count = Math.min(RANGE_SEEDS, end - at);
    const outcome = await playRange(at, count, threads);
    sum = sumOf(sum, outcome);
    for (const { seed, violations } of outcome.failures) {
      const what = violations.map((one) => `\n  ${one.invariant} ${one.what}`).join("");
      console.error(`SEED=${seed} violates:${what}`);
    }
    for (const seed of outcome.different) console.error(`SEED=${seed} plays differently each time`);
    if (log === null) continue;
    const { events, deletions, calls, faults, kills, replayed } = outcome;
    const seconds = (Date.now() - begun) / 1000;
    const violations = outcome.failures.length + outcome.different.length;
    const to = at + count - 1;
    const figures = { seeds: count, violations, replayed, events, deletions, calls, faults, kills };
    appendRange(log, { kind: "schedules", from: at, to, ...figures, workers: threads, seconds });
  }
  const missed = sum.seeds >= MUST_HIT_FROM_SEEDS ? neverHit(sum.hits) : [];
  for (const what of missed) console.error(`never played: ${what}`);
  const seconds = (Date.now() - startedAt) / 1000;
  console.log(
    `${sum.seeds} schedules (${from} to ${end - 1}), ${sum.failures.length} with violations, ` +
      `${sum.different.length} of ${sum.replayed} replays differ, ${sum.deletions} deletions, ` +
      `${sum.calls} calls, ${sum.faults} faults, ${sum.kills} kills, ${sum.events} events, ` +
      `${seconds.toFixed(1)} s on ${threads} threads (${(sum.seeds / seconds).toFixed(0)} a second)`,
  );
  return sum.failures.length + sum.different.length + missed.length === 0;
}

async function playExhaustive(threads: number): Promise<boolean> {
  const log = logFile();
  const last = log !== null && values.resume ? (lastOf(log, "exhaustive") ?? 0) : 0;
  const print = (line: string): void => console.log(line);
  let begun = Date.now();
  return await runExhaustive(last + 1, numberOf(values.scenarios), threads, print, (at, one) => {
    const seconds = (Date.now() - begun) / 1000;
    begun = Date.now();
    const { name, calls, singles, pairs, failures } = one;
    const figures = { scenario: name, calls, singles, pairs, violations: failures.length };
    const range = { kind: "exhaustive", from: at, to: at, ...figures, workers: threads, seconds };
    if (log !== null) appendRange(log, range);
  });
}

async function main(): Promise<boolean> {
  const only = process.env["SEED"];
  const threads = numberOf(values.workers);
  if (only !== undefined) return await replay(numberOf(only));
  const print = (line: string): void => console.log(line);
  if (values.mutants) return await runMutants(threads, print);
  if (values.exhaustive) return await playExhaustive(threads);
  return await playSeeds(threads);
}

process.exit((await main()) ? 0 : 1);
