import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
  },
});
const isNumber = (text: string): boolean => /^\d{1,12}$/.test(text);
if (!isNumber(values.requests) || !isNumber(values.seed)) {
  console.error("usage: npm run fuzz -- [--requests N] [--seed S]");
  process.exit(2);
}
/** The test is the fuzzer; so many requests in memory, and a tenth of them on the embedded database. */
const { status } = spawnSync("vitest", ["run", "--project", "quick", "test/fuzz/fuzz.test.ts"], {
  stdio: "inherit",
  env: {
    ...process.env,
    EXPUNGE_TEST_FUZZ_REQUESTS: values.requests,
    EXPUNGE_TEST_FUZZ_SEED: values.seed,
  },
});
process.exit(status ?? 1);
