import { formatBytes, table } from "../../src/cli/output.ts";
import { shown, type Spread, spreadOf } from "../figures.ts";
import type { Machine } from "../machine.ts";
import { MEASURED_BY } from "../measure.ts";
import { OBJECT_BYTES, PREFIX } from "./bucket.ts";
import type { Server } from "./server.ts";
import type { Tool, Toolbox } from "./tools.ts";

/** One tool's work on one filled bucket. */
export interface Turn {
  readonly tool: string;
  readonly exitCode: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** Cores that others on this machine kept busy meanwhile, on average. */
  readonly otherCores: number;
  /** Objects below the prefix in a listing afterwards. */
  readonly left: number;
  readonly problems: readonly string[];
}

interface ToolReport {
  readonly name: string;
  readonly version: string;
  readonly command: string;
  readonly settings: string;
  readonly wallSeconds: Spread;
  readonly deletesPerSecond: Spread;
  readonly cpuSeconds: Spread;
  readonly peakRssBytes: Spread;
  readonly otherCores: Spread;
  /** Whether an independent listing after each run showed nothing. */
  readonly nothingLeft: boolean;
  readonly turns: readonly Omit<Turn, "tool" | "problems">[];
}

interface Ratio {
  readonly tool: string;
  /** expunge's median by the other's. */
  readonly wall: number;
  readonly cpu: number;
}

export interface SweepBenchReport {
  readonly benchmark: "sweep";
  readonly at: string;
  readonly machine: Machine;
  readonly server: string;
  readonly node: string;
  readonly objects: number;
  readonly objectBytes: number;
  readonly runs: number;
  readonly measuredBy: string;
  readonly tools: readonly ToolReport[];
  readonly missing: readonly string[];
  /** Against the fastest other tool; null where there is none. */
  readonly ratio: Ratio | null;
  readonly repeat: string;
  readonly problems: readonly string[];
}

export interface Given {
  readonly machine: Machine;
  readonly server: Server;
  readonly toolbox: Toolbox;
  readonly turns: readonly Turn[];
  readonly objects: number;
  readonly runs: number;
}

export function reportOf({
  machine,
  server,
  toolbox,
  turns,
  objects,
  runs,
}: Given): SweepBenchReport {
  const ours = toolReport(toolbox.ours, turns, objects);
  const others = toolbox.others.map((tool) => toolReport(tool, turns, objects));
  return {
    benchmark: "sweep",
    at: new Date().toISOString(),
    machine,
    server: server.name,
    node: process.version,
    objects,
    objectBytes: OBJECT_BYTES,
    runs,
    measuredBy: MEASURED_BY,
    tools: [ours, ...others],
    missing: toolbox.missing,
    ratio: ratioOf(ours, others),
    repeat: `npm run bench -- sweep --objects ${objects} --runs ${runs}`,
    problems: turns.flatMap(({ problems }) => problems),
  };
}

function toolReport(tool: Tool, turns: readonly Turn[], objects: number): ToolReport {
  const own = turns.filter((turn) => turn.tool === tool.name);
  const spread = (value: (turn: Turn) => number): Spread =>
    spreadOf(own.map((turn) => value(turn)));
  return {
    name: tool.name,
    version: tool.version,
    command: tool.command("BUCKET", PREFIX).join(" "),
    settings: tool.settings,
    wallSeconds: spread(({ wallSeconds }) => wallSeconds),
    deletesPerSecond: spread(({ wallSeconds, left }) => (objects - left) / wallSeconds),
    cpuSeconds: spread(({ cpuSeconds }) => cpuSeconds),
    peakRssBytes: spread(({ peakRssBytes }) => peakRssBytes),
    otherCores: spread(({ otherCores }) => otherCores),
    nothingLeft: own.every(({ left }) => left === 0),
    turns: own.map(({ tool: _tool, problems: _problems, ...figures }) => figures),
  };
}

/** One that left something was not fast. */
function ratioOf(ours: ToolReport, others: readonly ToolReport[]): Ratio | null {
  const [fastest] = others
    .filter(({ nothingLeft }) => nothingLeft)
    .sort((a, b) => a.wallSeconds.median - b.wallSeconds.median);
  if (!fastest) return null;
  return {
    tool: fastest.name,
    wall: ours.wallSeconds.median / fastest.wallSeconds.median,
    cpu: ours.cpuSeconds.median / fastest.cpuSeconds.median,
  };
}

const MiB = 1024 * 1024;

/** The report for people; the last line has the figures alone. */
export function linesOf(report: SweepBenchReport): readonly string[] {
  const { machine, tools, missing } = report;
  const cpu = `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`;
  return [
    `${report.objects} objects of ${report.objectBytes} B below a prefix of a fresh bucket, in turns, runs of each: ${report.runs}`,
    "expunge lists, deletes and lists again to verify; the others list and delete.",
    "",
    `date      ${report.at}`,
    `machine   ${cpu}, ${machine.kernel}; load before ${machine.loadBefore.toFixed(1)}`,
    `server    ${report.server}`,
    `node      ${report.node}`,
    `measured  ${report.measuredBy}`,
    ...missing.map((name) => `missing   ${name} is not installed`),
    "",
    "Medians (least-most):",
    ...table(
      ["tool", "version", "wall s", "deletes/s", "CPU s", "peak MiB", "left", "others' cores"],
      tools.map((tool) => rowOf(tool)),
    ),
    "",
    ...tools.map(({ command, settings }) =>
      settings === "" ? `$ ${command}` : `$ ${command}   # with ${settings}`,
    ),
    "",
    `again: ${report.repeat}`,
    figuresOf(report),
  ];
}

function rowOf(tool: ToolReport): readonly string[] {
  const { min, median, max } = tool.peakRssBytes;
  return [
    tool.name,
    tool.version,
    shown(tool.wallSeconds, 2),
    shown(tool.deletesPerSecond, 0),
    shown(tool.cpuSeconds, 2),
    shown({ min: min / MiB, median: median / MiB, max: max / MiB }, 0),
    tool.nothingLeft ? "nothing" : `${Math.max(...tool.turns.map(({ left }) => left))} objects`,
    shown(tool.otherCores, 2),
  ];
}

function figuresOf({ objects, tools, ratio }: SweepBenchReport): string {
  const each = tools.map(
    ({ name, wallSeconds, cpuSeconds }) =>
      `${name} ${wallSeconds.median.toFixed(2)} s / ${cpuSeconds.median.toFixed(2)} CPU s`,
  );
  const compared =
    ratio === null
      ? "no other tool to compare with"
      : `expunge / ${ratio.tool} ${ratio.wall.toFixed(2)} (CPU ${ratio.cpu.toFixed(2)})`;
  return `sweep of ${objects}: ${[...each, compared].join("; ")}`;
}
