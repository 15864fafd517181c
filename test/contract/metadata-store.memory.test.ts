import { describe, expect, test } from "vitest";
import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { metadataStoreContract, type Subject } from "./metadata-store.ts";
import {
  addFile,
  claim,
  complete,
  entryOf,
  expectStale,
  type Fixture,
  makeProject,
  newProject,
  openUpload,
  seal,
  sealable,
  trash,
} from "./metadata/fixture.ts";

class HandClock implements Clock {
  #now = 1_760_000_000_000;

  now(): number {
    return this.#now;
  }

  async sleep(durationMs: number): Promise<void> {
    this.#now += durationMs;
  }
}

async function makeMemory(): Promise<Subject & { readonly store: MemoryMetadataStore }> {
  const clock = new HandClock();
  const store = new MemoryMetadataStore(clock);
  return { store, advance: (ms) => clock.sleep(ms), cleanup: () => store.close() };
}

metadataStoreContract("memory", makeMemory);

describe("memory metadata store: snapshots", () => {
  test("a restored snapshot is the database of that moment, and may be restored twice", async () => {
    const subject = await makeMemory();
    const { store } = subject;
    const fixture: Fixture = subject;
    const { uid } = await makeProject(fixture);
    const file = await addFile(fixture, uid, "a");
    const upload = await openUpload(fixture, uid);
    const snapshot = store.snapshot();
    for (let times = 0; times < 2; times++) {
      await store.removeFile(uid, "a");
      await complete(fixture, await sealable(fixture, uid));
      expect((await store.findProjectByUid(uid))?.state).toBe("deleted");
      store.restore(snapshot);
      expect(await store.findProjectByUid(uid)).toMatchObject({ state: "active", fileCount: 1 });
      expect(await store.listFiles(uid, { limit: 10 })).toEqual([file]);
      expect(await store.findUpload(uid, upload.id)).toEqual(upload);
      expect(await store.findDeletionOf(uid)).toBeNull();
      expect(await store.findReceipt(uid)).toBeNull();
      expect(await store.dueRemovals(10)).toEqual([]);
    }
  });

  test("a snapshot keeps the removal log and the claim of a deletion under way", async () => {
    const fixture = await makeMemory();
    const { store } = fixture;
    const { id, token } = await sealable(fixture, (await makeProject(fixture)).uid);
    await store.recordPage(id, token, "canonical", [entryOf("a", 3)]);
    const before = await store.findDeletion(id);
    const snapshot = store.snapshot();
    await store.recordPage(id, token, "canonical", [entryOf("b", 4)]);
    store.restore(snapshot);
    expect(await store.findDeletion(id)).toEqual(before);
    expect((await store.completeDeletion(id, token, seal)).state).toBe("completed");
  });
});

describe("memory metadata store: atomicity", () => {
  test("an operation has its effect before its answer is awaited", async () => {
    const { store } = await makeMemory();
    const input = newProject();
    const [, found] = await Promise.all([store.createProject(input), store.findProject(input.id)]);
    expect(found?.uid).toBe(input.uid);
  });

  test("a claim that is lost while the receipt is sealed writes nothing", async () => {
    const fixture = await makeMemory();
    const { store } = fixture;
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    await expectStale(
      store.completeDeletion(held.id, held.token, async (facts) => {
        await store.releaseClaim(held.id, held.token);
        await claim(fixture, held.id);
        return await seal(facts);
      }),
    );
    expect(await store.findReceipt(held.projectUid)).toBeNull();
    expect((await store.findDeletion(held.id))?.state).toBe("verifying");
  });

  test("what is recorded while the receipt is sealed is in the receipt", async () => {
    const fixture = await makeMemory();
    const { store } = fixture;
    const { id, token } = await sealable(fixture, (await makeProject(fixture)).uid);
    const leaves: number[] = [];
    await store.completeDeletion(id, token, async (facts) => {
      leaves.push(facts.leaves);
      if (leaves.length === 1) await store.recordPage(id, token, "canonical", [entryOf("a")]);
      return await seal(facts);
    });
    expect(leaves).toEqual([0, 1]);
  });

  test("a seal that never ends keeps nobody else waiting", async () => {
    const fixture = await makeMemory();
    const { store } = fixture;
    const { id, token } = await sealable(fixture, (await makeProject(fixture)).uid);
    void store.completeDeletion(id, token, () => new Promise(() => {}));
    const other = await sealable(fixture, (await makeProject(fixture)).uid);
    expect((await complete(fixture, other)).state).toBe("completed");
    expect((await trash(fixture, (await makeProject(fixture)).uid)).state).toBe("trashed");
  });
});
