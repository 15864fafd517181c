import { parseArgs } from "node:util";
import { benchAudit } from "./audit/audit.ts";
import { benchLargeFile } from "./large-file/large-file.ts";
import { benchLoad } from "./load/load.ts";
import { benchStream } from "./stream/stream.ts";
import { benchSweep } from "./sweep/sweep.ts";

const USAGE = `usage: npm run bench -- sweep [--objects N] [--runs N] [--json]
       npm run bench -- stream [--mib N] [--runs N] [--database URL] [--json]
       npm run bench -- large-file [--mib N] [--database URL] [--json]
       npm run bench -- load [--clients N] [--seconds N] [--database URL] [--json]
       npm run bench -- audit [--objects N] [--store local|s3] [--database URL] [--json]

sweep   deletes N objects (10,000 of 100 B) below a prefix of a fresh bucket with 'expunge sweep', which
        lists, deletes and verifies, and with rclone, s3cmd and the AWS CLI where they are installed, in
        turns. It starts Ceph's S3 gateway on this machine; EXPUNGE_TEST_S3_ENDPOINT, with
        EXPUNGE_TEST_S3_ACCESS_KEY_ID, EXPUNGE_TEST_S3_SECRET_ACCESS_KEY and EXPUNGE_TEST_S3_REGION beside
        it, names another server, where buckets are then created and removed.
stream  sends one file of N MiB (1,024) to the service on the local store and fetches it, and does the same
        with a bare Node http server on the same disk, in turns. It fails below 0.8 of that server's rate.
large-file
        sends one file of N MiB (5,120) to the service on the local store and fetches it, and shows the
        memory that it takes. It fails at 250 MB.
load    lets N clients (64) upload, download, list and delete files and projects for N seconds (60), all at
        once, on the local store and the embedded database or the one at URL. It fails at the first answer
        that is wrong, and where the memory of the service grows.
audit   plants 500 faults of every kind among N objects and rows, on the local store or on S3 as above, and
        audits them by the command line of a service on PostgreSQL, started here or at URL (an empty database):
        plainly, mending while uploads go on, and reading every byte. It fails where anything but those faults is
        found or removed, and above 200 MB of the process that audits.

exit code 0: done, and what it shows holds; 1: something failed or was left; 2: wrong usage`;

const OPTIONS = {
  objects: { type: "string", default: "10000" },
  mib: { type: "string" },
  runs: { type: "string", default: "3" },
  clients: { type: "string", default: "64" },
  seconds: { type: "string", default: "60" },
  store: { type: "string", default: "local" },
  database: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** The most that each number may be. */
const MOST = {
  objects: 1_000_000,
  mib: 100_000,
  runs: 100,
  clients: 1_000,
  seconds: 86_400,
} as const;

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => interrupt.abort(new Error("interrupted")));
}
process.exitCode = await main();

async function main(): Promise<number> {
  const run = parse(process.argv.slice(2));
  if (run === null) {
    console.error(USAGE);
    return 2;
  }
  try {
    return await run();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return interrupt.signal.aborted ? 130 : 1;
  }
}

function parse(args: readonly string[]): (() => Promise<number>) | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: OPTIONS,
      allowPositionals: true,
    });
    const number = (name: Exclude<keyof typeof MOST, "mib">): number =>
      wholeNumber(values[name], MOST[name]);
    const [objects, runs] = [number("objects"), number("runs")];
    const mib = (otherwise: number): number =>
      values.mib === undefined ? otherwise : wholeNumber(values.mib, MOST.mib);
    const [clients, seconds] = [number("clients"), number("seconds")];
    const { json, database = null } = values;
    const { signal } = interrupt;
    switch (positionals.join(" ")) {
      case "sweep":
        return () => benchSweep({ objects, runs, json, signal });
      case "stream":
        return () => benchStream({ sizeMib: mib(1024), runs, database, json, signal });
      case "large-file":
        return () => benchLargeFile({ sizeMib: mib(5120), database, json, signal });
      case "load":
        return () => benchLoad({ clients, seconds, database, json, signal });
      case "audit": {
        const { store } = values;
        if (store !== "local" && store !== "s3") return null;
        return () => benchAudit({ objects, store, database, json, signal });
      }
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** @throws TypeError */
function wholeNumber(text: string, max: number): number {
  const value = Number(text.replaceAll(/[_,]/g, ""));
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new TypeError(`'${text}' is no whole number from 1 to ${max}`);
}
