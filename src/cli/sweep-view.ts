import type { SweepReport } from "../services/sweep.ts";
import { count, formatBytes, printable, table } from "./output.ts";
import type { SweepTarget } from "./sweep-target.ts";

/** What a sweep came to, for people. */
export function sweepLines(target: SweepTarget, report: SweepReport, dryRun: boolean): string[] {
  const where = `'${printable(target.prefix)}' in ${target.root}`;
  const found = `${count(report.found, "object")} (${formatBytes(report.bytes)})`;
  const stay = (amount: number, why: string): string[] =>
    amount === 0 ? [] : [`left: ${count(amount, "object")} ${why}`];
  const kept = [
    ...stay(report.kept, "that expunge keeps for itself; --include-expunge takes them too"),
    ...stay(report.spared, "that the filter does not take"),
  ];
  if (dryRun) return [`plan: ${found} below ${where}; nothing was changed`, ...kept];
  const { list, delete: removals, other } = report.requests;
  const cost = `${list} list, ${removals} delete and ${other} other requests, ${report.seconds} s`;
  if (report.verified) {
    const what = report.spared === 0 ? "emptied" : "removed what the filter takes,";
    return [`${what} and verified: ${found} below ${where}`, ...kept, cost];
  }
  const rows = report.residue.map(({ key, outcome, code, message }) => [
    key,
    outcome,
    code,
    message,
  ]);
  return [
    ...table(["key", "outcome", "code", "message"], rows),
    "",
    `residue: ${report.deleted} of ${found} below ${where} are gone; ${report.failed} failed, ${report.blocked} blocked, ${report.unknown} unknown`,
    cost,
  ];
}
