import { describe, expect, it } from "vitest";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { retryingStore } from "../../src/adapters/retrying-store.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { ObjectStoreCall } from "../../src/ports/around-store.ts";

const random = new SystemRandom();
const BYTES = new TextEncoder().encode("bytes");

/** A memory store that fails, behind the decorator, and what it slept and was asked. */
function subject(failure: () => StoreError | null) {
  const sleptMs: number[] = [];
  const asked: ObjectStoreCall[] = [];
  const clock = {
    now: () => 1_760_000_000_000,
    sleep: async (durationMs: number) => void sleptMs.push(durationMs),
  };
  const memory = new MemoryObjectStore(clock, { random });
  memory.failures.fail = (call) => {
    asked.push(call);
    return failure();
  };
  return { store: retryingStore(memory, { clock, random }), memory, sleptMs, asked };
}

function passing(times: number, retryAfterMs: number | null = null): () => StoreError | null {
  let left = times;
  return () =>
    left-- > 0 ? new StoreError("throttled", "retryable", "slow down", { retryAfterMs }) : null;
}

describe("the store that retries", () => {
  it("repeats what failed in a passing way, with pauses, until it succeeds", async () => {
    const { store, sleptMs, asked } = subject(passing(3));
    expect((await store.list("")).entries).toEqual([]);
    expect(asked).toEqual(["list", "list", "list", "list"]);
    expect(sleptMs).toHaveLength(3);
    expect(sleptMs.every((ms, i) => ms <= LIMITS.retryDelayMinMs * 2 ** (i + 1))).toBe(true);
  });

  it("gives up after its attempts and passes the last failure on", async () => {
    const { store, asked } = subject(() => new StoreError("timeout", "retryable", "too late"));
    await expect(store.head("a")).rejects.toMatchObject({ code: "timeout" });
    expect(asked).toHaveLength(LIMITS.callAttemptsMax);
  });

  it("has more attempts for what ends an upload, and where the store throttles", async () => {
    const late = subject(() => new StoreError("timeout", "retryable", "too late"));
    await expect(late.store.abortUpload("a", "b")).rejects.toMatchObject({ code: "timeout" });
    expect(late.asked).toHaveLength(LIMITS.endAttemptsMax);
    const { store, asked } = subject(passing(1000));
    await expect(store.head("a")).rejects.toMatchObject({ code: "throttled" });
    expect(asked).toHaveLength(LIMITS.throttledAttemptsMax);
  });

  it("asks for a removal once, since each of its keys is repeated by itself", async () => {
    const { store, asked } = subject(passing(1000));
    await expect(store.remove(["a", "b"])).rejects.toMatchObject({ code: "throttled" });
    expect(asked).toEqual(["remove"]);
  });

  it("does not repeat what can never succeed, what is blocked, or what is unknown", async () => {
    for (const errorClass of ["permanent", "blocked", "unknown"] as const) {
      const { store, asked } = subject(() => new StoreError("io-error", errorClass, "no"));
      await expect(store.list("")).rejects.toMatchObject({ errorClass });
      expect(asked).toHaveLength(1);
    }
  });

  it("waits as long as the store asks, within a limit", async () => {
    const { store, sleptMs } = subject(passing(1, 7000));
    await store.list("");
    expect(sleptMs).toEqual([7000]);
    const greedy = subject(passing(1, 3_600_000));
    await greedy.store.list("");
    expect(greedy.sleptMs).toEqual([LIMITS.retryAfterMaxMs]);
  });

  it("sends a part again only where its bytes can be had again", async () => {
    const { store, memory, asked } = subject(() => null);
    const uploadId = await store.createUpload("part", "text/plain");
    let reads = 0;
    const body = async function* () {
      reads++;
      yield BYTES;
    };
    let failing = passing(2);
    memory.failures.fail = (call) => {
      asked.push(call);
      return failing();
    };
    const sizeBytes = BYTES.length;
    await expect(
      store.uploadPart("part", uploadId, 1, { body: body(), sizeBytes }),
    ).rejects.toMatchObject({ code: "throttled" });
    failing = passing(2);
    const part = await store.uploadPart("part", uploadId, 1, {
      body: body(),
      again: body,
      sizeBytes,
    });
    expect(part.sizeBytes).toBe(sizeBytes);
    expect(reads).toBe(1);
  });

  it("stops repeating when the signal aborts", async () => {
    const controller = new AbortController();
    const { store, asked } = subject(() => {
      controller.abort(new Error("not wanted any more"));
      return new StoreError("throttled", "retryable", "slow down");
    });
    const listed = store.list("", { signal: controller.signal });
    await expect(listed).rejects.toMatchObject({ code: "throttled" });
    expect(asked).toHaveLength(1);
  });
});
