import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { expunge, temporaryDir } from "./harness.ts";

interface Swept {
  readonly found: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly verified: boolean;
  readonly prefix: string;
  readonly requests: { readonly list: number; readonly delete: number; readonly other: number };
}

const KEYS = [
  "p1/a.txt",
  "p1/deep/er/b.txt",
  "p10/a.txt",
  "p1.txt",
  "other/p1/a.txt",
  ".expunge/tombstones/t.json",
];

async function storeWith(keys: readonly string[] = KEYS): Promise<string> {
  const dir = await temporaryDir();
  for (const key of keys) {
    await mkdir(dirname(join(dir, key)), { recursive: true });
    await writeFile(join(dir, key), "12345");
  }
  return dir;
}

async function keysIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();
}

async function sweep(...argv: string[]): Promise<{ code: number; document: Swept }> {
  const cwd = await temporaryDir();
  const { code, stdout } = await expunge(["sweep", ...argv, "--json"], { cwd });
  return { code, document: JSON.parse(stdout) as Swept };
}

test("a sweep empties its prefix, verifies it and leaves every sibling", async () => {
  const dir = await storeWith();
  const { code, document } = await sweep(`file:${dir}/p1/`, "--yes");
  expect(code).toBe(0);
  expect(document).toMatchObject({
    found: 2,
    deleted: 2,
    absent: 0,
    failed: 0,
    blocked: 0,
    unknown: 0,
    bytes: 10,
    verified: true,
    requests: { list: 4, delete: 1, other: 2 },
  });
  expect(await keysIn(dir)).toEqual(KEYS.filter((key) => !key.startsWith("p1/")).sort());
});

test("a dry run of a sweep counts and changes nothing", async () => {
  const dir = await storeWith();
  const { code, document } = await sweep(`file:${dir}/p1/`, "--dry-run");
  expect(code).toBe(0);
  expect(document).toMatchObject({
    dryRun: true,
    found: 2,
    deleted: 0,
    bytes: 10,
    verified: false,
  });
  expect(await keysIn(dir)).toEqual(KEYS.toSorted());
});

test.each([
  ["a sweep of the whole store", "", "--whole-bucket"],
  ["a sweep of a prefix that is also the beginning of others", "p1", "--no-boundary"],
  ["a sweep of what expunge keeps for itself", ".expunge/", "--include-expunge"],
])("%s is refused and the flag named", async (_what, prefix, flag) => {
  const dir = await storeWith();
  const cwd = await temporaryDir();
  const url = `file:${dir}/${prefix}`;
  const refused = await expunge(["sweep", url, "--yes"], { cwd });
  expect(refused.code).toBe(7);
  expect(refused.stderr).toContain(flag);
  expect(await keysIn(dir)).toEqual(KEYS.toSorted());
  const { code, document } = await sweep(url, "--yes", flag);
  expect(code).toBe(0);
  expect(document.verified).toBe(true);
});

test("a sweep without --yes is refused with exit code 7 and changes nothing", async () => {
  const dir = await storeWith();
  const cwd = await temporaryDir();
  const { code, stderr } = await expunge(["sweep", `file:${dir}/p1/`], { cwd });
  expect(code).toBe(7);
  expect(stderr).toContain("--yes");
  expect(await keysIn(dir)).toEqual(KEYS.toSorted());
});

test("a sweep of the whole store spares what expunge keeps for itself", async () => {
  const dir = await storeWith();
  const { code, document } = await sweep(`file:${dir}/`, "--whole-bucket", "--yes");
  expect(code).toBe(0);
  expect(document).toMatchObject({ found: 5, deleted: 5, verified: true });
  expect(await keysIn(dir)).toEqual([".expunge/tombstones/t.json"]);
});

test("a sweep without a boundary takes what begins so, and nothing else", async () => {
  const dir = await storeWith();
  const { document } = await sweep(`file:${dir}/p1`, "--no-boundary", "--yes");
  expect(document).toMatchObject({ prefix: "p1", found: 4, deleted: 4, verified: true });
  expect(await keysIn(dir)).toEqual([".expunge/tombstones/t.json", "other/p1/a.txt"]);
});

test("a sweep of a directory that no service ever used takes its last segment for the prefix", async () => {
  const dir = await storeWith(["x/p1/a", "x/p10/a"]);
  const { code, document } = await sweep(`file:${dir}/x/p1/`, "--yes");
  expect(code).toBe(0);
  expect(document).toMatchObject({ prefix: "p1/", found: 1, verified: true });
  expect(await keysIn(dir)).toEqual(["x/p10/a"]);
});

test("a sweep of an empty prefix succeeds with nothing found", async () => {
  const dir = await storeWith();
  const { code, document } = await sweep(`file:${dir}/nothing/`, "--yes");
  expect(code).toBe(0);
  expect(document).toMatchObject({ found: 0, deleted: 0, verified: true });
});

test("a sweep of a directory that is not there is wrong usage and makes none", async () => {
  const dir = await temporaryDir();
  const cwd = await temporaryDir();
  const { code } = await expunge(["sweep", `file:${dir}/no/such/`, "--yes"], { cwd });
  expect(code).toBe(2);
  expect(existsSync(join(dir, "no"))).toBe(false);
});

test("a sweep makes nothing in the directory that it looks at", async () => {
  const dir = await storeWith(["store/p1/a.txt", "store/p10/b.txt"]);
  for (const flag of ["--dry-run", "--yes"]) {
    const { code, document } = await sweep(`file:${dir}/store/p1/`, flag);
    expect({ code, found: document.found, prefix: document.prefix }).toEqual({
      code: 0,
      found: 1,
      prefix: "p1/",
    });
    expect(existsSync(join(dir, "store", ".expunge"))).toBe(false);
    expect(existsSync(join(dir, ".expunge"))).toBe(false);
  }
  expect(await keysIn(dir)).toEqual(["store/p10/b.txt"]);
});
