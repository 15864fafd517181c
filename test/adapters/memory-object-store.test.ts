import { describe, expect, it } from "vitest";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { keysOf, make, pattern, put, refused, sendPart } from "../contract/object-store/fixture.ts";

const clock = { now: () => 1_700_000_000_000 };

function countingRandom(): { bytes(length: number): Uint8Array } {
  let seed = 0;
  return { bytes: (length) => pattern(length, ++seed) };
}

describe("the memory store as a tool of tests", () => {
  it("fails single keys as it is told, and removes the others", async () => {
    const store = new MemoryObjectStore(clock, { random: countingRandom() });
    await put(store, "a", "b", "c");
    const refusal = {
      result: "blocked",
      retryable: false,
      code: "object-locked",
      message: "locked until 2030",
    } as const;
    store.failures.refuse = (key) => (key === "b" ? refusal : null);
    expect(await store.remove(["a", "b", "c"])).toEqual([
      { key: "a", result: "gone" },
      { key: "b", ...refusal },
      { key: "c", result: "gone" },
    ]);
    expect(await keysOf(store, "")).toEqual(["b"]);
    store.failures.refuse = null;
    await store.remove(["b"]);
    expect(store.snapshot().objects.size).toBe(0);
  });

  it("fails whole calls as it is told, before they have an effect", async () => {
    const store = new MemoryObjectStore(clock, { random: countingRandom() });
    await put(store, "a");
    store.failures.fail = (call, key) =>
      call === "remove" && key === "a" ? new StoreError("timeout", "retryable", "too late") : null;
    await refused(store.remove(["a", "b"]), "timeout");
    expect(await keysOf(store, "")).toEqual(["a"]);
  });

  it("answers short and empty pages that are not the last", async () => {
    const random = countingRandom();
    const store = new MemoryObjectStore(clock, { random, pageKeys: 2, emptyPages: true });
    await put(store, "a", "b", "c");
    const lengths: number[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await store.list("", cursor ? { cursor } : {});
      lengths.push(page.entries.length);
      cursor = page.next;
    }
    expect(lengths).toEqual([0, 2, 0, 1, 0, 0]);
  });

  it("gives the same ids, times and order for the same random bytes", async () => {
    const run = async (): Promise<unknown> => {
      const store = new MemoryObjectStore(clock, { random: countingRandom() });
      const uploadId = await store.createUpload("open", "text/plain");
      await sendPart(store, "open", uploadId, 1, "part");
      const head = await make(store, "made", "content");
      const { objects, uploads } = store.snapshot();
      return { uploadId, head, objects: [...objects], uploads: [...uploads] };
    };
    expect(await run()).toEqual(await run());
  });

  it("shows tests every object and every part that is there", async () => {
    const store = new MemoryObjectStore(clock, { random: countingRandom() });
    await put(store, "\u{1F600}", "\uE000", "a");
    const uploadId = await store.createUpload("open", "text/plain");
    await sendPart(store, "open", uploadId, 3, "part");
    const { objects, uploads } = store.snapshot();
    expect([...objects.keys()]).toEqual(["a", "\uE000", "\u{1F600}"]);
    expect(uploads.get(uploadId)?.key).toBe("open");
    expect([...(uploads.get(uploadId)?.parts.keys() ?? [])]).toEqual([3]);
    await store.abortUpload("open", uploadId);
    expect(store.snapshot().uploads.size).toBe(0);
    expect(uploads.size).toBe(1);
  });

  it("pretends to sign URLs only where it is told to", async () => {
    const random = countingRandom();
    const store = new MemoryObjectStore(clock, { random });
    const uploadId = await store.createUpload("k", "text/plain");
    expect(await store.presignPart("k", uploadId, 1, 10, 1000)).toBeNull();
    expect(await store.presignGet("k", 1000, "k.txt")).toBeNull();
    const signing = new MemoryObjectStore(clock, { random, presign: true, partBytesMin: 5 });
    const other = await signing.createUpload("k", "text/plain");
    const signed = await signing.presignPart("k", other, 1, 10, 1000);
    expect(signed?.headers).toEqual({ "content-length": "10" });
    await refused(signing.presignPart("k", uploadId.replace(/./, "!"), 1, 10, 1), "no-such-upload");
    const small = await sendPart(signing, "k", other, 1, "1234");
    const last = await sendPart(signing, "k", other, 2, "5");
    await refused(signing.completeUpload("k", other, [small, last]), "invalid-part");
  });
});
