import { afterEach, beforeEach, expect } from "vitest";
import { fromUtf8, utf8 } from "../../../src/core/encoding.ts";
import { StoreError, type StoreErrorCode } from "../../../src/core/store-errors.ts";
import type {
  ListOptions,
  ObjectEntry,
  ObjectHead,
  ObjectStore,
  Page,
  Part,
  UploadEntry,
} from "../../../src/ports/object-store.ts";

/**
 * The only places where real stores are allowed to differ from the contract. Each is declared by the
 * subject and has its own assertion; what a store does not declare is asked of it in full.
 */
export interface StoreDifferences {
  /** Keys that the store cannot hold, all of which it must refuse with `invalid-key`. */
  readonly refusesKey?: (key: string) => boolean;
  /**
   * A completion that is repeated may be answered like the first: AWS S3 and Ceph make it idempotent.
   * The object is still made once, and never again after it was removed.
   */
  readonly repeatsCompletions?: boolean;
  /** A completion must name all parts that were sent; Ceph 16.2 refuses another one. */
  readonly completesAllParts?: boolean;
  /**
   * An abort may answer that it ended an upload whose completion has won: Ceph before 17.2.9, 18.2.5
   * and 19.2.1 (ceph/ceph#60771). Whoever relies on an abort looks at the key as well (R2), where the
   * object is to be seen by then.
   */
  readonly abortsMayLose?: boolean;
  /** Rounds of each race, where a round takes long. */
  readonly raceRounds?: number;
}

/** One store under test, empty and of nobody else. */
export interface StoreSubject {
  readonly store: ObjectStore;
  readonly differences?: StoreDifferences;
  cleanup(): Promise<void>;
}

/** The store of the test that runs. */
export interface StoreFixture {
  readonly store: ObjectStore;
  readonly differences: StoreDifferences;
}

/** Pages of one listing before it is taken for one that goes in circles. */
const PAGES_MAX = 20_000;

/** Gives every test of the enclosing `describe` a store of its own. */
export function useObjectStore(make: () => Promise<StoreSubject>): StoreFixture {
  let subject: StoreSubject | undefined;
  beforeEach(async () => {
    subject = await make();
  });
  afterEach(async () => {
    await subject?.cleanup();
    subject = undefined;
  });
  const current = (): StoreSubject => {
    if (!subject) throw new Error("the store is there within a test only");
    return subject;
  };
  return {
    get store() {
      return current().store;
    },
    get differences() {
      return current().differences ?? {};
    },
  };
}

export async function* bodyOf(
  ...pieces: readonly (string | Uint8Array)[]
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === "string" ? utf8(piece) : piece;
}

/** Bytes that differ from place to place, so that a piece in the wrong place is seen. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + seed * 101) & 0xff;
  return bytes;
}

export async function put(store: ObjectStore, ...keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => store.put(key, utf8(`content of ${key}`))));
}

export async function sendPart(
  store: ObjectStore,
  key: string,
  uploadId: string,
  partNumber: number,
  content: string | Uint8Array,
): Promise<Part> {
  const bytes = typeof content === "string" ? utf8(content) : content;
  return await store.uploadPart(key, uploadId, partNumber, {
    body: bodyOf(bytes),
    sizeBytes: bytes.length,
  });
}

/** Makes an object as expunge does: create, one part, complete (R1). */
export async function make(
  store: ObjectStore,
  key: string,
  content: string | Uint8Array,
): Promise<ObjectHead> {
  const uploadId = await store.createUpload(key, "application/octet-stream");
  const part = await sendPart(store, key, uploadId, 1, content);
  return await store.completeUpload(key, uploadId, [part]);
}

export async function read(store: ObjectStore, key: string): Promise<Uint8Array> {
  const { body } = await store.get(key);
  return await collect(body);
}

export async function readText(store: ObjectStore, key: string): Promise<string> {
  return fromUtf8(await read(store, key));
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

/** The least size of a part that is not the last, where the store has one. */
export async function partBytes(store: ObjectStore): Promise<number> {
  return Math.max((await store.capabilities()).partBytesMin, 1000);
}

/** Every page from the start to the store's own end marker. */
export async function everyPage<T>(
  list: (options: ListOptions) => Promise<Page<T>>,
  limit?: number,
): Promise<T[]> {
  const all: T[] = [];
  const seen = new Set<string>();
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page: Page<T> = await list({
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === null ? {} : { cursor }),
    });
    if (limit !== undefined) expect(page.entries.length).toBeLessThanOrEqual(limit);
    all.push(...page.entries);
    if (page.next === null) return all;
    expect(seen.has(page.next), "a cursor is repeated").toBe(false);
    seen.add(page.next);
    cursor = page.next;
  }
  throw new Error("the listing has no end");
}

export async function listAll(
  store: ObjectStore,
  prefix: string,
  limit?: number,
): Promise<ObjectEntry[]> {
  return await everyPage((options) => store.list(prefix, options), limit);
}

export async function keysOf(
  store: ObjectStore,
  prefix: string,
  limit?: number,
): Promise<string[]> {
  return (await listAll(store, prefix, limit)).map(({ key }) => key);
}

export async function uploadsOf(
  store: ObjectStore,
  prefix: string,
  limit?: number,
): Promise<UploadEntry[]> {
  return await everyPage((options) => store.listUploads(prefix, options), limit);
}

/** The call must fail with a StoreError of this code; answers it. */
export async function refused(
  call: Promise<unknown>,
  ...codes: readonly StoreErrorCode[]
): Promise<StoreError> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    expect(codes).toContain(error.code);
    return error;
  }
  throw new Error(`the call must fail with ${codes.join(" or ")}`);
}

/** What a call came to: its code, or `done`. Anything but a StoreError fails the test. */
export async function endOf(call: Promise<unknown>): Promise<StoreErrorCode | "done"> {
  try {
    await call;
    return "done";
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
}
