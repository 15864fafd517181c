import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { importsOf } from "./imports.ts";
import { sourcesOf } from "./source.ts";

const ROOT = join(import.meta.dirname, "../..");

/** All modules that are not ours and that a file loads, itself or through others. */
function modulesBehind(start: string): ReadonlySet<string> {
  const names = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const paths = names.map((name) => `src/${name}`).filter((name) => name.endsWith(".ts"));
  const files = new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
  const loaded = Map.groupBy(
    sourcesOf(files)
      .flatMap((source) => importsOf(source))
      .filter((one) => !one.isTypeOnly),
    ({ from }) => from,
  );
  const seen = new Set<string>();
  const foreign = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { to, isOwn } of loaded.get(path) ?? []) {
      if (isOwn) visit(to);
      else foreign.add(to);
    }
  };
  visit(start);
  return foreign;
}

it("the engine alone loads nothing of Node, and two small packages", () => {
  expect([...modulesBehind("src/engine.ts")].sort()).toEqual([
    "@noble/hashes/hmac.js",
    "@noble/hashes/sha2.js",
    "canonicalize",
  ]);
  expect(modulesBehind("src/index.ts")).toContain("node:path");
});
