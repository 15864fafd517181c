import { parseArgs } from "node:util";
import { benchSweep } from "./sweep/sweep.ts";

const USAGE = `usage: npm run bench -- sweep [--objects N] [--runs N] [--json]

sweep   deletes N objects (10,000 of 100 B) below a prefix of a fresh bucket with 'expunge sweep', which
        lists, deletes and verifies, and with rclone, s3cmd and the AWS CLI where they are installed, in
        turns. It starts Ceph's S3 gateway on this machine; EXPUNGE_TEST_S3_ENDPOINT, with
        EXPUNGE_TEST_S3_ACCESS_KEY_ID, EXPUNGE_TEST_S3_SECRET_ACCESS_KEY and EXPUNGE_TEST_S3_REGION beside
        it, names another server, where buckets are then created and removed.

exit code 0: done, and expunge verified its own; 1: something failed or was left; 2: wrong usage`;

const OBJECTS_MAX = 1_000_000;
const RUNS_MAX = 100;

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => interrupt.abort(new Error("interrupted")));
}
process.exitCode = await main();

async function main(): Promise<number> {
  const asked = parse(process.argv.slice(2));
  if (asked === null) {
    console.error(USAGE);
    return 2;
  }
  try {
    return await benchSweep({ ...asked, signal: interrupt.signal });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return interrupt.signal.aborted ? 130 : 1;
  }
}

function parse(args: readonly string[]): { objects: number; runs: number; json: boolean } | null {
  const options = {
    objects: { type: "string", default: "10000" },
    runs: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
    });
    const objects = wholeNumber(values.objects, OBJECTS_MAX);
    const runs = wholeNumber(values.runs, RUNS_MAX);
    if (positionals.join(" ") !== "sweep" || objects === null || runs === null) return null;
    return { objects, runs, json: values.json };
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function wholeNumber(text: string, max: number): number | null {
  const value = Number(text.replaceAll(/[_,]/g, ""));
  return Number.isInteger(value) && value >= 1 && value <= max ? value : null;
}
