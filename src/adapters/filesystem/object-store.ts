import * as nodeFs from "node:fs/promises";
import { resolve } from "node:path";
import { ExpungeError, messageOf } from "../../core/errors.ts";
import { randomText, UID_LENGTH } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { StoreError } from "../../core/store-errors.ts";
import type { Clock, Random } from "../../ports/clock.ts";
import type {
  ByteRange,
  Capabilities,
  CopySource,
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
  StoreIdentity,
  UploadEntry,
} from "../../ports/object-store.ts";
import { checkKey, notSupported } from "../object-store-checks.ts";
import { type FileSystem, joined, removeQuietly, unlinkIfThere } from "./disk.ts";
import { writeDurably } from "./durable-file.ts";
import { asStoreCall, hasErrno } from "./errors.ts";
import { Listing } from "./listing.ts";
import { readHead, readObject, readRange } from "./reading.ts";
import { removeKeys } from "./removal.ts";
import { Tree } from "./tree.ts";
import { UploadListing } from "./upload-listing.ts";
import { removeAll } from "./upload-states.ts";
import { PART_BYTES_MIN, Uploads } from "./uploads.ts";

export interface FilesystemStoreOptions {
  readonly random: Random;
  readonly clock: Pick<Clock, "now">;
  /** Takes the directory as it is and makes nothing in it: for who only lists and empties it. */
  readonly asItIs?: boolean;
  /** Stands in for `node:fs/promises`, for tests that make it fail or watch it. */
  readonly fs?: FileSystem;
}

/** The local store: the object of a key is the file at that path below the directory. */
export class FilesystemObjectStore implements ObjectStore {
  readonly identity: StoreIdentity;
  readonly #tree: Tree;
  readonly #random: Random;
  readonly #listing: Listing;
  readonly #uploads: Uploads;
  readonly #uploadListing: UploadListing;

  private constructor(root: string, tree: Tree, options: FilesystemStoreOptions) {
    this.identity = { kind: "file", bucket: root, prefix: "" };
    this.#tree = tree;
    this.#random = options.random;
    this.#listing = new Listing(tree);
    this.#uploads = new Uploads(tree, options.clock, options.random);
    this.#uploadListing = new UploadListing(tree, this.#uploads);
  }

  /**
   * Opens the directory, and makes it where it is missing.
   * @throws ExpungeError `data-dir-unusable`
   */
  static async open(
    directory: string,
    options: FilesystemStoreOptions,
  ): Promise<FilesystemObjectStore> {
    const root = resolve(directory);
    const fs = options.fs ?? nodeFs;
    try {
      if (options.asItIs !== true) await fs.mkdir(root, { recursive: true });
      const real = await nodeFs.realpath(root, { encoding: "buffer" });
      if (options.asItIs === true) {
        return new FilesystemObjectStore(root, await Tree.openAsItIs(fs, real), options);
      }
      const store = new FilesystemObjectStore(root, await Tree.open(fs, real), options);
      await store.#tryWriting();
      await store.#removeOldTemporaries(options.clock.now());
      return store;
    } catch (cause) {
      const message = `The directory ${root} cannot hold the objects: ${messageOf(cause)}.`;
      throw new ExpungeError("data-dir-unusable", message, { cause });
    }
  }

  capabilities(): Promise<Capabilities> {
    return Promise.resolve({
      versioning: "none",
      objectLock: "none",
      consistency: "strong",
      checksum: "none",
      keyNormalisation: "none",
      multipartListing: true,
      declaredLacking: [],
      presign: false,
      partBytesMin: PART_BYTES_MIN,
      partBytesMax: LIMITS.fileBytesMax,
    });
  }

  list(prefix: string, options: ListObjectsOptions = {}): Promise<Page<ObjectEntry>> {
    return asStoreCall(async () => {
      const page = await this.#listing.page(prefix, options);
      await this.#tree.checkMounted();
      return page;
    });
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return asStoreCall(async () => {
      checkKey(key);
      this.#tree.namesOfKey(key);
      const temporary = this.#temporaryFile();
      try {
        await writeDurably(this.#tree.fs, temporary, [bytes]);
        await this.#tree.place(temporary, key);
      } catch (error) {
        await removeQuietly(this.#tree.fs, temporary);
        throw error;
      }
    });
  }

  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectBody> {
    return asStoreCall(() => readObject(this.#tree, key, range, signal));
  }

  head(key: string): Promise<ObjectHead> {
    return asStoreCall(() => readHead(this.#tree, key));
  }

  remove(keys: readonly string[], signal?: AbortSignal): Promise<readonly RemoveResult[]> {
    return asStoreCall(() => removeKeys(this.#tree, keys, signal));
  }

  createUpload(key: string, contentType: string): Promise<string> {
    return asStoreCall(() => this.#uploads.create(key, contentType));
  }

  uploadPart(key: string, uploadId: string, partNumber: number, part: PartBody): Promise<Part> {
    return asStoreCall(() => this.#uploads.uploadPart(key, uploadId, partNumber, part));
  }

  copyPart(key: string, uploadId: string, partNumber: number, source: CopySource): Promise<Part> {
    return asStoreCall(async () => {
      const { body, sizeBytes } = await readRange(this.#tree, source);
      return await this.#uploads.uploadPart(key, uploadId, partNumber, { body, sizeBytes });
    });
  }

  listVersions(): Promise<never> {
    return Promise.reject(noVersions());
  }

  removeVersions(): Promise<never> {
    return Promise.reject(noVersions());
  }

  presignPart(): Promise<null> {
    return Promise.resolve(null);
  }

  presignGet(): Promise<null> {
    return Promise.resolve(null);
  }

  listParts(key: string, uploadId: string): Promise<readonly Part[]> {
    return asStoreCall(() => this.#uploads.listParts(key, uploadId));
  }

  completeUpload(key: string, uploadId: string, parts: readonly Part[]): Promise<ObjectHead> {
    return asStoreCall(() => this.#uploads.complete(key, uploadId, parts));
  }

  abortUpload(key: string, uploadId: string): Promise<void> {
    return asStoreCall(() => this.#uploads.abort(key, uploadId));
  }

  listUploads(prefix: string, options: ListOptions = {}): Promise<Page<UploadEntry>> {
    return asStoreCall(async () => {
      options.signal?.throwIfAborted();
      const page = await this.#uploadListing.page(prefix, options);
      await this.#tree.checkMounted();
      return page;
    });
  }

  #temporaryFile(): Buffer {
    return joined(this.#tree.temporary, randomText(this.#random.bytes(UID_LENGTH), UID_LENGTH));
  }

  async #tryWriting(): Promise<void> {
    const temporary = this.#temporaryFile();
    await writeDurably(this.#tree.fs, temporary, []);
    await unlinkIfThere(this.#tree.fs, temporary);
  }

  async #removeOldTemporaries(nowMs: number): Promise<void> {
    for (const name of await this.#tree.fs.readdir(this.#tree.temporary)) {
      const path = joined(this.#tree.temporary, name);
      const ageMs = nowMs - (await modifiedAt(this.#tree, path));
      if (ageMs > LIMITS.temporaryAgeMaxMs) await removeAll(this.#tree, path);
    }
  }
}

function noVersions(): StoreError {
  return notSupported("A directory keeps no versions.");
}

/** Never, for a file that another process has just used up. */
async function modifiedAt(tree: Tree, path: Buffer): Promise<number> {
  try {
    return (await tree.fs.lstat(path)).mtimeMs;
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
