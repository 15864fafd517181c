import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** What the repository's own rules, but for those that need types, say of one file. */
function lint(path: string, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "expunge-lint-"));
  try {
    copyFileSync(join(ROOT, ".oxlintrc.json"), join(directory, ".oxlintrc.json"));
    symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
    const oxlint = join(ROOT, "node_modules/.bin/oxlint");
    const options = { cwd: directory, encoding: "utf8" } as const;
    const { stdout, error } = spawnSync(oxlint, ["--format", "unix", path], options);
    if (error !== undefined) throw error;
    return stdout;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A function of so many lines, a method, and one that is handed to a call. */
function functionsOf(lines: number): string {
  const body = "  f();\n".repeat(lines - 2);
  return [
    `export function a(f: () => void): void {\n${body}}`,
    `export class A {\n  b(f: () => void): void {\n${body}  }\n}`,
    `export const c = (f: () => void): void => {\n${body}};`,
  ].join("\n");
}

describe("the linter's bound on functions", () => {
  it.each(["src/a.ts", "scripts/a.ts", "bench/a.ts", "test/support/a.ts"])(
    "refuses a function of more than 60 lines in %s, and takes one of 60",
    (path) => {
      const reported = (lines: number): number =>
        lint(path, functionsOf(lines)).split("max-lines-per-function").length - 1;
      expect([reported(60), reported(61)]).toEqual([0, 3]);
    },
  );

  it("does not hold for a table of tests", () => {
    expect(lint("test/a.test.ts", functionsOf(61))).not.toContain("max-lines");
  });
});
