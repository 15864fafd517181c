import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname } from "node:path";

/** One finished range, as a line of the log from which docs are made. */
export interface Range {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  readonly [field: string]: unknown;
}

const GIB = 1024 ** 3;

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

/** Appends a range, with the commit and the machine it was played on. */
export function appendRange(file: string, range: Range): void {
  const [cpu] = cpus();
  const line = {
    ...range,
    commit: git("rev-parse", "HEAD"),
    dirty: git("status", "--porcelain", "--", "src", "test/simulation") !== "",
    machine: `${cpus().length} x ${cpu?.model ?? "?"}, ${Math.round(totalmem() / GIB)} GiB`,
    node: process.version,
    at: new Date().toISOString(),
  };
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Where the recorded ranges of a kind end, or null where there are none. */
export function lastOf(file: string, kind: string): number | null {
  if (!existsSync(file)) return null;
  const ranges = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Range)
    .filter((range) => range.kind === kind);
  return ranges.length === 0 ? null : Math.max(...ranges.map(({ to }) => to));
}
