import { type ServiceProcess, temporaryDir } from "../../test/support/service-process.ts";
import { thisMachine } from "../machine.ts";
import { residentBytes } from "../memory.ts";
import { startService } from "../service.ts";
import { Others } from "../others.ts";
import { Client, type Sample } from "./client.ts";
import { linesOf, reportOf } from "./report.ts";

export interface LoadBenchOptions {
  readonly clients: number;
  readonly seconds: number;
  /** A `postgres://` URL, or null for the embedded database. */
  readonly database: string | null;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

const RSS_EVERY_MS = 1000;
const SEED = 1;

/** Runs the benchmark and prints it; answers the exit code. */
export async function benchLoad(options: LoadBenchOptions): Promise<number> {
  const machine = thisMachine();
  await using directory = await temporaryDir();
  const service = await startService(directory.path, options.database);
  try {
    const others = new Others();
    const { samples, rssBytes, seconds } = await drive(service, options);
    const otherCores = others.cores();
    const report = reportOf({ machine, samples, rssBytes, otherCores, ...options, seconds });
    console.log(options.json ? JSON.stringify(report, null, 2) : linesOf(report).join("\n"));
    for (const problem of report.problems) console.error(`problem: ${problem}`);
    return report.problems.length === 0 ? 0 : 1;
  } finally {
    await service.stop();
  }
}

interface Driven {
  readonly samples: readonly Sample[];
  /** Of the service, once a second. */
  readonly rssBytes: readonly number[];
  readonly seconds: number;
}

async function drive(
  service: ServiceProcess,
  { clients, seconds, signal }: LoadBenchOptions,
): Promise<Driven> {
  const target = {
    url: service.url,
    headers: { authorization: `Bearer ${service.flags[3] ?? ""}` },
  };
  const rssBytes: number[] = [];
  const watch = setInterval(() => {
    void residentBytes(service.pid).then((bytes) => rssBytes.push(bytes));
  }, RSS_EVERY_MS);
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const samples: Sample[] = [];
  const all = Array.from(
    { length: clients },
    (_, at) => new Client(target, `load-${at}`, chanceOf(SEED + at)),
  );
  try {
    await Promise.all(
      all.map(async (client) => {
        await client.begin();
        while (performance.now() < end && !signal.aborted) samples.push(await client.step());
        client.end();
      }),
    );
  } finally {
    clearInterval(watch);
  }
  signal.throwIfAborted();
  return { samples, rssBytes, seconds: (performance.now() - begun) / 1000 };
}

/** Numbers in [0, 1) that are the same for the same seed (xorshift, 32 bits). */
function chanceOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
