/** One finished range of a long run, as `simulate` and `crash` append it to their logs. */
export interface LogLine {
  readonly kind: string;
  readonly violations: number;
  readonly seconds: number;
  readonly commit: string;
  readonly dirty: boolean;
  readonly machine: string;
  readonly node: string;
  readonly at: string;
  /** Counts of what was played: seeds, runs, events, kills, ... */
  readonly [count: string]: unknown;
}

/** What is no count, or none that can be summed. */
const NOT_SUMMED = new Set([
  "from",
  "to",
  "violations",
  "seconds",
  "workers",
  "slowestTakeoverMs",
  "slowestTakeoverThroughFaultsMs",
]);
const SECONDS_PER_HOUR = 3600;
const COMMIT_CHARS = 10;

/** @throws SyntaxError, TypeError for a line that is none, by its number */
export function parseLog(text: string): readonly LogLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line, i) => {
      const value: unknown = JSON.parse(line);
      if (isLogLine(value)) return value;
      throw new TypeError(`line ${i + 1} is no finished range`);
    });
}

function isLogLine(value: unknown): value is LogLine {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const texts = ["kind", "commit", "machine", "node", "at"];
  const counts = ["violations", "seconds"];
  return (
    texts.every((name) => typeof fields.get(name) === "string") &&
    counts.every((name) => typeof fields.get(name) === "number") &&
    typeof fields.get("dirty") === "boolean"
  );
}

/** The tables of one log: a kind after the other, with all that can be summed. */
export function reportOf(lines: readonly LogLine[], unit: string): string {
  if (lines.length === 0) return "Nothing is recorded yet.\n";
  return [...Map.groupBy(lines, ({ kind }) => kind)]
    .map(([kind, ranges]) => kindReport(kind, ranges, unit))
    .join("\n");
}

function kindReport(kind: string, ranges: readonly LogLine[], unit: string): string {
  const sums = sumsOf(ranges);
  const total = sums.get(unit) ?? 0;
  const violations = ranges.reduce((sum, line) => sum + line.violations, 0);
  const seconds = ranges.reduce((sum, line) => sum + line.seconds, 0);
  const rows: (readonly [string, string])[] = [
    ...[...sums].map(([name, sum]) => [wordsOf(name), grouped(sum)] as const),
    ["**violations**", `**${grouped(violations)}**`],
    ...slowest(ranges),
    ["time", `${(seconds / SECONDS_PER_HOUR).toFixed(1)} h`],
    ["machines", [...new Set(ranges.map(({ machine }) => machine))].join("; ")],
    ["Node", [...new Set(ranges.map(({ node }) => node))].join(", ")],
    ["between", betweenOf(ranges)],
    ["commits", commitsOf(ranges, unit)],
  ];
  const table = rows.map(([name, value]) => `| ${name} | ${value} |`).join("\n");
  return `### ${kind}\n\n| | |\n| --- | --- |\n${table}\n\n${boundOf(total, violations, unit)}\n`;
}

function sumsOf(ranges: readonly LogLine[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const range of ranges) {
    for (const [name, value] of Object.entries(range)) {
      if (typeof value !== "number" || NOT_SUMMED.has(name)) continue;
      sums.set(name, (sums.get(name) ?? 0) + value);
    }
  }
  return sums;
}

function slowest(ranges: readonly LogLine[]): readonly (readonly [string, string])[] {
  const most = (name: string, title: string): readonly (readonly [string, string])[] => {
    const times = ranges.map((range) => range[name]).filter(isNumber);
    return times.length === 0 ? [] : [[title, `${(Math.max(...times) / 1000).toFixed(1)} s`]];
  };
  return [
    ...most("slowestTakeoverMs", "slowest takeover"),
    ...most("slowestTakeoverThroughFaultsMs", "slowest takeover through further faults"),
  ];
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

/** The rule of three: no failure in N independent runs bounds its rate by 3/N at 95 %. */
function boundOf(total: number, violations: number, unit: string): string {
  if (violations > 0) return "There were violations: the log names their seeds.";
  if (total === 0) return "";
  const perMillion = (3_000_000 / total).toPrecision(2);
  return `No violation in ${grouped(total)} ${wordsOf(unit)}: at most ${Number(perMillion)} in a million of these, at 95 %.`;
}

function betweenOf(ranges: readonly LogLine[]): string {
  const days = ranges.map(({ at }) => at.slice(0, "2026-11-25".length)).sort();
  return [...new Set([days.at(0), days.at(-1)])].join(" and ");
}

function commitsOf(ranges: readonly LogLine[], unit: string): string {
  const byCommit = Map.groupBy(
    ranges,
    ({ commit, dirty }) => `\`${commit.slice(0, COMMIT_CHARS)}\`${dirty ? " with changes" : ""}`,
  );
  return [...byCommit]
    .map(([commit, some]) => `${commit} (${grouped(sumsOf(some).get(unit) ?? 0)})`)
    .join(", ");
}

/** `postgresKills` as people write it. */
function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}
