import { describe, expect, it } from "vitest";
import { utf8, utf8Length } from "../../../src/core/encoding.ts";
import {
  collect,
  keysOf,
  make,
  pattern,
  put,
  read,
  readText,
  refused,
  type StoreFixture,
} from "./fixture.ts";
import { SPECIAL_KEYS, SPECIAL_WHOLE_KEYS } from "./special-keys.ts";

/** Longer than any piece in which a store reads or copies. */
const LARGE_BYTES = 3 * 1024 * 1024 + 17;

export function objectsContract(fixture: StoreFixture): void {
  describe("objects", () => {
    contentContract(fixture);
    rangeContract(fixture);
    specialKeysContract(fixture);
  });
}

function contentContract(fixture: StoreFixture): void {
  it("reads back what was put, whole, and with the same head", async () => {
    const { store } = fixture;
    await store.put("plain", utf8("some text"));
    const { body, ...head } = await store.get("plain");
    expect(Buffer.from(await collect(body)).toString()).toBe("some text");
    expect(head).toEqual(await store.head("plain"));
    expect(head.key).toBe("plain");
    expect(head.sizeBytes).toBe(9);
    expect(head.etag).not.toBe("");
  });

  it("puts an object in the place of an earlier one", async () => {
    const { store } = fixture;
    await store.put("same", utf8("the first and longer"));
    const before = await store.head("same");
    await store.put("same", utf8("second"));
    const after = await store.head("same");
    expect(await readText(store, "same")).toBe("second");
    expect(after.sizeBytes).toBe(6);
    expect(after.etag).not.toBe(before.etag);
    expect(await keysOf(store, "")).toEqual(["same"]);
  });

  it("keeps what was put, whatever becomes of the caller's bytes", async () => {
    const { store } = fixture;
    const bytes = Buffer.from("before");
    await store.put("kept", bytes);
    bytes.fill("x");
    expect(await readText(store, "kept")).toBe("before");
    (await read(store, "kept")).fill(0);
    expect(await readText(store, "kept")).toBe("before");
  });

  it("holds an object of no bytes", async () => {
    const { store } = fixture;
    await store.put("empty", new Uint8Array());
    expect((await store.head("empty")).sizeBytes).toBe(0);
    expect(await read(store, "empty")).toEqual(new Uint8Array());
    expect(await keysOf(store, "")).toEqual(["empty"]);
  });

  it("says of a key that is not there that there is none", async () => {
    const { store } = fixture;
    await put(store, "there/x");
    for (const key of ["missing", "there", "there/", "there/x/y", "there/x/", "there/xx", "ther"]) {
      await refused(store.head(key), "no-such-key");
      await refused(store.get(key), "no-such-key");
    }
  });

  it("holds a key and keys below it, or refuses the second and keeps the first", async () => {
    const { store } = fixture;
    await put(store, "both", "deep/er");
    for (const [key, other] of [
      ["both/below", "both"],
      ["deep", "deep/er"],
    ] as const) {
      const error = await store.put(key, utf8("second")).catch((error: unknown) => error);
      if (error === undefined) expect(await readText(store, key)).toBe("second");
      else expect(error).toMatchObject({ name: "StoreError", code: "key-conflict" });
      expect(await readText(store, other)).toBe(`content of ${other}`);
    }
  });

  it("gives a body that nobody reads, or not to its end, without harm", async () => {
    const { store } = fixture;
    const bytes = pattern(LARGE_BYTES);
    await make(store, "unread", bytes);
    for (let i = 0; i < 20; i++) {
      const { body } = await store.get("unread");
      for await (const piece of body) {
        expect(piece[0]).toBe(bytes[0]);
        break;
      }
      const iterator = (await store.get("unread")).body[Symbol.asyncIterator]();
      await iterator.return?.();
    }
    expect(Buffer.from(await read(store, "unread")).equals(bytes)).toBe(true);
  });

  it("ends a body when its signal is aborted", async () => {
    const { store } = fixture;
    await make(store, "stopped", pattern(LARGE_BYTES));
    const controller = new AbortController();
    const { body } = await store.get("stopped", undefined, controller.signal);
    const reading = async (): Promise<void> => {
      for await (const _ of body) controller.abort(new Error("the reader has gone"));
    };
    await expect(reading()).rejects.toThrow("the reader has gone");
  });
}

function rangeContract(fixture: StoreFixture): void {
  it("gives exactly the bytes of a range, both ends included, cut to the object", async () => {
    const { store } = fixture;
    const bytes = pattern(LARGE_BYTES);
    await make(store, "ranged", bytes);
    const last = LARGE_BYTES - 1;
    for (const [start, end] of [
      [0, 0],
      [0, 9],
      [5, 5],
      [65_535, 65_537],
      [262_143, 262_145],
      [100_000, 1_500_000],
      [0, last],
      [last, last],
      [last - 3, last + 1000],
      [1, Number.MAX_SAFE_INTEGER],
    ] as const) {
      const { body, sizeBytes } = await store.get("ranged", { start, end });
      const found = Buffer.from(await collect(body));
      expect(found.equals(bytes.subarray(start, end + 1)), `${start}-${end}`).toBe(true);
      expect(sizeBytes).toBe(LARGE_BYTES);
    }
  });

  it("refuses a range that the object has not", async () => {
    const { store } = fixture;
    await put(store, "short");
    await store.put("none", new Uint8Array());
    const { sizeBytes } = await store.head("short");
    for (const range of [
      { start: sizeBytes, end: sizeBytes + 1 },
      { start: 5, end: 4 },
      { start: -1, end: 3 },
      { start: 0.5, end: 3 },
      { start: 0, end: Number.NaN },
    ]) {
      await refused(store.get("short", range), "invalid-range");
    }
    await refused(store.get("none", { start: 0, end: 0 }), "invalid-range");
  });
}

function specialKeysContract(fixture: StoreFixture): void {
  it("makes, shows, reads and removes an object of every special key", async () => {
    const { store, differences } = fixture;
    for (const key of [...SPECIAL_KEYS.map((key) => `special/${key}`), ...SPECIAL_WHOLE_KEYS]) {
      expect(utf8Length(key)).toBeLessThanOrEqual(1024);
      if (differences.refusesKey?.(key)) {
        await refusesKey(store, key);
        continue;
      }
      await make(store, key, `made ${key}`);
      expect(await readText(store, key)).toBe(`made ${key}`);
      expect((await store.head(key)).key).toBe(key);
      expect(await keysOf(store, key)).toEqual([key]);
      expect(await keysOf(store, "")).toEqual([key]);
      expect(await store.remove([key])).toEqual([{ key, result: "gone" }]);
      await refused(store.head(key), "no-such-key");
      expect(await keysOf(store, "")).toEqual([]);
    }
  });

  it("takes no special key for another", async () => {
    const { store, differences } = fixture;
    const { keyNormalisation } = await store.capabilities();
    // Where compositions of a name are one key, only one of them can be there.
    const isOwn = (key: string): boolean =>
      keyNormalisation === "none" || key === key.normalize("NFC");
    const keys = SPECIAL_KEYS.map((key) => `s/${key}`).filter(
      (key) => !differences.refusesKey?.(key) && isOwn(key),
    );
    await put(store, ...keys);
    const sorted = [...keys].sort((a, b) => Buffer.compare(utf8(a), utf8(b)));
    expect(await keysOf(store, "")).toEqual(sorted);
    expect(await keysOf(store, "s/", 7)).toEqual(sorted);
    for (const [i, key] of keys.entries()) {
      expect(await readText(store, key)).toBe(`content of ${key}`);
      if (i % 2 === 0) await store.remove([key]);
    }
    expect(await keysOf(store, "")).toEqual(sorted.filter((key) => keys.indexOf(key) % 2 === 1));
  });

  it("refuses a key of no bytes, of more than 1,024, or that UTF-8 cannot express", async () => {
    const { store } = fixture;
    for (const key of ["", "k".repeat(1025), "\u00e9".repeat(513), "a\uD800", "\uDC00b"]) {
      await refusesKey(store, key);
    }
    expect(await keysOf(store, "")).toEqual([]);
  });
}

async function refusesKey(store: StoreFixture["store"], key: string): Promise<void> {
  await refused(store.put(key, utf8("x")), "invalid-key");
  await refused(store.createUpload(key, "text/plain"), "invalid-key");
  await refused(store.head(key), "invalid-key");
  await refused(store.get(key), "invalid-key");
  expect(await store.remove([key])).toMatchObject([
    { key, result: "failed", retryable: false, code: "invalid-key" },
  ]);
}
