import {
  StoreError,
  type StoreErrorClass,
  type StoreErrorCode,
} from "../../../src/core/store-errors.ts";
import type {
  ListOptions,
  ObjectStore,
  Page,
  RemoveResult,
} from "../../../src/ports/object-store.ts";
import type { Operation } from "../../wire/operations.ts";
import { bodyOf, collect, everyPage, make, put, sendPart } from "../object-store/fixture.ts";

/** One way to call the store, and the request that it comes to. */
export interface FaultyCall {
  readonly name: string;
  readonly operation: Operation;
  /** What a good answer to the request consists of. */
  readonly answer: "document" | "headers" | "status" | "object";
  /** Whether it changes the store. */
  readonly isWrite: boolean;
  /** Whether it needs a bucket that keeps versions. */
  readonly isVersioned?: boolean;
  /** Makes what the call needs; answers the call. */
  prepare(store: ObjectStore): Promise<(store: ObjectStore) => Promise<unknown>>;
}

const SOME = new TextEncoder().encode("some bytes");

async function open(store: ObjectStore): Promise<string> {
  return await store.createUpload("upload", "text/plain");
}

/** Of a listing; the last of them is none that XML carries as it is. */
const KEYS = ["any/a", "any/b", "any/c & <d>"];

/** Lists to the store's end and wants every key: a listing that lacks one has not ended well. */
async function wholly(
  list: (options: ListOptions) => Promise<Page<{ readonly key: string }>>,
): Promise<void> {
  const keys = (await everyPage(list)).map(({ key }) => key);
  if (keys.join() !== KEYS.join()) throw new Error(`not what is there: ${keys.join()}`);
}

/** Every call of the port that asks the store something. */
export const CALLS: readonly FaultyCall[] = [
  {
    name: "list",
    operation: "ListObjectsV2",
    answer: "document",
    isWrite: false,
    prepare: async (store) => {
      await put(store, ...KEYS);
      return (store) => wholly((options) => store.list("any/", options));
    },
  },
  {
    name: "put",
    operation: "PutObject",
    answer: "headers",
    isWrite: true,
    prepare: async () => (store) => store.put("put", SOME),
  },
  {
    name: "get",
    operation: "GetObject",
    answer: "object",
    isWrite: false,
    prepare: async (store) => {
      await make(store, "get", SOME);
      return async (store) => {
        const { sizeBytes, body } = await store.get("get");
        const bytes = Buffer.from(await collect(body));
        if (bytes.length !== sizeBytes) throw new Error("not the bytes that were announced");
        return bytes.equals(SOME) ? "done" : OTHER;
      };
    },
  },
  {
    name: "head",
    operation: "HeadObject",
    answer: "headers",
    isWrite: false,
    prepare: async (store) => {
      await store.put("head", SOME);
      return (store) => store.head("head");
    },
  },
  {
    name: "remove of several keys",
    operation: "DeleteObjects",
    answer: "document",
    isWrite: true,
    prepare: async (store) => {
      await Promise.all([store.put("r/1", SOME), store.put("r/2", SOME)]);
      return (store) => store.remove(["r/1", "r/2"]);
    },
  },
  {
    name: "remove of one key",
    operation: "DeleteObject",
    answer: "status",
    isWrite: true,
    prepare: async (store) => {
      await store.put("r/1", SOME);
      return (store) => store.remove(["r/1"]);
    },
  },
  {
    name: "listVersions",
    operation: "ListObjectVersions",
    answer: "document",
    isWrite: false,
    isVersioned: true,
    prepare: async (store) => {
      await put(store, ...KEYS);
      return (store) => wholly((options) => store.listVersions("any/", options));
    },
  },
  {
    name: "removeVersions",
    operation: "DeleteObjects",
    answer: "document",
    isWrite: true,
    isVersioned: true,
    prepare: async (store) => {
      for (const key of ["v", "v", "w"]) await store.put(key, SOME);
      const { entries } = await store.listVersions("");
      return (store) => store.removeVersions(entries);
    },
  },
  {
    name: "createUpload",
    operation: "CreateMultipartUpload",
    answer: "document",
    isWrite: true,
    prepare: async () => (store) => open(store),
  },
  {
    name: "uploadPart",
    operation: "UploadPart",
    answer: "headers",
    isWrite: true,
    prepare: async (store) => {
      const id = await open(store);
      return (store) =>
        store.uploadPart("upload", id, 1, { body: bodyOf(SOME), sizeBytes: SOME.length });
    },
  },
  {
    name: "copyPart",
    operation: "UploadPartCopy",
    answer: "document",
    isWrite: true,
    prepare: async (store) => {
      await store.put("source", SOME);
      const id = await open(store);
      const source = { key: "source", range: { start: 0, end: 4 } };
      return (store) => store.copyPart("upload", id, 1, source);
    },
  },
  {
    name: "listParts",
    operation: "ListParts",
    answer: "document",
    isWrite: false,
    prepare: async (store) => {
      const id = await open(store);
      for (const number of [1, 2, 3]) await sendPart(store, "upload", id, number, SOME);
      return async (store) => {
        const numbers = (await store.listParts("upload", id)).map(({ partNumber }) => partNumber);
        if (numbers.join() !== "1,2,3") throw new Error(`not the parts: ${numbers.join()}`);
      };
    },
  },
  {
    name: "completeUpload",
    operation: "CompleteMultipartUpload",
    answer: "document",
    isWrite: true,
    prepare: async (store) => {
      const id = await open(store);
      const part = await sendPart(store, "upload", id, 1, SOME);
      return (store) => store.completeUpload("upload", id, [part]);
    },
  },
  {
    name: "abortUpload",
    operation: "AbortMultipartUpload",
    answer: "status",
    isWrite: true,
    prepare: async (store) => {
      const id = await open(store);
      return (store) => store.abortUpload("upload", id);
    },
  },
  {
    name: "listUploads",
    operation: "ListMultipartUploads",
    answer: "document",
    isWrite: false,
    prepare: async (store) => {
      for (const key of KEYS) await store.createUpload(key, "text/plain");
      return (store) => wholly((options) => store.listUploads("any/", options));
    },
  },
  {
    name: "capabilities",
    operation: "GetBucketVersioning",
    answer: "document",
    isWrite: false,
    prepare: async () => (store) => store.capabilities({ fresh: true }),
  },
];

/** What was read is not what was written; whoever knows the size or the checksum sees it. */
const OTHER = "other bytes, with their own size";

/** What a call came to, whether it threw or answered key by key: `done`, or code and class. */
export type End = "done" | typeof OTHER | `${StoreErrorCode} ${StoreErrorClass}`;

/** Anything but a StoreError or an answer fails the test. */
export async function endOf(call: Promise<unknown>): Promise<End> {
  try {
    const answer = await call;
    if (answer === OTHER) return OTHER;
    if (!Array.isArray(answer)) return "done";
    const results = answer as readonly (RemoveResult | object)[];
    for (const one of results) {
      if (!("result" in one) || one.result === "gone") continue;
      return `${one.code} ${classOf(one)}`;
    }
    return "done";
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return `${error.code} ${error.errorClass}`;
  }
}

function classOf({
  result,
  retryable,
}: Exclude<RemoveResult, { result: "gone" }>): StoreErrorClass {
  if (retryable) return "retryable";
  const classes = { blocked: "blocked", failed: "permanent", unknown: "unknown" } as const;
  return classes[result];
}
