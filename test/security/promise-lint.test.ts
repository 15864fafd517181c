/**
 * Defect 0 of the original: it awaited what was no promise, looped asynchronously over a synchronous
 * paginator, and read a misspelt setting. Here the linter and the compiler refuse each of them.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "../..");
const FIXTURES = "test/fixtures-lint";

const REPORT = z.object({
  diagnostics: z.array(
    z.object({
      code: z.string(),
      labels: z.array(z.object({ span: z.object({ line: z.number() }) })).min(1),
    }),
  ),
});

function run(tool: string, args: readonly string[]): string {
  const command = join(ROOT, "node_modules/.bin", tool);
  const { stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  if (error !== undefined) throw error;
  if (stdout === "") throw new Error(`${tool} said nothing: ${stderr}`);
  return stdout;
}

/** `line what` for each mark `// expect what` of a fixture. */
function expectedIn(name: string): string[] {
  const lines = readFileSync(join(ROOT, FIXTURES, name), "utf8").split("\n");
  return lines.flatMap((line, at) => {
    const what = /\/\/ expect (\S+)$/.exec(line)?.[1];
    return what === undefined ? [] : [`${at + 1} ${what}`];
  });
}

/** The repository's own rules; only the fixtures are not left out. */
function ownRules(): string {
  const text = readFileSync(join(ROOT, ".oxlintrc.json"), "utf8");
  const rules = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  const path = join(mkdtempSync(join(tmpdir(), "expunge-lint-")), "oxlintrc.json");
  writeFileSync(path, JSON.stringify({ ...rules, ignorePatterns: [] }));
  return path;
}

describe("the linter (defect 0 of the original)", () => {
  let found: readonly string[] = [];

  beforeAll(() => {
    const file = `${FIXTURES}/promises.ts`;
    const text = run("oxlint", ["--type-aware", "--format", "json", "--config", ownRules(), file]);
    found = REPORT.parse(JSON.parse(text)).diagnostics.map(
      ({ code, labels }) => `${labels[0]?.span.line} ${/\((.+)\)/.exec(code)?.[1] ?? code}`,
    );
  });

  it.each(expectedIn("promises.ts"))("reports the misused promise on line %s", (mark) => {
    expect(found).toContain(mark);
  });

  it("reports nothing but the misused promises", () => {
    expect([...found].sort()).toEqual(expectedIn("promises.ts").sort());
  });

  it("has marks for each of the original's mistakes", () => {
    const rules = new Set(expectedIn("promises.ts").map((mark) => mark.split(" ")[1]));
    expect(rules).toEqual(
      new Set(["await-thenable", "no-floating-promises", "no-misused-promises", "return-await"]),
    );
  });
});

describe("the compiler (defect 0 of the original)", () => {
  it("refuses each misspelt setting, and only those", () => {
    const text = run("tsc", ["-p", `${FIXTURES}/tsconfig.json`, "--pretty", "false"]);
    const own = [...text.matchAll(/fixtures-lint\/settings\.ts\((\d+),\d+\): error (TS\d+)/g)];
    expect(own.map(([, line, code]) => `${line} ${code}`)).toEqual(expectedIn("settings.ts"));
    expect(own.length).toBeGreaterThan(4);
  });
});
