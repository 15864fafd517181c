import { parseArgs } from "node:util";
import { benchStream } from "./stream/stream.ts";
import { benchSweep } from "./sweep/sweep.ts";

const USAGE = `usage: npm run bench -- sweep [--objects N] [--runs N] [--json]
       npm run bench -- stream [--mib N] [--runs N] [--json]

sweep   deletes N objects (10,000 of 100 B) below a prefix of a fresh bucket with 'expunge sweep', which
        lists, deletes and verifies, and with rclone, s3cmd and the AWS CLI where they are installed, in
        turns. It starts Ceph's S3 gateway on this machine; EXPUNGE_TEST_S3_ENDPOINT, with
        EXPUNGE_TEST_S3_ACCESS_KEY_ID, EXPUNGE_TEST_S3_SECRET_ACCESS_KEY and EXPUNGE_TEST_S3_REGION beside
        it, names another server, where buckets are then created and removed.
stream  sends one file of N MiB (1,024) to the service on the local store and fetches it, and does the same
        with a bare Node http server on the same disk, in turns. It fails below 0.8 of that server's rate.

exit code 0: done, and expunge verified its own; 1: something failed or was left; 2: wrong usage`;

const OBJECTS_MAX = 1_000_000;
const MIB_MAX = 100_000;
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
    const { signal } = interrupt;
    return await (asked.name === "sweep"
      ? benchSweep({ ...asked, signal })
      : benchStream({ ...asked, signal }));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return interrupt.signal.aborted ? 130 : 1;
  }
}

interface Asked {
  readonly name: "sweep" | "stream";
  readonly objects: number;
  readonly sizeMib: number;
  readonly runs: number;
  readonly json: boolean;
}

function parse(args: readonly string[]): Asked | null {
  const options = {
    objects: { type: "string", default: "10000" },
    mib: { type: "string", default: "1024" },
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
    const sizeMib = wholeNumber(values.mib, MIB_MAX);
    const runs = wholeNumber(values.runs, RUNS_MAX);
    const name = positionals.join(" ");
    if (name !== "sweep" && name !== "stream") return null;
    if (objects === null || sizeMib === null || runs === null) return null;
    return { name, objects, sizeMib, runs, json: values.json };
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function wholeNumber(text: string, max: number): number | null {
  const value = Number(text.replaceAll(/[_,]/g, ""));
  return Number.isInteger(value) && value >= 1 && value <= max ? value : null;
}
