import type { Jobs } from "../../src/ports/jobs.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { ObjectStore, Page, RemoveResult, VersionRef } from "../../src/ports/object-store.ts";
import { collect } from "../../src/services/bytes.ts";
import type { Fault } from "./faults.ts";
import type { Ground } from "./model.ts";
import type { Process } from "./process.ts";
import type { Rng } from "./random.ts";

const PART_BYTES_MAX = 1024 * 1024;

/** A listing that names the cursor again that was asked for goes in a circle. */
async function circling<T>(
  fault: Fault | null,
  cursor: string | undefined,
  list: () => Promise<Page<T>>,
): Promise<Page<T>> {
  const page = await list();
  return fault === "circle" && cursor !== undefined ? { ...page, next: cursor } : page;
}

type Target = { readonly key: string; readonly versionId?: string };
type Result<T> = RemoveResult & T;

/** How a store refuses one key of many. */
const REFUSALS = [
  { result: "unknown", retryable: true, code: "throttled", message: "simulated: one key" },
  { result: "unknown", retryable: true, code: "store-unavailable", message: "simulated: one key" },
  { result: "blocked", retryable: false, code: "access-denied", message: "simulated: one key" },
  { result: "blocked", retryable: false, code: "object-locked", message: "simulated: one key" },
] as const;
const SPARED = 0.5;

/** A removal of which single keys are refused, or go unmentioned in the reply. */
async function spoilt<T extends Target>(
  fault: Fault | null,
  targets: readonly T[],
  rng: Rng,
  remove: (targets: readonly T[]) => Promise<readonly Result<T>[]>,
): Promise<readonly Result<T>[]> {
  if (fault === "missing") {
    const results = await remove(targets);
    return results.filter(() => !rng.chance(SPARED));
  }
  if (fault !== "partial") return await remove(targets);
  const refused = new Set(targets.filter(() => rng.chance(SPARED)));
  const taken = await remove(targets.filter((target) => !refused.has(target)));
  const results = taken.values();
  return targets.flatMap((target) => {
    if (refused.has(target)) return [{ ...target, ...rng.pick(REFUSALS) }];
    const { value } = results.next();
    return value ? [value] : [];
  });
}

/** The store as one process reaches it: over a network that loses, delays and repeats. */
export function storeOf(process: Process, store: ObjectStore, rng: Rng): ObjectStore {
  const read = <T>(name: string, effect: (fault: Fault | null) => Promise<T>): Promise<T> =>
    process.call({ name: `store.${name}`, lands: false, effect });
  const write = <T>(name: string, effect: (fault: Fault | null) => Promise<T>): Promise<T> =>
    process.call({ name: `store.${name}`, lands: true, effect });
  return {
    identity: store.identity,
    capabilities: (options) => read("capabilities", () => store.capabilities(options)),
    list: (prefix, options) =>
      read("list", (fault) => circling(fault, options?.cursor, () => store.list(prefix, options))),
    put: (key, bytes) => write("put", () => store.put(key, bytes)),
    get: (key, range) => read("get", () => store.get(key, range)),
    head: (key) => read("head", () => store.head(key)),
    remove: (keys) => {
      const targets = keys.map((key) => ({ key }));
      const remove = (some: readonly Target[]) => store.remove(some.map(({ key }) => key));
      return write("remove", (fault) => spoilt(fault, targets, rng, remove));
    },
    listVersions: (prefix, options) =>
      read("listVersions", (fault) =>
        circling(fault, options?.cursor, () => store.listVersions(prefix, options)),
      ),
    removeVersions: (versions) =>
      write("removeVersions", (fault) =>
        spoilt<VersionRef>(fault, versions, rng, (some) => store.removeVersions(some)),
      ),
    createUpload: (key, type) => write("createUpload", () => store.createUpload(key, type)),
    uploadPart: async (key, uploadId, number, { body, sizeBytes }) => {
      // Read once: the effect may land late, or twice.
      const bytes = await collect(body, PART_BYTES_MAX);
      return await write("uploadPart", () =>
        store.uploadPart(key, uploadId, number, { body: piece(bytes), sizeBytes }),
      );
    },
    copyPart: (key, uploadId, number, source) =>
      write("copyPart", () => store.copyPart(key, uploadId, number, source)),
    presignPart: () => Promise.resolve(null),
    presignGet: () => Promise.resolve(null),
    listParts: (key, uploadId) => read("listParts", () => store.listParts(key, uploadId)),
    completeUpload: (key, uploadId, parts) =>
      write("completeUpload", () => store.completeUpload(key, uploadId, parts)),
    abortUpload: (key, uploadId) => write("abortUpload", () => store.abortUpload(key, uploadId)),
    listUploads: (prefix, options) =>
      read("listUploads", (fault) =>
        circling(fault, options?.cursor, () => store.listUploads(prefix, options)),
      ),
  };
}

/** Bytes as the body of one part. */
export async function* piece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/**
 * The database as one process reaches it. Its calls are refused or their replies lost, but none lands
 * hours later or twice: a database session does not outlive its connection. For the same reason the
 * final transactions, which need their client in between, die with it.
 */
export function metadataOf(
  process: Process,
  store: MetadataStore,
  ground: Pick<Ground, "restored">,
): MetadataStore {
  const made = new Map<string | symbol, unknown>();
  const make = (target: MetadataStore, name: string | symbol): unknown => {
    const method: unknown = Reflect.get(target, name);
    if (typeof method !== "function" || typeof name !== "string") return method;
    const run = method.bind(target) as Method;
    const call = `db.${name}`;
    return (...args: readonly unknown[]) => {
      const before = ground.restored?.times ?? 0;
      return process.call({
        name: call,
        lands: false,
        effect: async () => {
          const isClosed = (ground.restored?.times ?? 0) !== before;
          const needsClient = name === "completeDeletion" || name === "finishSettle";
          if (isClosed || (needsClient && !process.alive)) throw new Error("connection closed");
          return await run(...args);
        },
      });
    };
  };
  return new Proxy(store, {
    get(target, name) {
      const known = made.get(name);
      if (known !== undefined) return known;
      const method = make(target, name);
      made.set(name, method);
      return method;
    },
  });
}

/** Jobs are rows of the same database. */
export function jobsOf(process: Process, jobs: Jobs): Jobs {
  return {
    work: (handlers) => jobs.work(handlers),
    enqueue: (name, data, options) =>
      process.call({
        name: "db.enqueue",
        lands: false,
        effect: () => jobs.enqueue(name, data, options),
      }),
    stop: () => jobs.stop(),
  };
}
