import { aroundStore, type ObjectStoreCall } from "../ports/around-store.ts";
import type { ObjectStore } from "../ports/object-store.ts";

export interface RequestCounts {
  readonly list: number;
  readonly delete: number;
  readonly other: number;
}

/** What is no request of its own: signing happens here. */
const KINDS: Readonly<Partial<Record<ObjectStoreCall, keyof RequestCounts | null>>> = {
  list: "list",
  listUploads: "list",
  listVersions: "list",
  remove: "delete",
  removeVersions: "delete",
  presignGet: null,
  presignPart: null,
};

export interface CountedStore {
  readonly store: ObjectStore;
  /** What was asked of it so far; `delete` counts requests and not keys. */
  readonly requests: RequestCounts;
}

/** The store, counting what is asked of it. */
export function countingStore(store: ObjectStore): CountedStore {
  const counts = { list: 0, delete: 0, other: 0 };
  return {
    store: aroundStore(store, ({ call }, run) => {
      const kind = KINDS[call] === undefined ? "other" : KINDS[call];
      if (kind !== null) counts[kind]++;
      return run();
    }),
    get requests() {
      return { ...counts };
    },
  };
}
