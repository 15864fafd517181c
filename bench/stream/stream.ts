import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { temporaryDir } from "../../test/support/service-process.ts";
import { thisMachine } from "../machine.ts";
import { forgetHighWaterMark, highWaterMark } from "../memory.ts";
import { Others } from "../others.ts";
import { linesOf, reportOf, type Turn } from "./report.ts";
import { openServers, type StreamServer } from "./servers.ts";
import { download, upload } from "./transfer.ts";

export interface StreamBenchOptions {
  readonly sizeMib: number;
  readonly runs: number;
  /** A `postgres://` URL, or null for the embedded database. */
  readonly database: string | null;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

const MiB = 1024 * 1024;
const run = promisify(execFile);

/** Runs the benchmark and prints it; answers the exit code. */
export async function benchStream(options: StreamBenchOptions): Promise<number> {
  const machine = thisMachine();
  await using directory = await temporaryDir();
  await using servers = await openServers(directory.path, options.database);
  const turns: Turn[] = [];
  const kinds = [
    { server: servers.bare, sync: false },
    { server: servers.bare, sync: true },
    { server: servers.expunge, sync: true },
  ];
  for (let at = 1; at <= options.runs; at++) {
    for (const { server, sync } of kinds) {
      options.signal.throwIfAborted();
      const turn = await takeTurn(server, sync, options.sizeMib * MiB, at);
      turns.push(turn);
      console.error(
        `run ${at} of ${options.runs}: ${turn.server}: up ${turn.uploadMibPerSecond.toFixed(0)}, ` +
          `down ${turn.downloadMibPerSecond.toFixed(0)} MiB/s; others ${turn.otherCores.toFixed(2)} cores`,
      );
    }
  }
  const report = reportOf({ machine, turns, ...options });
  console.log(options.json ? JSON.stringify(report, null, 2) : linesOf(report).join("\n"));
  for (const problem of report.problems) console.error(`problem: ${problem}`);
  return report.problems.length === 0 ? 0 : 1;
}

async function takeTurn(
  server: StreamServer,
  sync: boolean,
  sizeBytes: number,
  at: number,
): Promise<Turn> {
  // What an earlier turn left to be written would be paid by this one.
  await run("sync");
  const file = `stream-${at}`;
  const url = server.urlOf(file, { sync });
  await forgetHighWaterMark(server.pid);
  const others = new Others();
  const uploadSeconds = await upload(url, sizeBytes, server.headers);
  const downloadSeconds = await download(url, sizeBytes, server.headers);
  const otherCores = others.cores();
  const peakRssBytes = await highWaterMark(server.pid);
  await server.remove(file);
  const mib = sizeBytes / MiB;
  return {
    server: server.name === "bare" && sync ? "bare, synced" : server.name,
    uploadMibPerSecond: mib / uploadSeconds,
    downloadMibPerSecond: mib / downloadSeconds,
    peakRssBytes,
    otherCores,
  };
}
