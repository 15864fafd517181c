import type { RaceOutcome, RaceTask } from "./exhaustive-main.ts";
import { MUTANT_SEEDS_MAX, type Mutant } from "./mutants.ts";
import { NOTHING, type Outcome, type SeedTask, sumOf } from "./tasks.ts";
import { spread, Thread } from "./threads.ts";

const CHUNK_SEEDS = 50;

function* chunks(from: number, count: number): Generator<SeedTask> {
  for (let at = from; at < from + count; at += CHUNK_SEEDS) {
    const left = from + count - at;
    yield { from: at, count: Math.min(CHUNK_SEEDS, left), untilViolation: false };
  }
}

/** Plays a range of seeds on so many threads. */
export async function playRange(from: number, count: number, threads: number): Promise<Outcome> {
  let sum = NOTHING;
  const start = (): Thread<SeedTask, Outcome> => new Thread();
  await spread(chunks(from, count), start, threads, (outcome) => {
    sum = sumOf(sum, outcome);
  });
  return sum;
}

/** How a mutant fared: the seed that found it out and by what, or null. */
export interface Hunt {
  readonly name: string;
  readonly seeds: number;
  readonly invariant: string | null;
  readonly what: string;
}

/** Plays a mutant, in a thread of its own, until a seed finds it out or the bound is reached. */
export async function hunt(mutant: Mutant): Promise<Hunt> {
  if (mutant.isOfRace === true) return await huntInRace(mutant);
  const thread = new Thread<SeedTask, Outcome>(mutant);
  const { name, seedsMax = MUTANT_SEEDS_MAX, firstSeed = 1 } = mutant;
  try {
    const task: SeedTask = { from: firstSeed, count: seedsMax, untilViolation: true };
    const { seeds, failures } = await thread.play(task);
    const [first] = failures[0]?.violations ?? [];
    return { name, seeds, invariant: first?.invariant ?? null, what: first?.what ?? "" };
  } finally {
    await thread.end();
  }
}

/** Plays a mutant on one deletion, with a Complete that lands before each of its calls. */
async function huntInRace(mutant: Mutant): Promise<Hunt> {
  const thread = new Thread<RaceTask, RaceOutcome>(mutant);
  try {
    const { runs, failures } = await thread.play({ races: 0 });
    const [what = ""] = failures;
    return { name: mutant.name, seeds: runs, invariant: /I\d+/.exec(what)?.[0] ?? null, what };
  } finally {
    await thread.end();
  }
}
