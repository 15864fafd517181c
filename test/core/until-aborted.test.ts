import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { UntilAborted } from "../../src/core/until-aborted.ts";

function never(): Promise<never> {
  return new Promise(() => {});
}

describe("a wait that an abort ends", () => {
  it("answers what was waited for, one after the other, with one listener", async () => {
    const { signal } = new AbortController();
    const until = new UntilAborted(signal);
    expect(await until.wait(Promise.resolve(1))).toBe(1);
    await expect(until.wait(Promise.reject(new Error("its own")))).rejects.toThrow("its own");
    expect(await until.wait(Promise.resolve(2))).toBe(2);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    until.end();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("ends with the signal's reason, at once and from then on", async () => {
    const abort = new AbortController();
    const until = new UntilAborted(abort.signal);
    const waiting = until.wait(never());
    abort.abort(new Error("gone away"));
    await expect(waiting).rejects.toThrow("gone away");
    await expect(until.wait(never())).rejects.toThrow("gone away");
  });

  it("ends with an error also where the reason is none", async () => {
    const until = new UntilAborted(AbortSignal.abort("a text"));
    await expect(until.wait(never())).rejects.toMatchObject({
      message: "aborted",
      cause: "a text",
    });
  });

  it("lets an abort pass while nothing is waited for", async () => {
    const abort = new AbortController();
    const until = new UntilAborted(abort.signal);
    expect(await until.wait(Promise.resolve("before"))).toBe("before");
    abort.abort();
    until.end();
    await expect(until.wait(never())).rejects.toMatchObject({ name: "AbortError" });
  });
});
