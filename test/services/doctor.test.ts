import { describe, expect, it } from "vitest";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { ObjectStoreCall } from "../../src/ports/around-store.ts";
import { examineStore } from "../../src/services/doctor/store.ts";
import { tryStore } from "../../src/services/doctor/trial.ts";

const ports = { clock: new SystemClock(), random: new SystemRandom() };
const DENIED = new StoreError("access-denied", "blocked", "not allowed");

function makeStore(versioning: "none" | "enabled" = "none"): MemoryObjectStore {
  return new MemoryObjectStore(ports.clock, { random: ports.random, versioning });
}

/** Denies calls from the n-th on. */
function deny(store: MemoryObjectStore, denied: ObjectStoreCall, from = 1): void {
  let calls = 0;
  store.failures.fail = (call) => (call === denied && ++calls >= from ? DENIED : null);
}

function left(store: MemoryObjectStore): number {
  const { versions, uploads } = store.snapshot();
  return versions.length + uploads.size;
}

describe("the trial of a store at a start", () => {
  it.each(["none", "enabled"] as const)("leaves nothing behind (versioning: %s)", async (kind) => {
    const store = makeStore(kind);
    expect(await tryStore({ ...ports, store })).toEqual([]);
    expect(left(store)).toBe(0);
  });

  it.each([
    ["the second write", "put", 2],
    ["the listing of what was written", "list", 2],
  ] as const)("fails with one sentence at %s, and still cleans up", async (_what, call, from) => {
    const store = makeStore();
    deny(store, call, from);
    await expect(tryStore({ ...ports, store })).rejects.toMatchObject({
      code: "store-unusable",
      remedy: expect.stringContaining("Object Read & Write") as string,
    });
    expect(left(store)).toBe(0);
  });

  it("does not take a removal for done that was acknowledged in vain", async () => {
    const store = makeStore();
    store.remove = async (keys) => keys.map((key) => ({ key, result: "gone" }));
    await expect(tryStore({ ...ports, store })).rejects.toThrow(/still shows/);
  });

  it("warns of versions that may not be listed, and lets the service start", async () => {
    const store = makeStore("enabled");
    deny(store, "listVersions");
    const warnings = await tryStore({ ...ports, store });
    expect(warnings.join()).toMatch(/could not be removed.*access-denied/);
  });
});

describe("the examination of a store", () => {
  it.each(["listUploads", "uploadPart", "completeUpload", "abortUpload"] as const)(
    "says what is left where %s is denied, and ends what it can",
    async (call) => {
      const store = makeStore();
      deny(store, call);
      const checks = await examineStore({ ...ports, store });
      const failed = checks.filter(({ ok }) => ok === false).map(({ name }) => name);
      expect(failed).toContain("store-multipart");
      const clean = checks.find(({ name }) => name === "store-left-clean");
      expect(clean?.ok).toBe(left(store) === 0 && call !== "listUploads");
      expect(left(store)).toBe(call === "abortUpload" ? 1 : 0);
    },
  );

  it.each([
    [300_000, /300 s ahead of the store's/],
    [-300_000, /300 s behind the store's/],
  ])("tells how far the clocks are apart: %d ms", async (apartMs, says) => {
    const now = 1_700_000_000_000;
    const storeClock = { now: () => now - apartMs };
    const store = new MemoryObjectStore(storeClock, { random: ports.random, versioning: "none" });
    const clock = { now: () => now, sleep: async () => {} };
    const checks = await examineStore({ random: ports.random, clock, store });
    const check = checks.find(({ name }) => name === "store-clock");
    expect(check?.ok).toBe(false);
    expect(check?.detail).toMatch(says);
    expect(check?.remedy).toContain("NTP");
  });

  it("finds a store out that does not list the parts of an upload", async () => {
    const store = makeStore();
    store.listParts = async () => [];
    const checks = await examineStore({ ...ports, store });
    expect(checks.find(({ name }) => name === "store-multipart")).toMatchObject({
      ok: false,
      detail: "the part of an upload is not listed",
    });
    expect(left(store)).toBe(0);
  });

  it("removes what it made when it is told to stop", async () => {
    const store = makeStore();
    const controller = new AbortController();
    store.failures.fail = (call) => {
      if (call === "createUpload") controller.abort();
      return null;
    };
    const checks = await examineStore({ ...ports, store }, controller.signal);
    expect(checks.map(({ name }) => name)).not.toContain("store-versions");
    expect(checks.at(-1)).toMatchObject({ name: "store-left-clean", ok: true });
    expect(left(store)).toBe(0);
  });
});
