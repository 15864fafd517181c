import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/core/encoding.ts";
import { keysOf, listAll, make, put, refused, sendPart, type StoreFixture } from "./fixture.ts";

const byBytes = (a: string, b: string): number => Buffer.compare(utf8(a), utf8(b));

export function listingContract(fixture: StoreFixture): void {
  describe("listing", () => {
    orderContract(fixture);
    pagingContract(fixture);
    prefixContract(fixture);

    it("shows every change that was acknowledged before it", async () => {
      const { store } = fixture;
      expect(await listAll(store, "")).toEqual([]);
      await make(store, "seen/a", "four");
      expect(await keysOf(store, "seen/")).toEqual(["seen/a"]);
      await store.remove(["seen/a"]);
      expect(await keysOf(store, "seen/")).toEqual([]);
      expect(await listAll(store, "")).toEqual([]);
    });

    it("shows the size of each object and when it was made", async () => {
      const { store } = fixture;
      const { modifiedAt } = await make(store, "sized", "seven b");
      expect(await listAll(store, "")).toEqual([{ key: "sized", sizeBytes: 7, modifiedAt }]);
      expect(Number.isSafeInteger(modifiedAt)).toBe(true);
    });

    it("does not show an object before its upload is completed", async () => {
      const { store } = fixture;
      const uploadId = await store.createUpload("later", "text/plain");
      await sendPart(store, "later", uploadId, 1, "x");
      expect(await listAll(store, "")).toEqual([]);
    });

    it("ends when its signal is aborted", async () => {
      const { store } = fixture;
      const signal = AbortSignal.abort(new Error("not wanted any more"));
      await expect(store.list("", { signal })).rejects.toThrow("not wanted any more");
    });
  });
}

function orderContract(fixture: StoreFixture): void {
  it("has the order of the keys' UTF-8 bytes, with surrogate pairs above U+E000", async () => {
    const { store } = fixture;
    const keys = ["a", "Z", "\u00e9", "z", "\u{1F600}", "\uE000", "\uFFFD", "\u{10FFFF}", "~", "0"];
    await put(store, ...keys);
    const expected = [...keys].sort(byBytes);
    expect(expected.indexOf("\uE000")).toBeLessThan(expected.indexOf("\u{1F600}"));
    expect(await keysOf(store, "")).toEqual(expected);
  });

  it("takes a slash for a byte like any other", async () => {
    const { store } = fixture;
    const keys = ["d-x", "d.x", "d/x", "d0", "d!/y", "d x", "d/", "d/!", "d/~/z", "d/x2", "c/z"];
    await put(store, ...keys);
    const expected = [...keys].sort(byBytes);
    expect(await keysOf(store, "")).toEqual(expected);
    expect(await keysOf(store, "", 1)).toEqual(expected);
  });

  it("has the order of bytes where some segments are too long for a file's name", async () => {
    const { store } = fixture;
    const long = "x".repeat(253);
    const ends = ["", "A", "B", "BA", "BAAA", "BBB/c", "BB~~~~", "BC", "y".repeat(200), "C/d"];
    const keys = ends.map((end) => `long/${long}${end}`);
    await put(store, ...keys);
    const expected = [...keys].sort(byBytes);
    for (const limit of [1, 3, 1000]) expect(await keysOf(store, "", limit)).toEqual(expected);
    expect(await keysOf(store, `long/${long}BB`)).toEqual(
      expected.filter((key) => key.startsWith(`long/${long}BB`)),
    );
  });
}

function pagingContract(fixture: StoreFixture): void {
  it("shows every key once, whatever the pages' length", async () => {
    const { store } = fixture;
    const keys = Array.from(
      { length: 23 },
      (_, i) => `paged/${i % 4}/${String(i).padStart(2, "0")}`,
    );
    await put(store, ...keys);
    const expected = [...keys].sort(byBytes);
    for (const limit of [1, 2, 3, 7, 23, 24, 1000]) {
      expect(await keysOf(store, "", limit)).toEqual(expected);
    }
  });

  it("begins behind a key, whether that is there or not", async () => {
    const { store } = fixture;
    const keys = ["from/a", "from/b/c", "from/b/d", "from/c", "from/\u{1F600}"];
    await put(store, ...keys, "fron", "a");
    for (const startAfter of ["", "from/", "from/a", "from/b", "from/b/c", "from/bb", "from/z"]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const place: { startAfter: string } | { cursor: string } =
          cursor === null ? { startAfter } : { cursor };
        const page = await store.list("from/", { limit: 2, ...place });
        seen.push(...page.entries.map(({ key }) => key));
        cursor = page.next;
      } while (cursor !== null);
      expect(seen, startAfter).toEqual(keys.filter((key) => byBytes(key, startAfter) > 0));
    }
  });

  it("answers a cursor that is used twice in the same way", async () => {
    const { store } = fixture;
    await put(store, "again/a", "again/b", "again/c", "again/d", "again/e");
    const { before, cursor } = await firstPages(store);
    const once = await keysFrom(store, cursor);
    const twice = await keysFrom(store, cursor);
    expect([...before, ...once]).toEqual(await keysOf(store, "again/"));
    expect(twice).toEqual(once);
  });

  it("goes on behind its cursor while the keys before it are removed", async () => {
    const { store } = fixture;
    const keys = Array.from({ length: 30 }, (_, i) => `doomed/${i % 3}/${i}`);
    await put(store, ...keys);
    const removed: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await store.list("doomed/", { limit: 4, ...(cursor ? { cursor } : {}) });
      const found = page.entries.map(({ key }) => key);
      removed.push(...found);
      await store.remove(found);
      cursor = page.next;
    }
    expect(removed).toEqual([...keys].sort(byBytes));
    expect(await keysOf(store, "")).toEqual([]);
  });

  it("goes on behind a key that was removed with all its neighbours", async () => {
    const { store } = fixture;
    await put(store, "n/a/1", "n/a/2", "n/b/1", "n/b/2", "n/c");
    const { next } = await store.list("n/", { limit: 2 });
    await store.remove(["n/a/1", "n/a/2", "n/b/1", "n/b/2"]);
    expect(next === null ? [] : await keysFrom(store, next, "n/")).toEqual(["n/c"]);
  });

  it("refuses a cursor of another listing, or of nobody, and a page of no length", async () => {
    const { store } = fixture;
    await put(store, "again/a", "again/b", "again/c");
    const { cursor } = await firstPages(store);
    await refused(store.list("other/", { cursor }), "bad-request");
    await refused(store.list("again/", { cursor: "!" }), "bad-request");
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await refused(store.list("again/", { limit }), "bad-request");
    }
  });
}

function prefixContract(fixture: StoreFixture): void {
  it("keeps to its prefix, byte for byte", async () => {
    const { store } = fixture;
    await put(store, "p/1/a", "p/10/a", "p/1-0/a", "p/1.txt", "p/2/a", "P/1/a", "xp/1/a");
    expect(await keysOf(store, "p/1/")).toEqual(["p/1/a"]);
    expect(await keysOf(store, "p/1")).toEqual(["p/1-0/a", "p/1.txt", "p/1/a", "p/10/a"]);
    expect(await keysOf(store, "p/1/a")).toEqual(["p/1/a"]);
    expect(await keysOf(store, "p/10/a")).toEqual(["p/10/a"]);
    expect(await keysOf(store, "p/2/a/")).toEqual([]);
    expect(await keysOf(store, "q")).toEqual([]);
  });

  it("takes no character of a prefix for a pattern", async () => {
    const { store } = fixture;
    await put(store, "t/a%b/x", "t/a_b/x", "t/axb/x", "t/a*b/x", "t/../x");
    for (const prefix of ["t/a%b/", "t/a_b/", "t/a*b/", "t/../"]) {
      expect(await keysOf(store, prefix)).toEqual([`${prefix}x`]);
    }
    expect(await keysOf(store, "t/a?b/")).toEqual([]);
    expect(await keysOf(store, "../")).toEqual([]);
    expect(await keysOf(store, "/t/")).toEqual([]);
  });
}

/** The first entries of a listing, and the cursor behind them. */
async function firstPages(
  store: StoreFixture["store"],
): Promise<{ before: readonly string[]; cursor: string }> {
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page = await store.list("again/", { limit: 2, ...(cursor ? { cursor } : {}) });
    cursor = page.next;
    const before = page.entries.map(({ key }) => key);
    if (before.length > 0 && cursor !== null) return { before, cursor };
  }
  throw new Error("there must be more than these pages");
}

async function keysFrom(
  store: StoreFixture["store"],
  cursor: string,
  prefix = "again/",
): Promise<string[]> {
  const keys: string[] = [];
  for (let next: string | null = cursor; next !== null;) {
    const page = await store.list(prefix, { cursor: next });
    keys.push(...page.entries.map(({ key }) => key));
    next = page.next;
  }
  return keys;
}
