import { formatBytes, table } from "../../src/cli/output.ts";
import type { Machine } from "../machine.ts";
import { OPERATIONS, type OperationName, type Sample } from "./client.ts";

interface OperationReport {
  readonly name: OperationName;
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadBenchReport {
  readonly benchmark: "load";
  readonly at: string;
  readonly machine: Machine;
  readonly node: string;
  readonly database: "embedded" | "postgres";
  readonly clients: number;
  readonly seconds: number;
  readonly operations: readonly OperationReport[];
  readonly perSecond: number;
  readonly errors: number;
  /** Medians of the service's memory in the second and in the last quarter of the time. */
  readonly rssBytes: { readonly early: number; readonly late: number; readonly max: number };
  readonly otherCores: number;
  readonly repeat: string;
  readonly problems: readonly string[];
}

/** Memory is called flat where the last quarter has at most so much of what the second had. */
const GROWTH_MAX = 1.15;
const PROBLEMS_SHOWN = 10;

export function reportOf(given: {
  readonly machine: Machine;
  readonly samples: readonly Sample[];
  readonly rssBytes: readonly number[];
  readonly otherCores: number;
  readonly clients: number;
  readonly seconds: number;
  readonly database: string | null;
}): LoadBenchReport {
  const { machine, samples, otherCores, clients, seconds, database } = given;
  const problems = samples.flatMap(({ problem }) => problem ?? []);
  const rssBytes = memoryOf(given.rssBytes);
  const grown = rssBytes.late / rssBytes.early;
  const url = database === null ? "" : " --database URL";
  return {
    benchmark: "load",
    at: new Date().toISOString(),
    machine,
    node: process.version,
    database: database === null ? "embedded" : "postgres",
    clients,
    seconds,
    operations: OPERATIONS.flatMap((name) => operationReport(name, samples)),
    perSecond: samples.length / seconds,
    errors: problems.length,
    rssBytes,
    otherCores,
    repeat: `npm run bench -- load --clients ${clients} --seconds ${Math.floor(seconds)}${url}`,
    problems: [
      ...[...new Set(problems)].slice(0, PROBLEMS_SHOWN),
      ...(grown > GROWTH_MAX ? [`the memory grew by a factor of ${grown.toFixed(2)}`] : []),
    ],
  };
}

function operationReport(name: OperationName, samples: readonly Sample[]): OperationReport[] {
  const times = samples
    .filter((sample) => sample.name === name)
    .map(({ tookMs }) => tookMs)
    .sort((a, b) => a - b);
  if (times.length === 0) return [];
  return [
    {
      name,
      count: times.length,
      medianMs: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      maxMs: times.at(-1) ?? 0,
    },
  ];
}

function memoryOf(rssBytes: readonly number[]): LoadBenchReport["rssBytes"] {
  const quarter = Math.max(1, Math.floor(rssBytes.length / 4));
  const middle = (values: readonly number[]): number =>
    quantile(
      [...values].sort((a, b) => a - b),
      0.5,
    );
  return {
    early: middle(rssBytes.slice(quarter, 2 * quarter)),
    late: middle(rssBytes.slice(-quarter)),
    max: Math.max(...rssBytes),
  };
}

/** The nearest rank; 0 of nothing. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** The report for people; the last line has the figures alone. */
export function linesOf(report: LoadBenchReport): readonly string[] {
  const { machine, operations, rssBytes } = report;
  const cpu = `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`;
  return [
    `${report.clients} clients for ${report.seconds.toFixed(0)} s, each with a project of its own, one call after the other`,
    "on the same cores as the service; every answer is checked.",
    "",
    `date      ${report.at}`,
    `machine   ${cpu}, ${machine.kernel}; load before ${machine.loadBefore.toFixed(1)}; others ${report.otherCores.toFixed(2)} cores`,
    `node      ${report.node}; database ${report.database}; local store`,
    "",
    ...table(
      ["operation", "calls", "median ms", "p99 ms", "most ms"],
      operations.map(({ name, count, medianMs, p99Ms, maxMs }) => [
        name,
        String(count),
        medianMs.toFixed(1),
        p99Ms.toFixed(1),
        maxMs.toFixed(0),
      ]),
    ),
    "",
    `memory    ${formatBytes(rssBytes.early)} in the second quarter, ${formatBytes(rssBytes.late)} in the last, at most ${formatBytes(rssBytes.max)}`,
    `again: ${report.repeat}`,
    `load: ${report.perSecond.toFixed(0)} calls a second, ${report.errors} errors, memory x ${(rssBytes.late / rssBytes.early).toFixed(2)}`,
  ];
}
