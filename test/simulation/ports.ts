import { collect } from "../../src/services/bytes.ts";
import type { Jobs } from "../../src/ports/jobs.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { databaseFailure, type Process, storeFailure } from "./process.ts";

const PART_BYTES_MAX = 1024 * 1024;

/** The store as one process reaches it: over a network that loses, delays and repeats. */
export function storeOf(process: Process, store: ObjectStore): ObjectStore {
  const call = <T>(name: string, effect: () => Promise<T>): Promise<T> =>
    process.call(`store.${name}`, effect, storeFailure);
  return {
    identity: store.identity,
    capabilities: () => call("capabilities", () => store.capabilities()),
    list: (prefix, options) => call("list", () => store.list(prefix, options)),
    put: (key, bytes) => call("put", () => store.put(key, bytes)),
    get: (key, range) => call("get", () => store.get(key, range)),
    head: (key) => call("head", () => store.head(key)),
    remove: (keys) => call("remove", () => store.remove(keys)),
    listVersions: (prefix, options) =>
      call("listVersions", () => store.listVersions(prefix, options)),
    removeVersions: (versions) => call("removeVersions", () => store.removeVersions(versions)),
    createUpload: (key, type) => call("createUpload", () => store.createUpload(key, type)),
    uploadPart: async (key, uploadId, number, { body, sizeBytes }) => {
      // Read once: the effect may land late, or twice.
      const bytes = await collect(body, PART_BYTES_MAX);
      return await call("uploadPart", () =>
        store.uploadPart(key, uploadId, number, { body: piece(bytes), sizeBytes }),
      );
    },
    copyPart: (key, uploadId, number, source) =>
      call("copyPart", () => store.copyPart(key, uploadId, number, source)),
    presignPart: () => Promise.resolve(null),
    presignGet: () => Promise.resolve(null),
    listParts: (key, uploadId) => call("listParts", () => store.listParts(key, uploadId)),
    completeUpload: (key, uploadId, parts) =>
      call("completeUpload", () => store.completeUpload(key, uploadId, parts)),
    abortUpload: (key, uploadId) => call("abortUpload", () => store.abortUpload(key, uploadId)),
    listUploads: (prefix, options) => call("listUploads", () => store.listUploads(prefix, options)),
  };
}

async function* piece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * The database as one process reaches it. Its calls are refused or their replies lost, but none lands
 * hours later or twice: a database session does not outlive its connection. For the same reason the
 * final transaction, which needs its client in between, dies with it.
 */
export function metadataOf(process: Process, store: MetadataStore): MetadataStore {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function" || typeof name !== "string") return method;
      return (...args: readonly unknown[]) =>
        process.call(
          `db.${name}`,
          async () => {
            if (name === "completeDeletion" && !process.alive) throw new Error("connection closed");
            const result: unknown = await Reflect.apply(method, target, args);
            return result;
          },
          databaseFailure,
        );
    },
  });
}

/** Jobs are rows of the same database. */
export function jobsOf(process: Process, jobs: Jobs): Jobs {
  return {
    work: (handlers) => jobs.work(handlers),
    enqueue: (name, data, options) =>
      process.call("db.enqueue", () => jobs.enqueue(name, data, options), databaseFailure),
    stop: () => jobs.stop(),
  };
}
