import { describe, expect, it } from "vitest";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { StoreError, type StoreErrorCode } from "../../src/core/store-errors.ts";
import type { ObjectStore, RemoveResult } from "../../src/ports/object-store.ts";
import { removeKeys } from "../../src/services/removing.ts";
import { withMethods } from "../support/methods.ts";

const random = new SystemRandom();
const BYTES = new TextEncoder().encode("x");

/** Removals from a memory store by a clock that only counts, and the sizes of the requests. */
async function subject(keys: readonly string[]) {
  const sleptMs: number[] = [];
  const clock = {
    now: () => 1_760_000_000_000,
    sleep: async (durationMs: number) => void sleptMs.push(durationMs),
  };
  const memory = new MemoryObjectStore(clock, { random });
  for (const key of keys) await memory.put(key, BYTES);
  const asked: number[] = [];
  /** Fails a request for these keys as a whole; null lets it through. */
  let fails: (keys: readonly string[]) => StoreError | null = () => null;
  const store = withMethods<MemoryObjectStore>(memory, {
    remove: async (batch, signal) => {
      asked.push(batch.length);
      const failure = fails(batch);
      if (failure) throw failure;
      return await memory.remove(batch, signal);
    },
  });
  return {
    context: { store, clock, random },
    sleptMs,
    asked,
    left: () => [...memory.snapshot().objects.keys()],
    failWhen: (when: typeof fails) => (fails = when),
  };
}

const KEYS = Array.from({ length: 10 }, (_, i) => `k/${i}`);

function refusal(code: StoreErrorCode): StoreError {
  return new StoreError(code, code === "bad-request" ? "permanent" : "blocked", "refused");
}

describe("a key that is refused in a passing way", () => {
  /** Each reply refuses one key of the batch. */
  async function refusing(code: StoreErrorCode, times: number) {
    const one = await subject(KEYS);
    let left = times;
    const store = withMethods<ObjectStore>(one.context.store, {
      remove: async (batch, signal) => {
        one.asked.push(batch.length);
        const isRefused = (key: string): boolean => key === "k/3" && left > 0;
        const others = batch.filter((key) => !isRefused(key));
        const gone = new Map(
          (await one.context.store.remove(others, signal)).map((result) => [result.key, result]),
        );
        const results = batch.map((key): RemoveResult => {
          const message = "not now";
          return gone.get(key) ?? { key, result: "unknown", retryable: true, code, message };
        });
        if (results.some(({ result }) => result !== "gone")) left--;
        return results;
      },
    });
    one.asked.splice(0);
    return { ...one, context: { ...one.context, store } };
  }

  it("is asked for again alone, with pauses, until it is gone", async () => {
    const { context, sleptMs, left } = await refusing("store-unavailable", 3);
    expect(await removeKeys(context, KEYS)).toEqual({ gone: 10, refused: [] });
    expect(sleptMs).toHaveLength(3);
    expect(sleptMs.every((ms, i) => ms <= LIMITS.retryDelayMinMs * 2 ** (i + 1))).toBe(true);
    expect(left()).toEqual([]);
  });

  it.each([
    ["store-unavailable", LIMITS.removeAttemptsMax],
    ["throttled", LIMITS.throttledAttemptsMax],
  ] as const)(
    "for %s is residue after %i attempts, and no other key is",
    async (code, attempts) => {
      const { context, sleptMs, left } = await refusing(code, 1000);
      const { gone, refused } = await removeKeys(context, KEYS);
      expect(gone).toBe(9);
      expect(refused).toMatchObject([{ key: "k/3", outcome: "unknown", code }]);
      expect(sleptMs).toHaveLength(attempts - 1);
      expect(left()).toEqual(["k/3"]);
    },
  );
});

describe("a batch that is refused whole", () => {
  it.each(["bad-request", "object-locked", "access-denied"] as const)(
    "for %s because of one key is split until only that one is left",
    async (code) => {
      const { context, failWhen, left } = await subject(KEYS);
      failWhen((keys) => (keys.includes("k/3") ? refusal(code) : null));
      const { gone, refused } = await removeKeys(context, KEYS);
      expect(gone).toBe(9);
      expect(refused.map(({ key, code }) => [key, code])).toEqual([["k/3", code]]);
      expect(left()).toEqual(["k/3"]);
    },
  );

  it("is not split where the right is missing for each of its keys", async () => {
    const { context, failWhen, asked } = await subject(KEYS);
    failWhen(() => refusal("access-denied"));
    const { gone, refused } = await removeKeys(context, KEYS);
    expect(gone).toBe(0);
    expect(refused).toHaveLength(10);
    expect(asked).toEqual([10, 1, 1]);
  });

  it("is not split where nothing is known of the request", async () => {
    const { context, failWhen, asked } = await subject(KEYS);
    failWhen(() => new StoreError("unlisted-reply", "unknown", "not XML"));
    const { refused } = await removeKeys(context, KEYS);
    expect(new Set(refused.map(({ outcome }) => outcome))).toEqual(new Set(["unknown"]));
    expect(asked).toEqual([10]);
  });

  it("for throttling waits as long as the store asks, within a limit, and then goes through", async () => {
    const { context, failWhen, sleptMs, left } = await subject(KEYS);
    let slow = 3;
    failWhen(() =>
      slow-- > 0
        ? new StoreError("throttled", "retryable", "slow down", { retryAfterMs: slow * 20_000 })
        : null,
    );
    const { gone, refused } = await removeKeys(context, KEYS);
    expect({ gone, refused }).toEqual({ gone: 10, refused: [] });
    expect(sleptMs).toHaveLength(3);
    expect(sleptMs.slice(0, 2)).toEqual([LIMITS.retryAfterMaxMs, 20_000]);
    expect(left()).toEqual([]);
  });
});
