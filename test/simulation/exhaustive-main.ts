import {
  injectionsFor,
  type Injection,
  LATE_COMPLETE,
  playInjected,
  SCENARIOS,
} from "./exhaustive.ts";
import { spread, Thread } from "./threads.ts";

const FAILURES_SHOWN = 20;

/** A single fault, and every second one after it. */
export interface PairTask {
  readonly scenario: number;
  readonly first: Injection;
}

export interface PairOutcome {
  readonly pairs: number;
  readonly failures: readonly string[];
}

export interface Exhausted {
  readonly name: string;
  /** Calls of the worker in the run without a fault. */
  readonly calls: number;
  readonly singles: number;
  readonly pairs: number;
  readonly failures: readonly string[];
}

function failureOf(injections: readonly Injection[], violations: readonly string[]): string[] {
  if (violations.length === 0) return [];
  const where = injections.map(({ at, fault }) => `${fault} at ${at}`).join(", ");
  return [`${where}: ${violations.slice(0, 3).join("; ")}`];
}

/** The single fault by itself, then with each fault at each call that comes after it in that run. */
export async function playPairs({ scenario, first }: PairTask): Promise<PairOutcome> {
  const played = SCENARIOS[scenario];
  if (!played) throw new RangeError(`there is no scenario ${scenario}`);
  const { calls, violations } = await playInjected(played, [first]);
  const failures = failureOf([first], violations);
  let pairs = 0;
  for (const [at, call] of calls.entries()) {
    if (at <= first.at) continue;
    for (const fault of injectionsFor(call)) {
      pairs++;
      const injections = [first, { at, fault }];
      const run = await playInjected(played, injections);
      failures.push(...failureOf(injections, run.violations));
    }
  }
  return { pairs, failures };
}

/** One scenario, each time with a Complete that lands before another call of the worker's. */
export interface RaceTask {
  readonly races: number;
}

export interface RaceOutcome {
  readonly runs: number;
  readonly failures: readonly string[];
}

/** A Complete that lands before each call in turn, as late as it may be. */
export async function playRaces({ races }: RaceTask): Promise<RaceOutcome> {
  const played = SCENARIOS[races];
  if (!played) throw new RangeError(`there is no scenario ${races}`);
  const { calls } = await playInjected(played, []);
  const failures: string[] = [];
  for (const at of calls.keys()) {
    const injections = [{ at, fault: LATE_COMPLETE } as const];
    failures.push(...failureOf(injections, (await playInjected(played, injections)).violations));
  }
  return { runs: calls.length, failures };
}

/** Every single fault and every pair of them on one scenario; none is left out. */
export async function exhaust(scenario: number, threads: number): Promise<Exhausted> {
  const played = SCENARIOS[scenario];
  if (!played) throw new RangeError(`there is no scenario ${scenario}`);
  const { calls, violations } = await playInjected(played, []);
  const tasks = calls.flatMap((call, at) =>
    injectionsFor(call).map((fault): PairTask => ({ scenario, first: { at, fault } })),
  );
  const failures = failureOf([], violations);
  let pairs = 0;
  const start = (): Thread<PairTask, PairOutcome> => new Thread();
  await spread(tasks, start, threads, (outcome) => {
    pairs += outcome.pairs;
    failures.push(...outcome.failures);
  });
  return { name: played.name, calls: calls.length, singles: tasks.length, pairs, failures };
}

/**
 * Prints the figures of each scenario; true when nothing failed.
 * @param from the first scenario, counted from 1
 * @param to the last one
 */
export async function runExhaustive(
  from: number,
  to: number,
  threads: number,
  print: (line: string) => void,
  done: (number: number, exhausted: Exhausted) => void,
): Promise<boolean> {
  let failed = 0;
  for (let number = from; number <= Math.min(to, SCENARIOS.length); number++) {
    const exhausted = await exhaust(number - 1, threads);
    const { name, calls, singles, pairs, failures } = exhausted;
    for (const failure of failures.slice(0, FAILURES_SHOWN)) print(`  ${failure}`);
    failed += failures.length;
    print(
      `${name}: ${calls} calls, ${singles} single faults, ${pairs} pairs, ${failures.length} failed`,
    );
    done(number, exhausted);
  }
  return failed === 0;
}
