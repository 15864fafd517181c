import { compareUtf8 } from "../../core/encoding.ts";
import { LIMITS } from "../../core/limits.ts";
import { isStoreError, StoreError } from "../../core/store-errors.ts";
import type { ObjectEntry, ObjectStore } from "../../ports/object-store.ts";
import { bodyOf } from "../bytes.ts";
import { listKey, objectPages } from "../listing.ts";
import type { StoreContext } from "../removing.ts";
import { keepsVersions, removeObjects } from "../versions.ts";
import { passed, Unexpected } from "./checks.ts";

const BYTES = new TextEncoder().encode("expunge doctor");

/** By UTF-16 the last two would stand the other way round; by letters, whatever their case, the first. */
const ORDERED = ["Z", "a", "\uFF5E", "\u{1F600}"];

/** One letter in two code points; in Unicode's composed form it is one. */
const DECOMPOSED = "e\u0301";

/**
 * How a store goes about what stores differ in: the order of listings, the form of keys, races. Objects
 * lie below the run's prefix and are removed again.
 */
export class StoreManners {
  readonly #context: StoreContext;
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #keys = new Set<string>();
  readonly #opened: { readonly key: string; readonly uploadId: string }[] = [];

  constructor(context: StoreContext, prefix: string) {
    this.#context = context;
    this.#store = context.store;
    this.#prefix = prefix;
  }

  async order(): Promise<{ ok: true; detail: string }> {
    const prefix = `${this.#prefix}order/`;
    for (const name of ORDERED) await this.#put(`${prefix}${name}`);
    const keys = await this.#listed(prefix);
    const inOrder = keys.toSorted(compareUtf8);
    if (keys.length !== ORDERED.length || keys.some((key, i) => key !== inOrder[i])) {
      throw new Unexpected("a listing is not in the order of the keys' bytes");
    }
    return passed("listings are in the order of the keys' bytes");
  }

  async keyForm(): Promise<{ ok: true; detail: string }> {
    const prefix = `${this.#prefix}form/`;
    const key = `${prefix}${DECOMPOSED}`;
    await this.#put(key);
    const [listed = ""] = await this.#listed(prefix);
    const { keyNormalisation } = await this.#store.capabilities();
    const form = listed === key ? "none" : listed === key.normalize("NFC") ? "nfc" : "another";
    if (form === keyNormalisation || (form === "none" && keyNormalisation === "nfc")) {
      return passed(form === "none" ? "keys are kept as they are" : "keys are composed (NFC)");
    }
    throw new Unexpected(`a key comes back in another form than it was given in (${form})`);
  }

  async checksum(): Promise<{ ok: true; detail: string }> {
    const { checksum } = await this.#store.capabilities();
    return passed(checksum === "none" ? "removals need no checksum" : `removals carry ${checksum}`);
  }

  /**
   * The fence (R2): whoever wins, once an abort has answered nothing new appears under the key. Both may
   * call themselves winners (docs/stores.md).
   */
  async abortRace(): Promise<{ ok: true; detail: string }> {
    let both = 0;
    for (let round = 1; round <= LIMITS.doctorRaces; round++) {
      if (await this.#race(`${this.#prefix}race/${round}`)) both++;
    }
    const told = both === 0 ? "one of the two wins" : `in ${both} of them both were answered well`;
    return passed(`${LIMITS.doctorRaces} races of abort and complete: ${told}`);
  }

  /** Whether both were answered with success. @throws Unexpected where something appeared late */
  async #race(key: string): Promise<boolean> {
    const uploadId = await this.#store.createUpload(key, "application/octet-stream");
    this.#opened.push({ key, uploadId });
    this.#keys.add(key);
    const part = await this.#store.uploadPart(key, uploadId, 1, {
      body: bodyOf(BYTES),
      again: () => bodyOf(BYTES),
      sizeBytes: BYTES.length,
    });
    const completing = succeeds(this.#store.completeUpload(key, uploadId, [part]));
    const completed = Promise.allSettled([completing]);
    let isAborted: boolean;
    let before: ObjectEntry | null;
    try {
      isAborted = await succeeds(this.#store.abortUpload(key, uploadId));
      before = await listKey(this.#context, key);
    } finally {
      await completed;
    }
    const isCompleted = await completing;
    if (before === null && (await listKey(this.#context, key)) !== null) {
      throw new Unexpected("an object appeared after the abort of its upload had been answered");
    }
    return isAborted && isCompleted;
  }

  /** @returns what could not be removed, one sentence each */
  async cleanUp(): Promise<readonly string[]> {
    try {
      for (const { key, uploadId } of this.#opened.splice(0)) {
        await succeeds(this.#store.abortUpload(key, uploadId));
      }
      const versioned = await keepsVersions(this.#context);
      const [first] = await removeObjects(this.#context, [...this.#keys], versioned);
      return first ? [`an object could not be removed: ${first.message} (${first.code})`] : [];
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return [`an object could not be removed: ${error.message} (${error.code})`];
    }
  }

  async #put(key: string): Promise<void> {
    this.#keys.add(key);
    await this.#store.put(key, BYTES);
  }

  async #listed(prefix: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const entries of objectPages(this.#context, prefix)) {
      keys.push(...entries.map(({ key }) => key));
    }
    return keys;
  }
}

/** False where the upload was over already. */
async function succeeds(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (isStoreError(error, "no-such-upload")) return false;
    throw error;
  }
}
