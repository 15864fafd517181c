import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DATABASE_ERRORS } from "../src/core/database-errors.ts";
import { ERRORS } from "../src/core/errors.ts";
import { STORE_REMEDIES } from "../src/core/store-remedies.ts";
import { HTTP_ERRORS } from "../src/http/problem.ts";
import { checkArrows, checkCycles } from "./tidy/arrows.ts";
import { checkCodes } from "./tidy/codes.ts";
import {
  checkConsole,
  checkDefaultExports,
  checkDocs,
  checkEnvironment,
  checkLength,
  checkOwnWords,
  checkTestNames,
  checkTimeAndChance,
  checkUnits,
  checkWords,
} from "./tidy/rules.ts";
import { importsOf } from "./tidy/imports.ts";
import { type Source, sourcesOf, type Violation } from "./tidy/source.ts";

const ROOT = join(import.meta.dirname, "..");

/** Files that are wrong on purpose, for the test of the linter. */
const WRONG_ON_PURPOSE = "test/fixtures-lint/";

/** Not produced by expunge itself, but kept. */
const KEPT_CODES = new Set<string>();

function read(folder: string, ending = ".ts"): readonly Source[] {
  const files = new Map<string, string>();
  const recursive = folder !== ".";
  for (const name of readdirSync(join(ROOT, folder), { recursive, encoding: "utf8" })) {
    const path = (recursive ? `${folder}/${name}` : name).replaceAll("\\", "/");
    if (!path.endsWith(ending) || path.startsWith(WRONG_ON_PURPOSE)) continue;
    files.set(path, readFileSync(join(ROOT, path), "utf8"));
  }
  return sourcesOf(files);
}

function listed(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line, message }) => `${path}:${line} ${message}`);
}

describe("the source", () => {
  const src = read("src");
  const page = [...read("console/src"), ...read("console/src", ".tsx")];
  const tests = read("test");
  const bench = read("bench");
  const pages = [...read("docs", ".md"), ...read(".", ".md")];
  const each = (sources: readonly Source[], check: (source: Source) => Violation[]): string[] =>
    listed(sources.flatMap((source) => check(source)));

  it("is there to be checked", () => {
    expect(src.length).toBeGreaterThan(20);
    expect(tests.length).toBeGreaterThan(3);
    expect(pages.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["README.md", "docs/receipts.md"]),
    );
  });

  it("imports only along the arrows of the house", () => {
    expect(listed(checkArrows(src))).toEqual([]);
  });

  it("lets the console import nothing of expunge but the client", () => {
    const own = page
      .flatMap((source) => importsOf(source))
      .filter(({ isOwn, to }) => isOwn && !to.startsWith("console/src/"));
    expect(own.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
    expect(listed(checkCycles(page))).toEqual([]);
    expect(page.length).toBeGreaterThan(20);
  });

  it("has no circle of imports, those of types included", () => {
    expect(listed(checkCycles(src))).toEqual([]);
  });

  it("reads the environment in config.ts alone", () => {
    expect(each(src, checkEnvironment)).toEqual([]);
  });

  it("takes time and chance through the ports", () => {
    expect(each(src, checkTimeAndChance)).toEqual([]);
  });

  it("has no default exports", () => {
    expect(each([...src, ...page], checkDefaultExports)).toEqual([]);
  });

  it("prints nothing outside the command line", () => {
    expect(each([...src, ...page], checkConsole)).toEqual([]);
  });

  it("holds no word of unfinished work and no quiet delete", () => {
    expect(each([...src, ...page, ...bench, ...tests, ...pages], checkWords)).toEqual([]);
  });

  it("claims nothing about media, and calls each thing by one word, as the pages do", () => {
    expect(each([...src, ...page, ...pages], checkOwnWords)).toEqual([]);
  });

  it("names units last", () => {
    expect(each([...src, ...page, ...bench, ...tests], checkUnits)).toEqual([]);
  });

  it("has files of 300 lines at most", () => {
    expect(each([...src, ...page, ...bench, ...tests], checkLength)).toEqual([]);
  });

  it("says the obligations of what core and ports export", () => {
    expect(each(src, checkDocs)).toEqual([]);
  });

  it("produces every error code, and meets it in a test", () => {
    for (const catalogue of [ERRORS, HTTP_ERRORS, STORE_REMEDIES, DATABASE_ERRORS]) {
      expect(checkCodes(Object.keys(catalogue), src, tests, KEPT_CODES)).toEqual([]);
    }
  });

  it("gives every test a name of its own", () => {
    expect(listed(checkTestNames(tests))).toEqual([]);
  });
});
