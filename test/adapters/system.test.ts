import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";

describe("the system's clock", () => {
  const clock = new SystemClock();

  afterEach(() => {
    vi.useRealTimers();
  });

  it("tells the time of this machine", () => {
    const before = Date.now();
    const now = clock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it("sleeps as long as asked, also longer than a timer of Node can", async () => {
    vi.useFakeTimers();
    const durationMs = 40 * 24 * 60 * 60 * 1000;
    let isAwake = false;
    const sleep = clock.sleep(durationMs).then(() => {
      isAwake = true;
    });
    await vi.advanceTimersByTimeAsync(durationMs - 1);
    expect(isAwake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isAwake).toBe(true);
    await sleep;
  });

  it("wakes quietly at an abort, and leaves no timer and no listener", async () => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const sleep = clock.sleep(60_000, controller.signal);
    expect(vi.getTimerCount()).toBe(1);
    controller.abort(new Error("stop"));
    await sleep;
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  it("leaves no listener behind a sleep that ended", async () => {
    const { signal } = new AbortController();
    await clock.sleep(1, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("does not sleep at all after an abort, or for no time", async () => {
    vi.useFakeTimers();
    await clock.sleep(60_000, AbortSignal.abort());
    await clock.sleep(0);
    await clock.sleep(-1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the system's random bytes", () => {
  it("come in the number asked for and differ", () => {
    const random = new SystemRandom();
    const [a, b] = [random.bytes(32), random.bytes(32)];
    expect(a).toHaveLength(32);
    expect(a).not.toEqual(b);
    expect(random.bytes(0)).toHaveLength(0);
  });
});
