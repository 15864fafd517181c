import type { Violation } from "./model.ts";

/** A range of seeds for one thread. */
export interface SeedTask {
  readonly from: number;
  readonly count: number;
  /** Ends with the first seed that violates something. */
  readonly untilViolation: boolean;
}

export interface Failure {
  readonly seed: number;
  readonly violations: readonly Violation[];
}

/** What a range of seeds came to; ranges add up in any order. */
export interface Outcome {
  readonly seeds: number;
  readonly failures: readonly Failure[];
  readonly events: number;
  readonly deletions: number;
  readonly calls: number;
  readonly kills: number;
  readonly faults: number;
  /** Seeds that were played a second time, and those of them that came out otherwise. */
  readonly replayed: number;
  readonly different: readonly number[];
  /** How often each thing happened. */
  readonly hits: ReadonlyMap<string, number>;
}

export const NOTHING: Outcome = {
  seeds: 0,
  failures: [],
  events: 0,
  deletions: 0,
  calls: 0,
  kills: 0,
  faults: 0,
  replayed: 0,
  different: [],
  hits: new Map(),
};

export function sumOf(a: Outcome, b: Outcome): Outcome {
  const hits = new Map(a.hits);
  for (const [what, times] of b.hits) hits.set(what, (hits.get(what) ?? 0) + times);
  return {
    seeds: a.seeds + b.seeds,
    failures: [...a.failures, ...b.failures].sort((x, y) => x.seed - y.seed),
    events: a.events + b.events,
    deletions: a.deletions + b.deletions,
    calls: a.calls + b.calls,
    kills: a.kills + b.kills,
    faults: a.faults + b.faults,
    replayed: a.replayed + b.replayed,
    different: [...a.different, ...b.different].sort((x, y) => x - y),
    hits,
  };
}
