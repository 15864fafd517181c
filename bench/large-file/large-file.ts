import { temporaryDir } from "../../test/support/service-process.ts";
import { thisMachine } from "../machine.ts";
import { forgetHighWaterMark, highWaterMark, residentBytes } from "../memory.ts";
import { published, startService } from "../service.ts";
import { download, upload } from "../stream/transfer.ts";
import { type LargeFileReport, linesOf, reportOf, type Stage } from "./report.ts";

export interface LargeFileOptions {
  readonly sizeMib: number;
  /** A `postgres://` URL, or null for the embedded database. */
  readonly database: string | null;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

const MiB = 1024 * 1024;
const SAMPLE_MS = 1000;
const PROJECT = "bench";

/** Runs the benchmark and prints it; answers the exit code. */
export async function benchLargeFile(options: LargeFileOptions): Promise<number> {
  const report = await measure(options);
  console.log(options.json ? JSON.stringify(report, null, 2) : linesOf(report).join("\n"));
  for (const problem of report.problems) console.error(`problem: ${problem}`);
  return report.problems.length === 0 ? 0 : 1;
}

async function measure(options: LargeFileOptions): Promise<LargeFileReport> {
  const { sizeMib, database, signal } = options;
  const machine = thisMachine();
  // Published code: stripping types from sources takes memory of its own.
  const script = await published();
  await using directory = await temporaryDir();
  // The first start makes database and keys; what is measured is a service that has them.
  const first = await startService(directory.path, database, { script });
  const firstStartBytes = await highWaterMark(first.pid);
  await first.stop();
  const service = await startService(directory.path, database, { script });
  try {
    const { pid } = service;
    const startBytes = await highWaterMark(pid);
    await service.json("POST", "/v1/projects", { json: { id: PROJECT }, status: 201 });
    const url = `${service.url}/v1/projects/${PROJECT}/files/large`;
    const headers = { authorization: `Bearer ${service.flags[3] ?? ""}` };
    const sizeBytes = sizeMib * MiB;
    const stages: Stage[] = [];
    for (const [name, transfer] of [
      ["upload", upload],
      ["download", download],
    ] as const) {
      signal.throwIfAborted();
      stages.push(await watched(pid, name, () => transfer(url, sizeBytes, headers)));
    }
    return reportOf({ machine, sizeMib, database, firstStartBytes, startBytes, stages });
  } finally {
    await service.stop();
  }
}

async function watched(
  pid: number,
  name: Stage["name"],
  transfer: () => Promise<number>,
): Promise<Stage> {
  await forgetHighWaterMark(pid);
  const rssBytes: number[] = [await residentBytes(pid)];
  const timer = setInterval(() => {
    void residentBytes(pid).then((bytes) => rssBytes.push(bytes));
  }, SAMPLE_MS);
  try {
    const seconds = await transfer();
    return { name, seconds, peakBytes: await highWaterMark(pid), rssBytes };
  } finally {
    clearInterval(timer);
  }
}
