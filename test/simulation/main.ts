import { parseArgs } from "node:util";
import { simulate } from "./scenario.ts";

/**
 * `npm run simulate -- --seeds N [--from S]` runs seeds until one violates an invariant;
 * `SEED=n npm run simulate -- --trace` replays one and prints every event.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});

const only = process.env["SEED"];
const from = Number(only ?? values.from);
const count = only === undefined ? Number(values.seeds) : 1;
if (!Number.isInteger(from) || !Number.isInteger(count) || count < 1) {
  console.error(
    "usage: npm run simulate -- --seeds N [--from S] [--trace]; SEED=n replays one seed",
  );
  process.exit(2);
}

const startedAt = Date.now();
let deletions = 0;
let events = 0;
let failures = 0;
for (let seed = from; seed < from + count; seed++) {
  const trace = values.trace ? { trace: (line: string) => console.log(line) } : {};
  const result = await simulate(seed, trace);
  deletions += result.deletions;
  events += result.events;
  if (result.violations.length === 0) continue;
  failures++;
  console.error(`SEED=${seed} violates:`);
  for (const { invariant, what } of result.violations) console.error(`  ${invariant} ${what}`);
}
const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
console.log(
  `${count} schedules, ${events} events, ${deletions} projects deleted, ${failures} with violations, ${seconds} s`,
);
process.exit(failures === 0 ? 0 : 1);
