import { formatBytes, table } from "../../src/cli/output.ts";
import type { Machine } from "../machine.ts";

/** One way of the file. */
export interface Stage {
  readonly name: "upload" | "download";
  readonly seconds: number;
  /** The most that the service had meanwhile (VmHWM). */
  readonly peakBytes: number;
  /** What it had before and then once a second (VmRSS). */
  readonly rssBytes: readonly number[];
}

interface Facts {
  readonly machine: Machine;
  readonly sizeMib: number;
  /** Its most during the first start, and during the one that is measured. */
  readonly firstStartBytes: number;
  readonly startBytes: number;
  readonly stages: readonly Stage[];
}

export interface LargeFileReport extends Facts {
  readonly benchmark: "large-file";
  readonly at: string;
  readonly node: string;
  readonly database: "embedded" | "postgres";
  readonly repeat: string;
  readonly problems: readonly string[];
}

/** What is promised of the service while a file passes, however large it is. */
const PEAK_MAX_BYTES = 250_000_000;

export function reportOf(
  facts: Facts & {
    /** A URL, which may hold a password and is not shown. */
    readonly database: string | null;
  },
): LargeFileReport {
  const { database, ...shown } = facts;
  return {
    benchmark: "large-file",
    at: new Date().toISOString(),
    node: process.version,
    ...shown,
    database: database === null ? "embedded" : "postgres",
    repeat: `npm run bench -- large-file --mib ${facts.sizeMib}${database === null ? "" : " --database URL"}`,
    problems: facts.stages
      .filter(({ peakBytes }) => peakBytes === 0 || peakBytes >= PEAK_MAX_BYTES)
      .map(({ name, peakBytes }) =>
        peakBytes === 0
          ? `nothing is known of the memory during the ${name}: this needs Linux`
          : `the ${name} took ${inMb(peakBytes)} MB; promised are less than ${inMb(PEAK_MAX_BYTES)}`,
      ),
  };
}

/** The report for people; the last line has the figures alone. */
export function linesOf(report: LargeFileReport): readonly string[] {
  const { machine, stages } = report;
  const cpu = `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`;
  return [
    `One file of ${report.sizeMib} MiB up and down again through a service on a local store`,
    "",
    `date      ${report.at}`,
    `machine   ${cpu}, ${machine.kernel}; load before ${machine.loadBefore.toFixed(1)}`,
    `node      ${report.node}; database ${report.database}`,
    `at start  ${inMb(report.startBytes)} MB; the first start, which makes the database, ${inMb(report.firstStartBytes)} MB`,
    "",
    ...table(
      ["way", "seconds", "MB before", "MB at most", "MB once a second"],
      stages.map(({ name, seconds, peakBytes, rssBytes }) => [
        name,
        seconds.toFixed(1),
        inMb(rssBytes[0] ?? 0),
        inMb(peakBytes),
        spaced(rssBytes).map(inMb).join(" "),
      ]),
    ),
    "",
    `again: ${report.repeat}`,
    `large file of ${report.sizeMib} MiB: ${stages
      .map(({ name, peakBytes }) => `${name} ${inMb(peakBytes)} MB at most`)
      .join(", ")}`,
  ];
}

const SHOWN_MAX = 12;

/** At most twelve of them, from all of the time. */
function spaced(values: readonly number[]): readonly number[] {
  const step = Math.ceil(values.length / SHOWN_MAX);
  return values.filter((_, at) => at % step === 0);
}

function inMb(bytes: number): string {
  return (bytes / 1_000_000).toFixed(0);
}
