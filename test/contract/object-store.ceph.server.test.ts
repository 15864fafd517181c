import { vi } from "vitest";
import { S3ObjectStore, type S3StoreOptions } from "../../src/adapters/s3/object-store.ts";
import { utf8Length } from "../../src/core/encoding.ts";
import { s3Server } from "../servers/given.ts";
import { type BucketOptions, S3Bucket } from "../support/s3-bucket.ts";
import type { StoreDifferences } from "./object-store/fixture.ts";
import { objectStoreContract, type StoreSubject, versionedStoreContract } from "./object-store.ts";

// Some tests make hundreds of requests, each of which may cost a real store tens of milliseconds.
vi.setConfig({ testTimeout: 180_000 });

/** What is different on Ceph 16.2, with the reason of each in `StoreDifferences`. */
function differencesOf(prefix = ""): StoreDifferences {
  return {
    refusesKey: (key) => key.includes("\0") || utf8Length(prefix + key) > 1024,
    repeatsCompletions: true,
    completesAllParts: true,
    abortsMayLose: true,
    raceRounds: 40,
  };
}

async function subject(
  bucketOptions: BucketOptions,
  storeOptions: Partial<S3StoreOptions> = {},
): Promise<StoreSubject> {
  const bucket = await S3Bucket.create(s3Server(), bucketOptions);
  const store = new S3ObjectStore(bucket.options(storeOptions));
  return {
    store,
    differences: differencesOf(storeOptions.prefix),
    cleanup: async () => {
      store.close();
      await bucket[Symbol.asyncDispose]();
    },
  };
}

objectStoreContract("a bucket of Ceph", () => subject({}));

objectStoreContract("a prefix in a bucket of Ceph", () =>
  subject({}, { prefix: "our files/+é%/" }),
);

versionedStoreContract("a bucket of Ceph", () => subject({ versioned: true }));

versionedStoreContract("a prefix in a bucket of Ceph", () =>
  subject({ versioned: true }, { prefix: "our files/+é%/" }),
);
