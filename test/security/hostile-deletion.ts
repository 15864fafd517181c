import { expect } from "vitest";
import { canonicalPrefix } from "../../src/core/keys.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { objectPages } from "../../src/services/listing.ts";
import { collect } from "../../src/services/bytes.ts";
import { SPECIAL_KEYS, SPECIAL_WHOLE_KEYS } from "../contract/object-store/special-keys.ts";
import { ADMIN, makeService, putText } from "../support/context.ts";

const LAYOUTS = [{ name: "old", template: "old/{project}/**" }];
const KEYS_LEAST = 60;
const WAIT_MS = 120_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What lies below these names once: of some stores a directory of another key's would be in the way. */
const NAMES = [...SPECIAL_KEYS, ...SPECIAL_WHOLE_KEYS].filter(
  (name) => bytes(name).length <= 900 && !/^(\/+|\.|\.\.)$/.test(name),
);

/**
 * Plants hostile keys in both surfaces of two projects, deletes one of them, and expects a verified end
 * without any of its keys and with every one of the other's (I1, I4).
 * @returns how many keys the store took
 */
export async function deleteHostileKeys(store: ObjectStore): Promise<number> {
  const service = await makeService({ wrap: () => store, layouts: LAYOUTS });
  try {
    const { projects, deletions, receipts } = service.services;
    const [{ uid }, { uid: other }] = [
      await projects.create(ADMIN, { id: "p1" }),
      await projects.create(ADMIN, { id: "p10" }),
    ];
    await putText(service, "p1", "a", "tracked");
    await putText(service, "p10", "a", "tracked");
    const mine = await plant(store, [canonicalPrefix(uid), "old/p1/"]);
    const theirs = await plant(store, [canonicalPrefix(other), "old/p10/"]);
    const before = await contents(store, theirs);
    const deletion = await deletions.wait(await deletions.request(ADMIN, "p1", {}), WAIT_MS);
    expect(deletion).toMatchObject({ state: "completed", residueTotal: 0 });
    const left = [];
    for (const prefix of [canonicalPrefix(uid), "old/p1/"]) {
      for await (const page of objectPages({ store }, prefix)) left.push(...page);
    }
    expect(left).toEqual([]);
    const { payload } = await receipts.get(ADMIN, uid);
    const deleted = payload.surfaces.reduce((sum, one) => sum + one.deleted, 0);
    expect(deleted).toBe(mine.length + 1);
    expect(await contents(store, theirs)).toEqual(before);
    return mine.length;
  } finally {
    await service.stop();
  }
}

/** Puts an object at each key that the store can hold at all; the sibling gets the same. */
async function plant(store: ObjectStore, prefixes: readonly string[]): Promise<string[]> {
  const planted: string[] = [];
  for (const key of prefixes.flatMap((prefix) => NAMES.map((name) => prefix + name))) {
    const isPut = await store.put(key, bytes(`at ${key}`)).then(
      () => true,
      () => false,
    );
    if (isPut) planted.push(key);
  }
  expect(planted.length).toBeGreaterThanOrEqual(2 * KEYS_LEAST);
  return planted;
}

async function contents(store: ObjectStore, keys: readonly string[]): Promise<string[]> {
  const texts = [];
  for (const key of keys) {
    const { body } = await store.get(key);
    texts.push(new TextDecoder().decode(await collect(body, 10_000)));
  }
  expect(texts).toEqual(keys.map((key) => `at ${key}`));
  return texts;
}
