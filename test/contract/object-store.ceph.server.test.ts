import { vi } from "vitest";
import { S3ObjectStore, type S3StoreOptions } from "../../src/adapters/s3/object-store.ts";
import { s3Server } from "../servers/given.ts";
import { type BucketOptions, S3Bucket } from "../support/s3-bucket.ts";
import { cephDifferences } from "./object-store/ceph.ts";
import { objectStoreContract, type StoreSubject, versionedStoreContract } from "./object-store.ts";

// Some tests make hundreds of requests, each of which may cost a real store tens of milliseconds.
vi.setConfig({ testTimeout: 180_000 });

async function subject(
  bucketOptions: BucketOptions,
  storeOptions: Partial<S3StoreOptions> = {},
): Promise<StoreSubject> {
  const bucket = await S3Bucket.create(s3Server(), bucketOptions);
  const store = new S3ObjectStore(bucket.options(storeOptions));
  return {
    store,
    differences: cephDifferences(storeOptions.prefix),
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
