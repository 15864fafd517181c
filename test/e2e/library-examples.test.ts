import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryDir } from "../support/service-process.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = await readFile(join(ROOT, "docs/library.md"), "utf8");

/** The page's TypeScript by the heading above it. */
const EXAMPLES = PAGE.split("\n## ").flatMap((section) => {
  const [heading = ""] = section.split("\n");
  const blocks = [...section.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  return blocks.length === 0 ? [] : [{ heading, code: blocks.join("") }];
});

/** What the example prints; it finds the package where it would be installed. */
async function outputOf(code: string): Promise<string> {
  await using dir = await temporaryDir();
  const source = (path: string): string => pathToFileURL(join(ROOT, "src", path)).href;
  const own = code
    .replaceAll('from "expunge"', `from "${source("index.ts")}"`)
    .replaceAll('from "expunge/engine"', `from "${source("engine.ts")}"`);
  const file = join(dir.path, "example.ts");
  await writeFile(file, own);
  const child = spawn(process.execPath, [file], {
    cwd: dir.path,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (child.exitCode !== 0) throw new Error(err);
  return out;
}

/** A fresh process loads the whole package, on a machine that has other work. */
const EXAMPLE_TIMEOUT_MS = 300_000;

const PRINTS: Readonly<Record<string, readonly string[]>> = {
  "The whole service": ["completed", "3 { absent: 0, bytes: 5, deleted: 1 }"],
  "The engine alone": ["completed", "legacy:audio", "absent: 0, bytes: 1010, deleted: 2"],
};

describe("docs/library.md", () => {
  it.each(EXAMPLES)(
    "has an example that runs as it stands: $heading",
    { timeout: EXAMPLE_TIMEOUT_MS },
    async ({ heading, code }) => {
      const output = await outputOf(code);
      for (const words of PRINTS[heading] ?? ["an output that is expected"]) {
        expect(output).toContain(words);
      }
    },
  );

  it("has an example of each way in", () => {
    expect(EXAMPLES.map(({ heading }) => heading)).toEqual(Object.keys(PRINTS));
  });
});
