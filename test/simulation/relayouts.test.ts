import { expect, it } from "vitest";
import { simulate } from "./scenario.ts";

const SCHEDULES = 120;
/** What a run of the schedules must have played. */
const MUST_HIT = [
  "file moved",
  "held object let go",
  "move undone",
  "kill",
  "file read",
  ...["refused", "lost", "late", "twice"].map((fault) => `store.copyPart ${fault}`),
  ...["lost", "cut", "busy"].map((fault) => `db.commitFileMove ${fault}`),
];

it(
  `keeps every invariant in ${SCHEDULES} schedules of relayouts beside deletions and faults`,
  { timeout: 300_000 },
  async () => {
    const hits = new Map<string, number>();
    let deletions = 0;
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const result = await simulate(seed, { relayouts: true });
      expect(result.violations, `seed ${seed}`).toEqual([]);
      deletions += result.deletions;
      for (const [what, times] of result.hits) hits.set(what, (hits.get(what) ?? 0) + times);
    }
    expect(MUST_HIT.filter((what) => !hits.has(what))).toEqual([]);
    expect(deletions).toBeGreaterThan(SCHEDULES / 2);
  },
);
