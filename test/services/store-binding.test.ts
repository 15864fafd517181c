import { describe, expect, it } from "vitest";
import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { STORE_MARKER_KEY } from "../../src/core/keys.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { bindStore } from "../../src/services/store-binding.ts";

const random = new SystemRandom();
const clock = { now: () => 1_760_000_000_000, sleep: () => Promise.resolve() };

function makeStore(): MemoryObjectStore {
  return new MemoryObjectStore(clock, { random });
}

function bind(
  metadata: MemoryMetadataStore,
  store: MemoryObjectStore,
  accept = false,
): Promise<void> {
  return bindStore({ metadata, store, clock, random }, accept);
}

describe("the binding of a database to its store", () => {
  it("is made at the first start, and holds at every other one", async () => {
    const [metadata, store] = [new MemoryMetadataStore(clock), makeStore()];
    await bind(metadata, store);
    const bound = await metadata.boundStore();
    expect(bound).toMatch(/^[0-9a-z]{26}$/);
    await bind(metadata, store);
    expect(await metadata.boundStore()).toBe(bound);
    expect([...store.snapshot().objects.keys()]).toEqual([STORE_MARKER_KEY]);
  });

  it("refuses an empty store and another one's, where every object would count as absent", async () => {
    const metadata = new MemoryMetadataStore(clock);
    await bind(metadata, makeStore());
    const empty = makeStore();
    await expect(bind(metadata, empty)).rejects.toMatchObject({ code: "store-mismatch" });
    expect(empty.snapshot().objects.size).toBe(0);
    const others = makeStore();
    await bind(new MemoryMetadataStore(clock), others);
    await expect(bind(metadata, others)).rejects.toThrow(/belongs to another database/);
  });

  it("goes with objects that were copied as a whole, and with who accepts the store", async () => {
    const [metadata, store, copy, other] = [
      new MemoryMetadataStore(clock),
      makeStore(),
      makeStore(),
      makeStore(),
    ];
    await bind(metadata, store);
    const mark = store.snapshot().objects.get(STORE_MARKER_KEY) ?? new Uint8Array();
    await copy.put(STORE_MARKER_KEY, mark);
    await bind(metadata, copy);
    await bind(metadata, other, true);
    await bind(metadata, other);
    await expect(bind(metadata, store)).rejects.toMatchObject({ code: "store-mismatch" });
  });

  it("takes the store's id where the database is new, such as one from an older backup", async () => {
    const store = makeStore();
    const [first, second] = [new MemoryMetadataStore(clock), new MemoryMetadataStore(clock)];
    await bind(first, store);
    await bind(second, store);
    expect(await second.boundStore()).toBe(await first.boundStore());
  });

  it("comes to one id where several processes bind at once", async () => {
    const [metadata, store] = [new MemoryMetadataStore(clock), makeStore()];
    await Promise.all(Array.from({ length: 5 }, () => bind(metadata, store)));
    await bind(metadata, store);
  });

  it("concludes nothing from a store that does not answer", async () => {
    const [metadata, store] = [new MemoryMetadataStore(clock), makeStore()];
    await bind(metadata, store);
    const denied = new StoreError("access-denied", "blocked", "not allowed");
    store.failures.fail = (call) => (call === "get" ? denied : null);
    await expect(bind(metadata, store)).rejects.toMatchObject({ code: "access-denied" });
  });
});
