import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { exhaust, playRaces } from "./exhaustive-main.ts";
import { injectionsFor, playInjected, SCENARIOS } from "./exhaustive.ts";

const PAIRS_TIMEOUT_MS = 900_000;
const THREADS = Math.max(2, availableParallelism());

describe("one deletion", () => {
  it(
    "ends with one receipt whatever single fault or pair of faults meets the worker's calls (I5)",
    async () => {
      const { failures, calls, singles, pairs } = await exhaust(0, THREADS);
      expect(failures).toEqual([]);
      expect(calls).toBeGreaterThan(40);
      expect(singles).toBeGreaterThan(calls * 3);
      expect(pairs).toBeGreaterThan((singles * singles) / 3);
    },
    PAIRS_TIMEOUT_MS,
  );

  it.each(SCENARIOS.map(({ name }, races) => ({ name, races })))(
    "ends with one receipt whenever a Complete of before lands: $name (I7)",
    async ({ races }) => {
      const { runs, failures } = await playRaces({ races });
      expect(failures).toEqual([]);
      expect(runs).toBeGreaterThan(40);
    },
    PAIRS_TIMEOUT_MS,
  );

  it.each(SCENARIOS.slice(1))(
    "ends with one receipt whatever single fault meets it: $name",
    async (scenario) => {
      const { calls, violations } = await playInjected(scenario, []);
      expect(violations).toEqual([]);
      for (const [at, call] of calls.entries()) {
        for (const fault of injectionsFor(call)) {
          const run = await playInjected(scenario, [{ at, fault }]);
          expect({ at, call, fault, violations: run.violations }).toEqual({
            at,
            call,
            fault,
            violations: [],
          });
        }
      }
    },
    PAIRS_TIMEOUT_MS,
  );
});
