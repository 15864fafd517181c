import { utf8Length } from "../../../src/core/encoding.ts";
import type { StoreDifferences } from "./fixture.ts";

/** What is different on Ceph 16.2, with the reason of each in `StoreDifferences`. */
export function cephDifferences(prefix = ""): StoreDifferences {
  return {
    refusesKey: (key) => key.includes("\0") || utf8Length(prefix + key) > 1024,
    repeatsCompletions: true,
    completesAllParts: true,
    abortsMayLose: true,
    raceRounds: 40,
  };
}
