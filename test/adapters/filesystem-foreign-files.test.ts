import * as fc from "fast-check";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { FilesystemObjectStore } from "../../src/adapters/filesystem/object-store.ts";
import { utf8 } from "../../src/core/encoding.ts";
import { keysOf, put, readText, refused } from "../contract/object-store/fixture.ts";
import { filesBelow, openStore, usePlace } from "./filesystem/fixture.ts";

/** A path whose characters are its bytes. */
const bytesOf = (path: string): Buffer => Buffer.from(path, "latin1");

async function plant(root: string, path: string, content: string): Promise<void> {
  const at = Buffer.concat([Buffer.from(`${root}/`), bytesOf(path)]);
  await mkdir(at.subarray(0, at.lastIndexOf("/")), { recursive: true });
  await writeFile(at, content);
}

/** Every key that is listed must be found by every call, and be gone once it is removed. */
async function takeAll(store: FilesystemObjectStore, root: string): Promise<string[]> {
  const keys = await keysOf(store, "");
  expect(keys).toEqual([...keys].sort((a, b) => Buffer.compare(utf8(a), utf8(b))));
  expect(new Set(keys).size).toBe(keys.length);
  expect(await keysOf(store, "", 1)).toEqual(keys);
  for (const key of keys) {
    expect((await store.head(key)).key).toBe(key);
    expect(await keysOf(store, key)).toContain(key);
    await readText(store, key);
  }
  for (const [i, key] of keys.entries()) {
    expect(await store.remove([key])).toEqual([{ key, result: "gone" }]);
    expect(await keysOf(store, "")).toEqual(keys.slice(i + 1));
  }
  expect(await filesBelow(root)).toEqual([]);
  return keys;
}

const long = "x".repeat(253);

/** Names as bytes (latin1), and the keys they must have. */
const ODD_NAMES: readonly (readonly [path: string, key: string])[] = [
  ["a%41", "a%41"],
  ["%2E", "."],
  ["%2E%2E/x", "../x"],
  ["%2e%2e", "%2e%2e"],
  ["%2Ex", "%2Ex"],
  ["%_", "%_"],
  ["d/%_", "d/"],
  ["%_x", "%_x"],
  ["%25", "%25"],
  ["%25b", "%25b"],
  ["c%2525b", "c%25b"],
  ["x%00y", "x\0y"],
  ["end%+", "end%+"],
  ["end%+dir/x", "end%+dir/x"],
  ["short%+/x", "short%+/x"],
  [`${long}%+`, `${long}%+`],
  [`${"y".repeat(253)}%+/abc`, `${"y".repeat(253)}abc`],
  [`${"z".repeat(253)}%+/a`, `${"z".repeat(253)}%+/a`],
  ["\xff", "%FF"],
  ["cut\xc3", "cut%C3"],
  ["\xe2\x82", "%E2%82"],
  ["\xed\xa0\x80", "%ED%A0%80"],
  ["\xc0\xaf", "%C0%AF"],
  ["\xff100%", "%FF100%25"],
  ["mixed\xc3\xa9\xff", "mixed\u00e9%FF"],
  ["bad\xffdir/ok\xfe", "bad%FFdir/ok%FE"],
  ["\xff".repeat(255), "%FF".repeat(255)],
  ["new\nline", "new\nline"],
  [" ", " "],
  ["-rf", "-rf"],
  ["....", "...."],
  ["\\..\\", "\\..\\"],
];

describe("files that others put into the store", () => {
  const place = usePlace();

  it("have the key that their name says, and can be read and removed by it", async () => {
    const store = await openStore(place.root);
    for (const [path, key] of ODD_NAMES) {
      await plant(place.root, path, `content of ${path}`);
      expect(await keysOf(store, "")).toEqual([key]);
      expect(await readText(store, key)).toBe(`content of ${path}`);
      await takeAll(store, place.root);
    }
  });

  it("are all found when they lie beside one another", async () => {
    const store = await openStore(place.root);
    for (const [path] of ODD_NAMES) await plant(place.root, `together/${path}`, path);
    const keys = await takeAll(store, place.root);
    // Of `%25` and its twin nothing else has the same key.
    expect(keys).toHaveLength(ODD_NAMES.length);
  });

  it("are one object where two names have one key, which removes both", async () => {
    const store = await openStore(place.root);
    for (const [one, other, key] of [
      ["twin%2525", "twin%25", "twin%25"],
      ["d%2525/x", "d%25/x", "d%25/x"],
      ["t\xff", "t%FF", "t%FF"],
      [`${"y".repeat(251)}%25+/a`, `${"y".repeat(251)}%+/a`, `${"y".repeat(251)}%+/a`],
    ] as const) {
      await plant(place.root, one, "one");
      await plant(place.root, other, "other");
      expect(await keysOf(store, "")).toEqual([key]);
      expect(["one", "other"]).toContain(await readText(store, key));
      await store.remove([key]);
      await refused(store.head(key), "no-such-key");
      expect(await filesBelow(place.root)).toEqual([]);
    }
  });

  it("can be removed even where their key is longer than expunge itself would write", async () => {
    const store = await openStore(place.root);
    const key = Array.from({ length: 8 }, (_, i) => String(i).repeat(200)).join("/");
    await plant(place.root, key, "deep");
    expect(await keysOf(store, "")).toEqual([key]);
    expect(await readText(store, key)).toBe("deep");
    await refused(store.put(key, utf8("x")), "invalid-key");
    expect(await store.remove([key])).toEqual([{ key, result: "gone" }]);
    expect(await filesBelow(place.root)).toEqual([]);
  });

  it("never hide one another, whatever they are called", async () => {
    const store = await openStore(place.root);
    const piece = fc.constantFrom(..."%25E_+0.é\xff".split(""), "%+", "%25", "%2E", "%FF", "\xc3");
    const stem = fc.constantFrom("", "", "x".repeat(250), long, "y".repeat(249));
    const name = fc
      .tuple(stem, fc.array(piece, { maxLength: 5 }), fc.constantFrom("", "", "%+"))
      .map(([start, middle, end]) => (start + middle.join("") + end).slice(0, 255))
      .filter((text) => text !== "" && text !== "." && text !== "..");
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
    const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(paths, async (all) => {
        await clear(place.root);
        for (const each of all) await plant(place.root, each, each).catch(isInTheWay);
        await takeAll(store, place.root);
      }),
      { numRuns: 60 },
    );
  });

  it("never take the place of an object that expunge makes", async () => {
    const store = await openStore(place.root);
    for (const [path, key] of ODD_NAMES) {
      // Here a file stands where the written form of its own name needs a directory.
      if (path === `${long}%+`) continue;
      await plant(place.root, path, "theirs");
      await put(store, key);
      expect(await keysOf(store, "")).toEqual([key]);
      expect(await readText(store, key)).toBe(`content of ${key}`);
      await takeAll(store, place.root);
    }
  });
});

async function clear(root: string): Promise<void> {
  for (const left of await readdir(root, { encoding: "buffer" })) {
    const path = Buffer.concat([Buffer.from(`${root}/`), left]);
    if (!left.equals(Buffer.from(".expunge"))) await rm(path, { recursive: true });
  }
}

/** A file where another path needs a directory, or the reverse. */
function isInTheWay(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (!["ENOTDIR", "EISDIR", "EEXIST"].includes(String(code))) throw error;
}
