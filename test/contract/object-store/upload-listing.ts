import { expect, it } from "vitest";
import { keysOf, type StoreFixture, uploadsOf } from "./fixture.ts";

/** What a listing of open uploads shows. */
export function uploadListingContract(fixture: StoreFixture): void {
  it("lists the open uploads below a prefix, and no others", async () => {
    const { store } = fixture;
    const keys = ["u/1/a", "u/10/a", "u/1/b", "u/1/a", "v/1/a", "u/1.txt"];
    const ids = new Map<string, string[]>();
    for (const key of keys) {
      ids.set(key, [...(ids.get(key) ?? []), await store.createUpload(key, "text/plain")]);
    }
    const found = await uploadsOf(store, "u/1/");
    expect(found.map(({ key }) => key)).toEqual(["u/1/a", "u/1/a", "u/1/b"]);
    expect(new Set(found.slice(0, 2).map(({ uploadId }) => uploadId))).toEqual(
      new Set(ids.get("u/1/a")),
    );
    expect(found.every(({ initiatedAt }) => Number.isSafeInteger(initiatedAt))).toBe(true);
    expect(await uploadsOf(store, "u/1/c")).toEqual([]);
    expect(await uploadsOf(store, "")).toHaveLength(keys.length);
    expect(await keysOf(store, "")).toEqual([]);
  });

  it("shows every upload once, whatever the pages' length", async () => {
    const { store } = fixture;
    for (let i = 0; i < 12; i++) await store.createUpload(`w/${i % 5}/\u{1F600}`, "text/plain");
    const all = await uploadsOf(store, "w/");
    expect(new Set(all.map(({ uploadId }) => uploadId)).size).toBe(12);
    for (const limit of [1, 2, 5, 12, 13]) expect(await uploadsOf(store, "w/", limit)).toEqual(all);
  });

  it("goes on listing while the uploads before it are aborted", async () => {
    const { store } = fixture;
    for (let i = 0; i < 10; i++) await store.createUpload(`x/${i % 3}`, "text/plain");
    let aborted = 0;
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await store.listUploads("x/", { limit: 3, ...(cursor ? { cursor } : {}) });
      for (const { key, uploadId } of page.entries) await store.abortUpload(key, uploadId);
      aborted += page.entries.length;
      cursor = page.next;
    }
    expect(aborted).toBe(10);
    expect(await uploadsOf(store, "")).toEqual([]);
  });
}
