import { type Hunt, hunt } from "./campaign.ts";
import { type Mutant, MUTANTS, REDUNDANCIES } from "./mutants.ts";

/** Hunts mutants, so many at a time, in threads of their own. */
export async function huntAll(
  mutants: readonly Mutant[],
  threads: number,
  done: (hunt: Hunt) => void,
): Promise<void> {
  const left = mutants.values();
  const work = async (): Promise<void> => {
    for (const mutant of left) done(await hunt(mutant));
  };
  await Promise.all(Array.from({ length: threads }, work));
}

/** Prints how many seeds each mutant took and what found it out; true when all were, and only they. */
export async function runMutants(threads: number, print: (line: string) => void): Promise<boolean> {
  let survivors = 0;
  await huntAll(MUTANTS, threads, ({ name, seeds, invariant, what }) => {
    if (invariant === null) survivors++;
    print(
      `${invariant ?? "SURVIVES"} after ${seeds} seeds: ${name}${what === "" ? "" : `: ${what}`}`,
    );
  });
  let caught = 0;
  await huntAll(REDUNDANCIES, threads, ({ name, seeds, invariant, what }) => {
    if (invariant !== null) caught++;
    print(
      `${invariant ?? "redundant"} in ${seeds} seeds: ${name}${what === "" ? "" : `: ${what}`}`,
    );
  });
  print(
    `${MUTANTS.length} mutants, ${survivors} survive; ${REDUNDANCIES.length} redundancies, ${caught} found out`,
  );
  return survivors === 0 && caught === 0;
}
