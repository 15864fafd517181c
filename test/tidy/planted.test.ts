/** The checks of test/tidy.test.ts must be able to fail: each finds what is planted here. */
import { describe, expect, it } from "vitest";
import { checkArrows, checkCycles } from "./arrows.ts";
import { checkCodes } from "./codes.ts";
import { importsOf } from "./imports.ts";
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
} from "./rules.ts";
import { type Source, sourcesOf, type Violation } from "./source.ts";

function one(path: string, text: string): Source {
  const [source] = sourcesOf(new Map([[path, text]]));
  if (source === undefined) throw new Error("one file makes one source");
  return source;
}

function places(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line }) => `${path}:${line}`);
}

const FILES: readonly [string, string][] = [
  ["src/core/a.ts", "export const a = 1;\n"],
  ["src/ports/p.ts", "export interface P {}\n"],
  ["src/services/s.ts", "export const s = 1;\n"],
  ["src/adapters/x.ts", "export const x = 1;\n"],
  ["src/http/h.ts", "export const h = 1;\n"],
  ["src/client/t.ts", "export const t = 1;\n"],
  ["src/config.ts", "export const c = 1;\n"],
  ["src/compose.ts", "export const y = 1;\n"],
];

describe("the check of arrows", () => {
  it.each([
    ["src/core/b.ts", 'import { p } from "../ports/p.ts";'],
    ["src/core/b.ts", 'import { readFile } from "node:fs";'],
    ["src/core/b.ts", 'import { readFile } from "fs/promises";'],
    ["src/ports/b.ts", 'import { s } from "../services/s.ts";'],
    ["src/services/b.ts", 'import type { X } from "../adapters/x.ts";'],
    ["src/services/b.ts", 'export { x } from "../adapters/x.ts";'],
    ["src/services/b.ts", 'export * from "../config.ts";'],
    ["src/services/b.ts", 'const x = await import("../adapters/x.ts");'],
    ["src/services/b.ts", 'type X = import("../adapters/x.ts").X;'],
    ["src/adapters/b.ts", 'import {\n  s,\n} from "../services/s.ts";'],
    ["src/adapters/b.ts", 'import "../services/s.ts";'],
    ["src/http/b.ts", 'import { x } from "../adapters/x.ts";'],
    ["src/http/b.ts", 'import { c } from "../config.ts";'],
    ["src/client/b.ts", 'import { h } from "../http/h.ts";'],
    ["src/client/b.ts", 'import { readFile } from "node:fs";'],
    ["src/client/b.ts", 'import type { P } from "../ports/p.ts";'],
    ["src/services/b.ts", 'import { t } from "../client/t.ts";'],
    ["src/cli/b.ts", 'import { h } from "../http/h.ts";'],
    ["src/cli/b.ts", 'import { x } from "../adapters/x.ts";'],
    ["src/config/b.ts", 'import type { P } from "../ports/p.ts";'],
    ["src/services/b.ts", 'import { fake } from "../../test/fake.ts";'],
    ["src/elsewhere/b.ts", "export const b = 1;"],
  ])("refuses in %s: %s", (path, text) => {
    const sources = sourcesOf(new Map([...FILES, [path, `\n${text}\n`]]));
    const line = path.startsWith("src/elsewhere") ? 1 : 2;
    expect(places(checkArrows(sources))).toEqual([`${path}:${line}`]);
  });

  it.each([
    ["src/ports/b.ts", 'import { a } from "../core/a.ts";'],
    ["src/adapters/b.ts", 'import type { P } from "../ports/p.ts";\nimport "node:fs";'],
    ["src/http/b.ts", 'import { s } from "../services/s.ts";'],
    ["src/http/b.ts", 'import type { C } from "../config.ts";'],
    ["src/cli/b.ts", 'import { y } from "../compose.ts";\nimport type { H } from "../http/h.ts";'],
    ["src/compose.ts", 'import { x } from "./adapters/x.ts";'],
    ["src/core/b.ts", '// import { p } from "../ports/p.ts";\nconst t = `import "node:fs";`;'],
  ])("allows in %s: %s", (path, text) => {
    expect(checkArrows(sourcesOf(new Map([...FILES, [path, text]])))).toEqual([]);
  });

  it("tells imports of types from others", () => {
    const source = one(
      "src/a.ts",
      'import type { A } from "./b.ts";\nimport { type B } from "./c.ts";',
    );
    expect(importsOf(source).map(({ to, isTypeOnly }) => [to, isTypeOnly])).toEqual([
      ["src/b.ts", true],
      ["src/c.ts", false],
    ]);
  });
});

describe("the check of circles", () => {
  it("finds a circle of three, of types alone too", () => {
    const sources = sourcesOf(
      new Map([
        ["src/core/a.ts", 'import type { B } from "./b.ts";'],
        ["src/core/b.ts", 'export * from "./c.ts";'],
        ["src/core/c.ts", '\nconst a = import("./a.ts");'],
      ]),
    );
    expect(checkCycles(sources).map(({ message }) => message)).toEqual([
      "imports go in a circle: src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts",
    ]);
  });

  it("takes two ways to one file for no circle", () => {
    const sources = sourcesOf(
      new Map([
        ["src/core/a.ts", 'import "./b.ts";\nimport "./c.ts";'],
        ["src/core/b.ts", 'import "./c.ts";'],
        ["src/core/c.ts", ""],
      ]),
    );
    expect(checkCycles(sources)).toEqual([]);
  });
});

describe("the checks of one file", () => {
  const CASES: readonly [string, (source: Source) => Violation[], string, string][] = [
    ["process.env", checkEnvironment, "src/http/b.ts", "const a = process.env;"],
    ["process['env']", checkEnvironment, "src/cli/b.ts", "const a = process['env'];"],
    ["destructured env", checkEnvironment, "src/adapters/b.ts", "const { env } = process;"],
    ["process.exit", checkEnvironment, "src/services/b.ts", "process.exit(1);"],
    ["Date.now", checkTimeAndChance, "src/services/b.ts", "const t = Date.now();"],
    ["new Date()", checkTimeAndChance, "src/core/b.ts", "const t = `${new Date()}`;"],
    ["Math.random", checkTimeAndChance, "src/http/b.ts", "const r = Math.random();"],
    ["setTimeout", checkTimeAndChance, "src/services/b.ts", "setTimeout(f, 1);"],
    ["setInterval", checkTimeAndChance, "src/config/b.ts", "const t = setInterval(f, 1);"],
    [
      "timers",
      checkTimeAndChance,
      "src/services/b.ts",
      'import { a } from "node:timers/promises";',
    ],
    ["randomBytes", checkTimeAndChance, "src/services/b.ts", "randomBytes(4);"],
    ["a default export", checkDefaultExports, "src/core/b.ts", "export default 1;"],
    ["a renamed default", checkDefaultExports, "src/core/b.ts", "export { a as default };"],
    ["console", checkConsole, "src/services/b.ts", 'console.log("a");'],
    ["unfinished work", checkWords, "src/core/b.ts", ["// TO", "DO: later"].join("")],
    [
      "a quiet delete",
      checkWords,
      "src/adapters/b.ts",
      ["const a = { Quiet", "true };"].join(": "),
    ],
    ...["sanitised", "Sanitizing", "shredded", "NIST 800-88", "crypto-erased", "wiped"].map(
      (word): (typeof CASES)[number] => [word, checkOwnWords, "docs/b.md", `It is ${word} there.`],
    ),
    ...["blob", "tenants", "bucket key", "object names", "soft-deleted", "hard delete"].map(
      (word): (typeof CASES)[number] => [word, checkOwnWords, "src/core/b.ts", `// a ${word}`],
    ),
    ["a unit that stands first", checkUnits, "src/core/b.ts", "const msTimeout = 1;"],
    ["a time without a unit", checkUnits, "src/core/b.ts", "interface A { retryDelay?: number }"],
    [
      "a function without words",
      checkDocs,
      "src/core/b.ts",
      `export function f() {${"\n".repeat(9)}}`,
    ],
    ["a class without words", checkDocs, "src/core/b.ts", "export class A {}"],
    ["a port without words", checkDocs, "src/ports/b.ts", "export interface A {\n  a(): void;\n}"],
  ];

  it.each(CASES)("find %s", (_name, check, path, text) => {
    expect(places(check(one(path, `\n\n${text}\n`)))).toEqual([`${path}:3`]);
  });

  it.each([
    [checkEnvironment, "src/config.ts", "const a = process.env;"],
    [checkEnvironment, "src/cli/b.ts", "process.exitCode = 2;"],
    [checkTimeAndChance, "src/adapters/b.ts", "Date.now(); setTimeout(f, 1); Math.random();"],
    [checkTimeAndChance, "src/services/b.ts", "// Date.now\nconst a = 'setTimeout'; clock.now();"],
    [checkConsole, "src/cli/b.ts", "console.log(1);"],
    [checkConsole, "src/core/b.ts", "const a = /console./; // console.log"],
    [checkWords, "src/core/b.ts", "const mastodon = { Quiet: false };"],
    [
      checkOwnWords,
      "docs/b.md",
      "A Blob, a blobfish, softly deleted; an administrator's tenancy; 7 keys.",
    ],
    [checkUnits, "src/core/b.ts", "const timeoutMs: number = secondsOf(partBytes);"],
    [checkUnits, "src/core/b.ts", "// msTimeout: number\nconst a = 'msTimeout';"],
    [
      checkDocs,
      "src/core/b.ts",
      "/** Why. */\nexport class A {}\nexport function f() {\n  return 1;\n}",
    ],
    [checkDocs, "src/ports/b.ts", "export interface A {\n  /** Why. */\n  a(): void;\n}"],
    [checkDocs, "src/ports/b.ts", "export interface A {\n  readonly a: string;\n}"],
  ])("let pass what is allowed (%#)", (check, path, text) => {
    expect(check(one(path, text))).toEqual([]);
  });

  it("count lines", () => {
    expect(checkLength(one("src/a.ts", "a\n".repeat(300)))).toEqual([]);
    expect(checkLength(one("src/a.ts", "a\n".repeat(301)))).toHaveLength(1);
  });
});

describe("the check of test names", () => {
  it("finds a name that is used again, in a table and in another file too", () => {
    const sources = sourcesOf(
      new Map([
        [
          "test/a.test.ts",
          'it("works", f);\nit("works", f);\nit.each([\n  ["(", 1],\n])("adds", f);',
        ],
        ["test/b.test.ts", 'test.skip("adds", f);\n/x/.test("works");\n// it("works")'],
      ]),
    );
    expect(places(checkTestNames(sources))).toEqual(["test/a.test.ts:2", "test/b.test.ts:1"]);
  });
});

describe("the check of error codes", () => {
  const found = (src: string, test: string, kept: readonly string[] = []): string[] =>
    checkCodes(
      ["a-code"],
      [one("src/services/s.ts", src)],
      [one("test/s.test.ts", test)],
      new Set(kept),
    );

  it("finds a code that nothing produces, and one that no test meets", () => {
    const thrown = 'throw new ExpungeError("a-code", "text");';
    const met = 'expect(error).toMatchObject({ code: "a-code" });';
    expect(found(thrown, met)).toEqual([]);
    expect(found(thrown, "// a-code")).toEqual(["'a-code' is met by no test"]);
    for (const other of [
      "// a-code",
      'const STATUS = { "a-code": 409 };',
      'errors: ["a-code"]',
      'if (code === "a-code") return;',
    ]) {
      expect(found(other, met)).toEqual(["'a-code' is not produced"]);
    }
  });

  it("finds a code that is kept without need", () => {
    const met = 'expect(code).toBe("a-code")';
    expect(found("", met, ["a-code"])).toEqual([]);
    expect(found('throw new E("a-code")', met, ["a-code"])).toEqual(["'a-code' is produced"]);
  });
});
