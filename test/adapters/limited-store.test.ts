import { describe, expect, it } from "vitest";
import { limitedStore } from "../../src/adapters/limited-store.ts";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { ObjectHead, ObjectStore } from "../../src/ports/object-store.ts";
import { withMethods } from "../support/methods.ts";

type End = (error?: StoreError) => void;

const HEAD: ObjectHead = { key: "a", sizeBytes: 1, etag: "e", modifiedAt: 0 };

/** A store whose `head` stays under way until the test ends it. */
function gated(inFlightMax: number) {
  const { store, ends } = gatedStore();
  return { store: limitedStore(store, inFlightMax), ends };
}

function gatedStore() {
  const ends: End[] = [];
  const memory: ObjectStore = new MemoryObjectStore(new SystemClock(), {
    random: new SystemRandom(),
  });
  const head = (): Promise<ObjectHead> =>
    new Promise((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve(HEAD)));
    });
  return { store: withMethods(memory, { head }), ends };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const slowDown = (): StoreError => new StoreError("throttled", "retryable", "slow down");

/** Ends the calls that are under way and answers how many there were. */
async function endAll(ends: End[], error?: StoreError): Promise<number> {
  await settled();
  const now = ends.splice(0);
  for (const end of now) end(error);
  await settled();
  return now.length;
}

describe("the store that limits", () => {
  it("lets no more calls through at a time than it may, and each of them in the end", async () => {
    const { store, ends } = gated(3);
    const calls = Array.from({ length: 8 }, () => store.head("a"));
    expect(await endAll(ends)).toBe(3);
    expect(await endAll(ends)).toBe(3);
    expect(await endAll(ends)).toBe(2);
    expect(await Promise.all(calls)).toHaveLength(8);
  });

  it("halves its bound once for all the calls that were throttled together, and grows back", async () => {
    const { store, ends } = gated(8);
    const first = Promise.allSettled(Array.from({ length: 8 }, () => store.head("a")));
    expect(await endAll(ends, slowDown())).toBe(8);
    expect((await first).every(({ status }) => status === "rejected")).toBe(true);
    const waves: number[] = [];
    const rest = Array.from({ length: 60 }, () => store.head("a"));
    for (let wave = 0; wave < 60; wave++) {
      const under = await endAll(ends);
      if (under > 0) waves.push(under);
    }
    expect(waves[0]).toBe(4);
    expect(Math.max(...waves)).toBe(8);
    expect(waves.slice(0, -1)).toEqual(waves.slice(0, -1).toSorted((a, b) => a - b));
    expect(await Promise.all(rest)).toHaveLength(60);
  });

  it("halves its bound for keys of a removal that were throttled, and for parts", async () => {
    for (const call of ["remove", "uploadPart"] as const) {
      const { store: inner, ends } = gatedStore();
      const keyThrottled = {
        key: "k",
        result: "unknown",
        retryable: true,
        code: "throttled",
        message: "slow down",
      } as const;
      const throttling = withMethods(inner, {
        remove: () => Promise.resolve([{ key: "j", result: "gone" }, keyThrottled]),
        uploadPart: () => Promise.reject(slowDown()),
      });
      const store = limitedStore(throttling, 8);
      if (call === "remove") expect(await store.remove(["j", "k"])).toHaveLength(2);
      else {
        const body = (async function* () {})();
        const sent = store.uploadPart("k", "id", 1, { body, sizeBytes: 0 });
        await expect(sent).rejects.toMatchObject({ code: "throttled" });
      }
      const calls = Array.from({ length: 8 }, () => store.head("a"));
      expect(await endAll(ends), call).toBe(4);
      while ((await endAll(ends)) > 0);
      await Promise.all(calls);
    }
  });

  it("keeps one call going however often it is throttled", async () => {
    const { store, ends } = gated(4);
    for (let round = 0; round < 6; round++) {
      const [[end]] = await Promise.all([
        Promise.allSettled([store.head("a")]),
        endAll(ends, slowDown()),
      ]);
      expect(end).toMatchObject({ status: "rejected", reason: { code: "throttled" } });
    }
    const calls = [store.head("a"), store.head("a")];
    expect(await endAll(ends)).toBe(1);
    expect(await endAll(ends)).toBe(1);
    await Promise.all(calls);
  });

  it("takes a call that waits out of the line when its signal aborts", async () => {
    const { store, ends } = gated(1);
    const controller = new AbortController();
    const first = store.head("a");
    const waiting = store.head("a", controller.signal);
    const last = store.head("a");
    await settled();
    controller.abort(new Error("not wanted any more"));
    await expect(waiting).rejects.toThrow("not wanted any more");
    expect(await endAll(ends)).toBe(1);
    expect(await endAll(ends)).toBe(1);
    await Promise.all([first, last]);
  });
});
