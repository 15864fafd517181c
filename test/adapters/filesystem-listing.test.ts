import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mapLimited } from "../../src/adapters/filesystem/disk.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { keysOf, put } from "../contract/object-store/fixture.ts";
import { openStore, usePlace, watched } from "./filesystem/fixture.ts";

/** More listings than are remembered. */
const OTHER_LISTINGS = 64;
const WRITES_IN_FLIGHT_MAX = 50;

async function plant(root: string, directories: number, files: number): Promise<string[]> {
  const keys: string[] = [];
  for (let d = 0; d < directories; d++) {
    const directory = `many/${String(d).padStart(4, "0")}`;
    await mkdir(join(root, directory), { recursive: true });
    for (let f = 0; f < files; f++) keys.push(`${directory}/${String(f).padStart(4, "0")}`);
  }
  await mapLimited(keys, WRITES_IN_FLIGHT_MAX, (key) => writeFile(join(root, key), "x"));
  return keys;
}

async function pagesOf(
  list: (cursor: string | undefined) => ReturnType<ObjectStore["list"]>,
): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await list(cursor);
    pages.push(page.entries.map(({ key }) => key));
    cursor = page.next;
  }
  return pages;
}

describe("a long listing of the local store", () => {
  const place = usePlace();

  it("goes on exactly where it was after it was forgotten or the process was replaced", async () => {
    const keys = await plant(place.root, 50, 100);
    let store = await openStore(place.root);
    let pages = 0;
    const found = await pagesOf(async (cursor) => {
      const page = await store.list("many/", { limit: 730, ...(cursor ? { cursor } : {}) });
      pages++;
      if (pages % 3 === 0) store = await openStore(place.root);
      else for (let i = 0; i < OTHER_LISTINGS; i++) await store.list("many/", { limit: 1 });
      return page;
    });
    expect(found.flat()).toEqual(keys);
    expect(found.map((page) => page.length)).toEqual([730, 730, 730, 730, 730, 730, 620]);
  });

  it("reads each directory once, and after it was forgotten only those that come later", async () => {
    await plant(place.root, 40, 25);
    let readings = 0;
    const fs = watched(({ name }) => {
      if (name === "readdir") readings++;
    });
    const store = await openStore(place.root, fs);
    readings = 0;
    const pages = await pagesOf((cursor) =>
      store.list("many/", { limit: 10, ...(cursor ? { cursor } : {}) }),
    );
    expect(pages).toHaveLength(101);
    expect(readings).toBe(41);
    const { next } = await store.list("many/", { limit: 975 });
    const fresh = await openStore(place.root, fs);
    readings = 0;
    const rest = await fresh.list("many/", next === null ? {} : { cursor: next });
    expect(rest.entries).toHaveLength(25);
    expect(readings).toBeLessThanOrEqual(3);
  });

  it("has no empty page but the last, also while whole directories vanish", async () => {
    const keys = await plant(place.root, 30, 20);
    const store = await openStore(place.root);
    let vanished = 0;
    const pages = await pagesOf(async (cursor) => {
      const page = await store.list("", { limit: 50, ...(cursor ? { cursor } : {}) });
      vanished += 3;
      const gone = `many/${String(vanished + 4).padStart(4, "0")}`;
      await rm(join(place.root, gone), { recursive: true, force: true });
      return page;
    });
    expect(pages.slice(0, -1).every((page) => page.length === 50)).toBe(true);
    const found = pages.flat();
    expect(new Set(found).size).toBe(found.length);
    expect(keys).toEqual(expect.arrayContaining(found));
    const left = await keysOf(store, "");
    expect(found).toEqual(expect.arrayContaining(left));
  });

  it("takes no longer per page at the end of 20,000 keys than at the start", async () => {
    const keys = await plant(place.root, 2, 10_000);
    const store = await openStore(place.root);
    const durationsMs: number[] = [];
    const pages = await pagesOf(async (cursor) => {
      const startMs = performance.now();
      const page = await store.list("", cursor ? { cursor } : {});
      durationsMs.push(performance.now() - startMs);
      return page;
    });
    expect(pages.flat()).toEqual(keys);
    const totalMs = durationsMs.reduce((sum, each) => sum + each, 0);
    // Each page looks at 1,000 files; reading all anew for every page would take twenty times as long.
    expect(totalMs).toBeLessThan(20_000);
  });

  it("does not read a neighbour's directories to list one project", async () => {
    const read: string[] = [];
    const fs = watched(({ name, path }) => {
      if (name === "readdir") read.push(path);
    });
    const store = await openStore(place.root, fs);
    const projects = Array.from({ length: 50 }, (_, i) => `projects/p${i}`);
    await put(store, ...projects.map((project) => `${project}/x`));
    read.length = 0;
    expect(await keysOf(store, "projects/p7/")).toEqual(["projects/p7/x"]);
    expect(read).toEqual([join(place.root, "projects/p7")]);
  });
});
