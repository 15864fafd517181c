import { describe, expect, it } from "vitest";
import { keysOf, make, put, readText, refused, type StoreFixture } from "./fixture.ts";

export function removalContract(fixture: StoreFixture): void {
  describe("removal", () => {
    it("answers one result per key, in the order asked, also for keys asked twice", async () => {
      const { store } = fixture;
      await put(store, "r/a", "r/b", "r/c", "r/d");
      const keys = ["r/c", "never/was", "r/a", "r/c", "r/missing", "r/a/below", "r"];
      const results = await store.remove(keys);
      expect(results).toEqual(keys.map((key) => ({ key, result: "gone" })));
      expect(await keysOf(store, "")).toEqual(["r/b", "r/d"]);
    });

    it("removes nothing but the keys asked", async () => {
      const { store } = fixture;
      const keys = ["p1/a", "p10/a", "p1-0/a", "p1/ab", "p1/a.b", "P1/a", "p/a"];
      await put(store, ...keys, "dir/x", "dir/y");
      await store.remove(["p1/a", "p1", "p1/", "dir", "dir/", "", "p*", "."].filter(Boolean));
      expect(await keysOf(store, "")).toEqual([
        "P1/a",
        "dir/x",
        "dir/y",
        "p/a",
        "p1-0/a",
        "p1/a.b",
        "p1/ab",
        "p10/a",
      ]);
      expect(await readText(store, "p1/ab")).toBe("content of p1/ab");
    });

    it("may be repeated, and removes nothing for an empty list", async () => {
      const { store } = fixture;
      await put(store, "twice/a");
      expect(await store.remove([])).toEqual([]);
      expect(await store.remove(["twice/a"])).toEqual([{ key: "twice/a", result: "gone" }]);
      expect(await store.remove(["twice/a"])).toEqual([{ key: "twice/a", result: "gone" }]);
      await make(store, "twice/a", "again");
      expect(await readText(store, "twice/a")).toBe("again");
    });

    it("takes a thousand keys at once and refuses one more, removing none", async () => {
      const { store } = fixture;
      const keys = Array.from({ length: 1001 }, (_, i) => `many/${i % 7}/${i}`);
      const there = keys.slice(0, 50);
      await put(store, ...there);
      const error = await refused(store.remove(keys), "bad-request");
      expect(error.errorClass).toBe("permanent");
      expect(await keysOf(store, "many/")).toHaveLength(50);
      const results = await store.remove(keys.slice(0, 1000));
      expect(results.map(({ key }) => key)).toEqual(keys.slice(0, 1000));
      expect(results.every(({ result }) => result === "gone")).toBe(true);
      expect(await keysOf(store, "many/")).toEqual([]);
    });

    it("does nothing once its signal is aborted", async () => {
      const { store } = fixture;
      await put(store, "spared");
      const signal = AbortSignal.abort(new Error("not wanted any more"));
      await expect(store.remove(["spared"], signal)).rejects.toThrow("not wanted any more");
      expect(await keysOf(store, "")).toEqual(["spared"]);
    });

    it("loses no object that is made beside others being removed", async () => {
      const { store } = fixture;
      for (let round = 0; round < 40; round++) {
        const doomed = [`prune/x/y/${round}`, `prune/x/z/${round}`];
        await put(store, ...doomed);
        const fresh = [`prune/x/y/new${round}`, `prune/x/new${round}`, `prune/x/z/q/new${round}`];
        const [results] = await Promise.all([
          store.remove(doomed),
          store.put(fresh[0] ?? "", Buffer.from("put")),
          make(store, fresh[1] ?? "", "made"),
          make(store, fresh[2] ?? "", "made"),
        ]);
        expect(results.map(({ result }) => result)).toEqual(["gone", "gone"]);
        expect((await keysOf(store, "")).sort()).toEqual([...fresh].sort());
        await store.remove(fresh);
      }
      expect(await keysOf(store, "")).toEqual([]);
    });
  });
}
