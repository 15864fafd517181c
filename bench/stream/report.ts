import { formatBytes, table } from "../../src/cli/output.ts";
import { shown, type Spread, spreadOf } from "../figures.ts";
import type { Machine } from "../machine.ts";

/** One file up and down again. */
export interface Turn {
  readonly server: string;
  readonly uploadMibPerSecond: number;
  readonly downloadMibPerSecond: number;
  /** Of the server's process meanwhile. */
  readonly peakRssBytes: number;
  readonly otherCores: number;
}

interface ServerReport {
  readonly name: string;
  readonly uploadMibPerSecond: Spread;
  readonly downloadMibPerSecond: Spread;
  readonly peakRssBytes: Spread;
  readonly otherCores: Spread;
}

export interface StreamBenchReport {
  readonly benchmark: "stream";
  readonly at: string;
  readonly machine: Machine;
  readonly node: string;
  readonly database: "embedded" | "postgres";
  readonly sizeMib: number;
  readonly runs: number;
  readonly servers: readonly ServerReport[];
  /** expunge's median by the bare server's. */
  readonly ratio: {
    readonly upload: number;
    readonly uploadUnsynced: number;
    readonly download: number;
  };
  readonly repeat: string;
  readonly problems: readonly string[];
}

/** What is promised of a stream through expunge, against the bare server. */
const RATIO_MIN = 0.8;

const NAMES = ["bare", "bare, synced", "expunge"] as const;

export function reportOf(given: {
  readonly machine: Machine;
  readonly turns: readonly Turn[];
  readonly sizeMib: number;
  readonly runs: number;
  readonly database: string | null;
}): StreamBenchReport {
  const { machine, turns, sizeMib, runs, database } = given;
  const [bare, synced, expunge] = NAMES.map((name) => serverReport(name, turns));
  if (!bare || !synced || !expunge) throw new RangeError("nothing was measured");
  const url = database === null ? "" : " --database URL";
  const ratio = {
    upload: expunge.uploadMibPerSecond.median / synced.uploadMibPerSecond.median,
    uploadUnsynced: expunge.uploadMibPerSecond.median / bare.uploadMibPerSecond.median,
    download: expunge.downloadMibPerSecond.median / bare.downloadMibPerSecond.median,
  };
  return {
    benchmark: "stream",
    at: new Date().toISOString(),
    machine,
    node: process.version,
    database: database === null ? "embedded" : "postgres",
    sizeMib,
    runs,
    servers: [bare, synced, expunge],
    ratio,
    repeat: `npm run bench -- stream --mib ${sizeMib} --runs ${runs}${url}`,
    problems: (["upload", "download"] as const)
      .filter((way) => ratio[way] < RATIO_MIN)
      .map((way) => `the ${way} is slower than ${RATIO_MIN} of the bare server's`),
  };
}

function serverReport(name: string, turns: readonly Turn[]): ServerReport {
  const own = turns.filter(({ server }) => server === name);
  const spread = (value: (turn: Turn) => number): Spread => spreadOf(own.map((one) => value(one)));
  return {
    name,
    uploadMibPerSecond: spread((turn) => turn.uploadMibPerSecond),
    downloadMibPerSecond: spread((turn) => turn.downloadMibPerSecond),
    peakRssBytes: spread((turn) => turn.peakRssBytes),
    otherCores: spread((turn) => turn.otherCores),
  };
}

/** The report for people; the last line has the figures alone. */
export function linesOf(report: StreamBenchReport): readonly string[] {
  const { machine, servers, ratio } = report;
  const cpu = `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`;
  return [
    `One file of ${report.sizeMib} MiB up and down again, in turns, runs of each: ${report.runs}`,
    "expunge hashes it, keeps a row, and answers when the bytes are on the medium; 'bare' pipes them into a",
    "file and answers at once; 'bare, synced' waits for the medium as well.",
    "",
    `date      ${report.at}`,
    `machine   ${cpu}, ${machine.kernel}; load before ${machine.loadBefore.toFixed(1)}`,
    `node      ${report.node}; database of expunge ${report.database}`,
    "",
    "Medians (least-most):",
    ...table(
      ["server", "up MiB/s", "down MiB/s", "peak", "others' cores"],
      servers.map((server) => [
        server.name,
        shown(server.uploadMibPerSecond, 0),
        shown(server.downloadMibPerSecond, 0),
        formatBytes(server.peakRssBytes.max),
        shown(server.otherCores, 2),
      ]),
    ),
    "",
    `again: ${report.repeat}`,
    `stream of ${report.sizeMib} MiB: up ${ratio.upload.toFixed(2)} of synced, ` +
      `${ratio.uploadUnsynced.toFixed(2)} of unsynced; down ${ratio.download.toFixed(2)}`,
  ];
}
