import { describe, expect, it } from "vitest";
import type { VersionEntry } from "../../../src/ports/object-store.ts";
import { everyPage, keysOf, make, put, readText, refused, type StoreFixture } from "./fixture.ts";

async function versionsOf(
  store: StoreFixture["store"],
  prefix: string,
  limit?: number,
): Promise<VersionEntry[]> {
  return await everyPage((options) => store.listVersions(prefix, options), limit);
}

/** `markers` and `versions` of each key, newest first: `v` for one, `m` for the other. */
function shape(entries: readonly VersionEntry[]): Record<string, string> {
  const shapes: Record<string, string> = {};
  for (const { key, isDeleteMarker } of entries) {
    shapes[key] = (shapes[key] ?? "") + (isDeleteMarker ? "m" : "v");
  }
  return shapes;
}

/** For a store that keeps none: it says so, and lists and removes nothing by halves. */
export function noVersionsContract(fixture: StoreFixture): void {
  describe("versions, where there are none", () => {
    it("says that it keeps none", async () => {
      const { store } = fixture;
      await put(store, "single");
      expect((await store.capabilities()).versioning).toBe("none");
      await refused(store.listVersions(""), "not-supported");
      await refused(store.removeVersions([{ key: "single", versionId: "null" }]), "not-supported");
      expect(await readText(store, "single")).toBe("content of single");
    });
  });
}

/** For a store whose versioning is enabled from the start. */
export function versionsContract(fixture: StoreFixture): void {
  describe("versions", () => {
    versionListingContract(fixture);
    versionRemovalContract(fixture);
  });
}

function versionListingContract(fixture: StoreFixture): void {
  it("says that versions are kept, whether it is asked freshly or not", async () => {
    const { store } = fixture;
    expect((await store.capabilities()).versioning).toBe("enabled");
    expect((await store.capabilities({ fresh: true })).versioning).toBe("enabled");
  });

  it("lists every version and marker, of each key the newest first", async () => {
    const { store } = fixture;
    for (const text of ["one", "two two", "three"]) await make(store, "ver/a", text);
    await store.remove(["ver/a"]);
    await make(store, "ver/b", "only");
    await store.remove(["ver/none"]);
    await make(store, "vex/c", "outside");
    expect(await keysOf(store, "ver/")).toEqual(["ver/b"]);
    const found = await versionsOf(store, "ver/");
    expect(shape(found)).toEqual({ "ver/a": "mvvv", "ver/b": "v", "ver/none": "m" });
    expect(found.map(({ sizeBytes }) => sizeBytes)).toEqual([0, 5, 7, 3, 4, 0]);
    expect(found.map(({ isLatest }) => isLatest)).toEqual([true, false, false, false, true, true]);
    expect(new Set(found.map(({ key, versionId }) => `${key}\0${versionId}`)).size).toBe(6);
    expect(found.every(({ modifiedAt }) => Number.isSafeInteger(modifiedAt))).toBe(true);
  });

  it("shows every version once, whatever the pages' length", async () => {
    const { store } = fixture;
    for (let i = 0; i < 4; i++) await put(store, "vp/a", "vp/b/\u{1F600}", "vp/c");
    await store.remove(["vp/a", "vp/c"]);
    const all = await versionsOf(store, "vp/");
    expect(shape(all)).toEqual({ "vp/a": "mvvvv", "vp/b/\u{1F600}": "vvvv", "vp/c": "mvvvv" });
    for (const limit of [1, 2, 3, 5, 14, 15]) {
      expect(await versionsOf(store, "vp/", limit)).toEqual(all);
    }
  });

  it("goes on listing while the versions before it are removed", async () => {
    const { store } = fixture;
    for (let i = 0; i < 5; i++) await put(store, "vg/a", "vg/b", "vg/c");
    let removed = 0;
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await store.listVersions("vg/", { limit: 4, ...(cursor ? { cursor } : {}) });
      await store.removeVersions(page.entries);
      removed += page.entries.length;
      cursor = page.next;
    }
    expect(removed).toBe(15);
    expect(await versionsOf(store, "")).toEqual([]);
  });
}

function versionRemovalContract(fixture: StoreFixture): void {
  it("only hides an object by removing its key", async () => {
    const { store } = fixture;
    await make(store, "hidden", "still here");
    expect(await store.remove(["hidden"])).toEqual([{ key: "hidden", result: "gone" }]);
    await refused(store.head("hidden"), "no-such-key");
    const [marker, version] = await versionsOf(store, "hidden");
    expect([marker?.isDeleteMarker, version?.isDeleteMarker]).toEqual([true, false]);
    await store.removeVersions(marker ? [marker] : []);
    expect(await readText(store, "hidden")).toBe("still here");
  });

  it("removes single versions and nothing else, answering one result for each", async () => {
    const { store } = fixture;
    for (const text of ["first", "second", "third"]) await make(store, "vr/a", text);
    await make(store, "vr/ab", "other");
    const [newest, middle, oldest] = await versionsOf(store, "vr/a");
    if (!newest || !middle || !oldest) throw new Error("there are three versions");
    const asked = [middle, newest].map(({ key, versionId }) => ({ key, versionId }));
    expect(await store.removeVersions(asked)).toEqual(
      asked.map((version) => ({ ...version, result: "gone" })),
    );
    expect(await readText(store, "vr/a")).toBe("first");
    expect(await store.removeVersions(asked)).toEqual(
      asked.map((version) => ({ ...version, result: "gone" })),
    );
    await store.removeVersions([oldest]);
    expect(shape(await versionsOf(store, ""))).toEqual({ "vr/ab": "v" });
    expect(await readText(store, "vr/ab")).toBe("other");
    expect(await store.removeVersions([])).toEqual([]);
  });

  it("takes a thousand versions at once and refuses one more, removing none", async () => {
    const { store } = fixture;
    await put(store, "vm/a");
    const there = await versionsOf(store, "vm/");
    const [first] = there;
    if (!first) throw new Error("there is a version");
    const versions = Array.from({ length: 1001 }, () => first);
    await refused(store.removeVersions(versions), "bad-request");
    expect(await versionsOf(store, "vm/")).toEqual(there);
    const results = await store.removeVersions(versions.slice(0, 1000));
    expect(results).toHaveLength(1000);
    expect(results.every(({ result }) => result === "gone")).toBe(true);
    expect(await versionsOf(store, "vm/")).toEqual([]);
  });

  it("removes no version once its signal is aborted", async () => {
    const { store } = fixture;
    await put(store, "vs/a");
    const before = await versionsOf(store, "vs/");
    const signal = AbortSignal.abort(new Error("not wanted any more"));
    await expect(store.removeVersions(before, signal)).rejects.toThrow("not wanted any more");
    expect(await versionsOf(store, "vs/")).toEqual(before);
  });
}
