import { describe, expect, it } from "vitest";
import { keysOf, make, partBytes, pattern, read, refused, type StoreFixture } from "./fixture.ts";

export function copiesContract(fixture: StoreFixture): void {
  describe("copied parts", () => {
    it("makes an object of ranges of another one, byte for byte", async () => {
      const { store } = fixture;
      const size = await partBytes(store);
      const bytes = pattern(size + 1234, 5);
      await make(store, "copy/from \u00e9+%&", bytes);
      const uploadId = await store.createUpload("copy/to", "video/mp4");
      const source = (start: number, end: number) => ({
        key: "copy/from \u00e9+%&",
        range: { start, end },
      });
      const first = await store.copyPart("copy/to", uploadId, 1, source(0, size - 1));
      const second = await store.copyPart("copy/to", uploadId, 2, source(size, size + 1233));
      expect([first.sizeBytes, second.sizeBytes]).toEqual([size, 1234]);
      expect(await store.listParts("copy/to", uploadId)).toEqual([first, second]);
      await store.completeUpload("copy/to", uploadId, [first, second]);
      expect(Buffer.from(await read(store, "copy/to")).equals(bytes)).toBe(true);
      expect(await keysOf(store, "copy/")).toEqual(["copy/from \u00e9+%&", "copy/to"]);
    });

    it("refuses a source that is not there, or shorter than the range, and keeps nothing", async () => {
      const { store } = fixture;
      await make(store, "short", "0123456789");
      const uploadId = await store.createUpload("made", "text/plain");
      const copy = (key: string, start: number, end: number) =>
        store.copyPart("made", uploadId, 1, { key, range: { start, end } });
      await refused(copy("missing", 0, 3), "no-such-key");
      await refused(copy("short", 4, 10), "invalid-range");
      await refused(copy("short", 10, 12), "invalid-range");
      await refused(copy("short", 5, 4), "invalid-range", "invalid-part");
      expect(await store.listParts("made", uploadId)).toEqual([]);
      await store.abortUpload("made", uploadId);
      await refused(copy("short", 0, 9), "no-such-upload");
    });
  });
}
