import type {
  ByteRange,
  Capabilities,
  ListObjectsOptions,
  ListOptions,
  ObjectBody,
  ObjectEntry,
  ObjectHead,
  ObjectStore,
  Page,
  Part,
  PartBody,
  RemoveResult,
  SignedRequest,
  StoreIdentity,
  UploadEntry,
} from "../ports/object-store.ts";

export interface RequestCounts {
  readonly list: number;
  readonly delete: number;
  readonly other: number;
}

/** The store, counting what is asked of it; `delete` counts requests and not keys. */
export class CountingStore implements ObjectStore {
  readonly identity: StoreIdentity;
  readonly #store: ObjectStore;
  readonly #counts = { list: 0, delete: 0, other: 0 };

  constructor(store: ObjectStore) {
    this.#store = store;
    this.identity = store.identity;
  }

  get requests(): RequestCounts {
    return { ...this.#counts };
  }

  capabilities(): Promise<Capabilities> {
    return this.#counted("other").capabilities();
  }

  list(prefix: string, options?: ListObjectsOptions): Promise<Page<ObjectEntry>> {
    return this.#counted("list").list(prefix, options);
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#counted("other").put(key, bytes);
  }

  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectBody> {
    return this.#counted("other").get(key, range, signal);
  }

  head(key: string): Promise<ObjectHead> {
    return this.#counted("other").head(key);
  }

  remove(keys: readonly string[], signal?: AbortSignal): Promise<readonly RemoveResult[]> {
    return this.#counted("delete").remove(keys, signal);
  }

  createUpload(key: string, contentType: string): Promise<string> {
    return this.#counted("other").createUpload(key, contentType);
  }

  uploadPart(key: string, uploadId: string, partNumber: number, part: PartBody): Promise<Part> {
    return this.#counted("other").uploadPart(key, uploadId, partNumber, part);
  }

  presignPart(
    ...args: Parameters<ObjectStore["presignPart"]>
  ): ReturnType<ObjectStore["presignPart"]> {
    return this.#store.presignPart(...args);
  }

  presignGet(key: string, expiresInMs: number, filename: string): Promise<SignedRequest | null> {
    return this.#store.presignGet(key, expiresInMs, filename);
  }

  listParts(key: string, uploadId: string): Promise<readonly Part[]> {
    return this.#counted("other").listParts(key, uploadId);
  }

  completeUpload(key: string, uploadId: string, parts: readonly Part[]): Promise<ObjectHead> {
    return this.#counted("other").completeUpload(key, uploadId, parts);
  }

  abortUpload(key: string, uploadId: string): Promise<void> {
    return this.#counted("other").abortUpload(key, uploadId);
  }

  listUploads(prefix: string, options?: ListOptions): Promise<Page<UploadEntry>> {
    return this.#counted("list").listUploads(prefix, options);
  }

  #counted(kind: keyof RequestCounts): ObjectStore {
    this.#counts[kind]++;
    return this.#store;
  }
}
