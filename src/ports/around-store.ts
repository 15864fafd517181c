import type { ObjectStore } from "./object-store.ts";

export type ObjectStoreCall = Exclude<keyof ObjectStore, "identity">;

/** One call on its way to a store. */
export interface StoreCall {
  readonly call: ObjectStoreCall;
  readonly signal: AbortSignal | undefined;
  /** Whether the same call can be sent again: a body that was read is gone. */
  readonly repeatable: boolean;
}

/**
 * What is done around each call. It is handed the call as `run`, which may be run several times where
 * `repeatable` says so, and its answer is the call's.
 */
export type Around = <T>(call: StoreCall, run: () => Promise<T>) => Promise<T>;

/** The same store with something around each call: the way that decorators of the port are made. */
export function aroundStore(store: ObjectStore, around: Around): ObjectStore {
  const on = <T>(
    call: ObjectStoreCall,
    run: () => Promise<T>,
    signal?: AbortSignal,
    repeatable = true,
  ): Promise<T> => around({ call, signal, repeatable }, run);
  return {
    identity: store.identity,
    capabilities: (options) =>
      on("capabilities", () => store.capabilities(options), options?.signal),
    list: (prefix, options) => on("list", () => store.list(prefix, options), options?.signal),
    put: (key, bytes, signal) => on("put", () => store.put(key, bytes, signal), signal),
    get: (key, range, signal) => on("get", () => store.get(key, range, signal), signal),
    head: (key, signal) => on("head", () => store.head(key, signal), signal),
    remove: (keys, signal) => on("remove", () => store.remove(keys, signal), signal),
    listVersions: (prefix, options) =>
      on("listVersions", () => store.listVersions(prefix, options), options?.signal),
    removeVersions: (versions, signal) =>
      on("removeVersions", () => store.removeVersions(versions, signal), signal),
    createUpload: (key, type) => on("createUpload", () => store.createUpload(key, type)),
    uploadPart: (key, uploadId, number, part) => {
      const { again, ...rest } = part;
      let first = true;
      const send = () => {
        const body = first || again === undefined ? part.body : again();
        first = false;
        return store.uploadPart(key, uploadId, number, { ...rest, body });
      };
      return on("uploadPart", send, part.signal, again !== undefined);
    },
    copyPart: (key, uploadId, number, source) =>
      on("copyPart", () => store.copyPart(key, uploadId, number, source)),
    presignPart: (...args) => on("presignPart", () => store.presignPart(...args)),
    presignGet: (...args) => on("presignGet", () => store.presignGet(...args)),
    listParts: (key, uploadId, signal) =>
      on("listParts", () => store.listParts(key, uploadId, signal), signal),
    completeUpload: (key, uploadId, parts) =>
      on("completeUpload", () => store.completeUpload(key, uploadId, parts)),
    abortUpload: (key, uploadId, signal) =>
      on("abortUpload", () => store.abortUpload(key, uploadId, signal), signal),
    listUploads: (prefix, options) =>
      on("listUploads", () => store.listUploads(prefix, options), options?.signal),
  };
}
