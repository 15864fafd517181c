import { formatBytes, table } from "../../src/cli/output.ts";
import type { Machine } from "../machine.ts";
import type { AuditBenchOptions } from "./audit.ts";
import { FAULTS_TOTAL } from "./plant.ts";

/** One audit. */
export interface Turn {
  readonly name: string;
  readonly seconds: number;
  readonly objects: number;
  /** Objects whose bytes were read. */
  readonly read: number;
  readonly findings: number;
  readonly fixed: number;
  /** Of the process that audits, from its begin to its end. */
  readonly peakRssBytes: number;
}

export interface AuditBenchReport {
  readonly benchmark: "audit";
  readonly at: string;
  readonly machine: Machine;
  readonly node: string;
  readonly version: string;
  readonly nodeArgs: readonly string[];
  readonly store: string;
  readonly objects: number;
  readonly rows: number;
  readonly faults: number;
  /** Files that were uploaded while faults were mended. */
  readonly uploads: number;
  readonly turns: readonly Turn[];
  readonly peakRssBytes: number;
  readonly otherCores: number;
  readonly repeat: string;
  readonly problems: readonly string[];
}

/** What is promised of the memory of the process that audits. */
const RSS_MAX_BYTES = 200_000_000;

export function reportOf(given: {
  readonly machine: Machine;
  readonly version: string;
  readonly nodeArgs: readonly string[];
  readonly place: string;
  readonly rows: number;
  readonly uploads: number;
  readonly turns: readonly Turn[];
  readonly problems: readonly string[];
  readonly otherCores: number;
  readonly options: AuditBenchOptions;
}): AuditBenchReport {
  const { machine, version, nodeArgs, place, rows, uploads, turns, problems, otherCores, options } =
    given;
  const { objects, store, database } = options;
  const peakRssBytes = Math.max(...turns.map((turn) => turn.peakRssBytes));
  const url = database === null ? "" : " --database URL";
  return {
    benchmark: "audit",
    at: new Date().toISOString(),
    machine,
    node: process.version,
    version,
    nodeArgs,
    store: place,
    objects,
    rows,
    faults: FAULTS_TOTAL,
    uploads,
    turns,
    peakRssBytes,
    otherCores,
    repeat: `npm run bench -- audit --objects ${objects} --store ${store}${url}`,
    problems: [
      ...problems,
      ...(peakRssBytes > RSS_MAX_BYTES ? [`memory: ${formatBytes(peakRssBytes)}`] : []),
    ],
  };
}

/** The report for people; the last line has the figures alone. */
export function linesOf(report: AuditBenchReport): readonly string[] {
  const { machine, turns, objects, rows, faults, uploads } = report;
  const cpu = `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`;
  const slowest = Math.max(...turns.map(({ seconds }) => seconds));
  return [
    `${objects} objects and ${rows} rows, ${faults} faults of every kind among them; each audit by the`,
    "command line of a service on PostgreSQL; what it found is held against what was planted.",
    "",
    `date      ${report.at}`,
    `machine   ${cpu}, ${machine.kernel}; load before ${machine.loadBefore.toFixed(1)}; others ${report.otherCores.toFixed(2)} cores`,
    `expunge   ${report.version}, published code, node ${report.node} ${report.nodeArgs.join(" ")}`,
    `store     ${report.store}`,
    "",
    ...table(
      ["audit", "objects", "read", "findings", "mended", "seconds", "memory"],
      turns.map(({ name, seconds, read, findings, fixed, peakRssBytes, objects: seen }) => [
        name,
        String(seen),
        String(read),
        String(findings),
        String(fixed),
        seconds.toFixed(1),
        formatBytes(peakRssBytes),
      ]),
    ),
    "",
    `${uploads} files were uploaded while faults were mended`,
    `again: ${report.repeat}`,
    `audit: ${report.problems.length} problems, at most ${slowest.toFixed(1)} s and ${formatBytes(report.peakRssBytes)}`,
  ];
}
