import { describe, expect, it } from "vitest";
import { parseLog, reportOf } from "./report.ts";

const LINE = {
  kind: "schedules",
  from: 1,
  to: 1000,
  seeds: 1000,
  postgresKills: 2,
  violations: 0,
  seconds: 1800,
  slowestTakeoverMs: 9000,
  slowestTakeoverThroughFaultsMs: 12_000,
  workers: 2,
  commit: "0123456789abcdef",
  dirty: false,
  machine: "a machine",
  node: "v24",
  at: "2026-11-25T01:00:00.000Z",
};

const textOf = (...lines: readonly object[]): string =>
  lines.map((line) => JSON.stringify(line)).join("\n");

describe("the report of long runs", () => {
  it("sums the ranges of each kind and bounds what they allow", () => {
    const later = { ...LINE, slowestTakeoverMs: 10_500, at: "2026-11-26T01:00:00.000Z" };
    const other = { ...LINE, kind: "pairs", seeds: 7 };
    const report = reportOf(parseLog(textOf(LINE, { ...later, dirty: true }, other)), "seeds");
    const [schedules = "", pairs = ""] = report.split("### pairs");
    expect(schedules).toContain("| seeds | 2,000 |");
    expect(schedules).toContain("| postgres kills | 4 |");
    expect(schedules).toContain("| **violations** | **0** |");
    expect(schedules).toContain("| slowest takeover | 10.5 s |");
    expect(schedules).toContain("| slowest takeover through further faults | 12.0 s |");
    expect(schedules).not.toContain("workers");
    expect(schedules).toContain("| time | 1.0 h |");
    expect(schedules).toContain("| between | 2026-11-25 and 2026-11-26 |");
    expect(schedules).toContain("`0123456789` (1,000), `0123456789` with changes (1,000)");
    expect(schedules).toContain("at most 1500 in a million");
    expect(schedules).not.toContain("| from |");
    expect(pairs).toContain("| seeds | 7 |");
  });

  it("does not hide a violation behind a bound", () => {
    const report = reportOf(parseLog(textOf(LINE, { ...LINE, violations: 1 })), "seeds");
    expect(report).toContain("| **violations** | **1** |");
    expect(report).not.toContain("in a million");
  });

  it("says so when nothing is recorded, and refuses what is no line of a log", () => {
    expect(reportOf(parseLog(""), "seeds")).toContain("Nothing is recorded yet");
    expect(() => parseLog('{"kind":"schedules"}')).toThrow("line 1");
    expect(() => parseLog("null")).toThrow("line 1");
    expect(() => parseLog("{")).toThrow(SyntaxError);
  });
});
