import type { MessagePort } from "node:worker_threads";
import {
  type PairOutcome,
  type PairTask,
  playPairs,
  playRaces,
  type RaceOutcome,
  type RaceTask,
} from "./exhaustive-main.ts";
import { DATABASE_FAULTS, STORE_FAULTS } from "./faults.ts";
import type { PortMutant } from "./fleet.ts";
import { PORT_MUTANTS } from "./port-mutants.ts";
import { simulate, type SimulationResult } from "./scenario.ts";
import { NOTHING, type Outcome, type SeedTask, sumOf } from "./tasks.ts";

/** One seed in so many is played twice: it must come out the same (1 %). */
const REPLAY_EVERY = 100;

const FAULTS: ReadonlySet<string> = new Set<string>([...STORE_FAULTS, ...DATABASE_FAULTS]);

/** Plays what it is sent, and answers what came of it. */
export function serve(port: MessagePort, mutantName: string | null): void {
  const mutant = PORT_MUTANTS.find(({ name }) => name === mutantName);
  if (mutantName !== null && !mutant) throw new Error(`there is no mutant '${mutantName}'`);
  port.on("message", (task: SeedTask | PairTask | RaceTask) => {
    play(task, mutant).then(
      (outcome) => port.postMessage(outcome),
      (error: unknown) => {
        // The thread's own error event tells it to who waits.
        setImmediate(() => {
          throw error;
        });
      },
    );
  });
}

async function play(
  task: SeedTask | PairTask | RaceTask,
  mutant: PortMutant | undefined,
): Promise<Outcome | PairOutcome | RaceOutcome> {
  // Ticks that are queued within the callback of a message are not run: a world would stand still.
  await new Promise((resolve) => setImmediate(resolve));
  if ("races" in task) return await playRaces(task);
  return "scenario" in task ? await playPairs(task) : await playSeeds(task, mutant);
}

async function playSeeds(task: SeedTask, mutant: PortMutant | undefined): Promise<Outcome> {
  let sum = NOTHING;
  const options = mutant ? { mutant } : {};
  for (let seed = task.from; seed < task.from + task.count; seed++) {
    const result = await simulate(seed, options);
    const isReplayed = seed % REPLAY_EVERY === 0 && !task.untilViolation;
    const again = isReplayed ? await simulate(seed, options) : null;
    sum = sumOf(sum, outcomeOf(result, again));
    if (task.untilViolation && sum.failures.length > 0) break;
  }
  return sum;
}

function outcomeOf(result: SimulationResult, again: SimulationResult | null): Outcome {
  const { seed, violations, hits, events, deletions, calls, kills } = result;
  let faults = 0;
  for (const [what, times] of hits) if (FAULTS.has(what.split(" ")[1] ?? "")) faults += times;
  const isSame = again === null || (again.hash === result.hash && again.events === events);
  return {
    seeds: 1,
    failures: violations.length > 0 ? [{ seed, violations }] : [],
    events,
    deletions,
    calls,
    kills,
    faults,
    replayed: again ? 1 : 0,
    different: isSame ? [] : [seed],
    hits,
  };
}
