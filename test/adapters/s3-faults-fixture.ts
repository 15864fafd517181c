import { afterEach } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import {
  StoreError,
  type StoreErrorClass,
  type StoreErrorCode,
} from "../../src/core/store-errors.ts";
import type { ObjectStore, RemoveResult } from "../../src/ports/object-store.ts";
import { bodyOf, make, sendPart } from "../contract/object-store/fixture.ts";
import type { Bucket, BucketOptions } from "../wire/bucket.ts";
import type { Operation } from "../wire/operations.ts";
import { WireServer, type WireOptions } from "../wire/server.ts";

/** How long the store may hang before the hasty one gives it up: far longer than any answer takes. */
const HANG_MS = 400;

export interface S3OnWire {
  readonly server: WireServer;
  readonly bucket: Bucket;
  readonly store: S3ObjectStore;
  /** The same place, given up soon: for faults that hang. */
  readonly hasty: S3ObjectStore;
}

/** Answers a function that starts an S3 store on a server of its own, for the test that runs. */
export function useS3OnWire(): (wire?: WireOptions, bucket?: BucketOptions) => Promise<S3OnWire> {
  const started: S3OnWire[] = [];
  afterEach(async () => {
    for (const { store, hasty, server } of started.splice(0)) {
      store.close();
      hasty.close();
      await server.stop();
    }
  });
  return async (wire = {}, options = {}) => {
    const server = await WireServer.start(wire);
    const bucket = server.makeBucket("faulty", { partBytesMin: 1, ...options });
    const { endpoint, region, credentials } = server;
    const clock = new SystemClock();
    const place = { bucket: "faulty", endpoint, region, ...credentials, clock };
    const timeouts = { callMs: HANG_MS, longCallMs: HANG_MS, idleMs: HANG_MS };
    const store = new S3ObjectStore(place);
    const hasty = new S3ObjectStore({ ...place, timeouts });
    const subject = { server, bucket, store, hasty };
    started.push(subject);
    return subject;
  };
}

/** One way to call the store, and the request that it comes to. */
export interface FaultyCall {
  readonly name: string;
  readonly operation: Operation;
  /** What a good answer to the request consists of. */
  readonly answer: "document" | "headers" | "status" | "object";
  /** Whether it changes the store. */
  readonly isWrite: boolean;
  readonly bucket?: BucketOptions;
  /** Makes what the call needs; answers the call. */
  prepare(store: ObjectStore): Promise<(store: ObjectStore) => Promise<unknown>>;
}

const SOME = new TextEncoder().encode("some bytes");

async function open(store: ObjectStore): Promise<string> {
  return await store.createUpload("upload", "text/plain");
}

const VERSIONED = { versioning: "enabled" } as const;

/** Every call of the port that asks the store something. */
export const CALLS: readonly FaultyCall[] = [
  {
    name: "list",
    operation: "ListObjectsV2",
    answer: "document",
    isWrite: false,
    prepare: async () => (store) => store.list("any/"),
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
        for await (const _ of (await store.get("get")).body);
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
    bucket: VERSIONED,
    prepare: async () => (store) => store.listVersions("any/"),
  },
  {
    name: "removeVersions",
    operation: "DeleteObjects",
    answer: "document",
    isWrite: true,
    bucket: VERSIONED,
    prepare: async (store) => {
      await store.put("v", SOME);
      await store.put("v", SOME);
      const { entries } = await store.listVersions("v");
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
      await sendPart(store, "upload", id, 1, SOME);
      return (store) => store.listParts("upload", id);
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
    prepare: async () => (store) => store.listUploads("any/"),
  },
  {
    name: "capabilities",
    operation: "GetBucketVersioning",
    answer: "document",
    isWrite: false,
    prepare: async () => (store) => store.capabilities({ fresh: true }),
  },
];

/** What a call came to, whether it threw or answered key by key: `done`, or code and class. */
export type End = "done" | `${StoreErrorCode} ${StoreErrorClass}`;

/** Anything but a StoreError or an answer fails the test. */
export async function endOf(call: Promise<unknown>): Promise<End> {
  try {
    const answer = await call;
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
