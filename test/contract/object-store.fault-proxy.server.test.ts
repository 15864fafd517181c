import { vi } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { FaultProxy } from "../servers/fault-proxy/proxy.ts";
import { s3Server } from "../servers/given.ts";
import { type BucketOptions, S3Bucket } from "../support/s3-bucket.ts";
import { cephDifferences } from "./object-store/ceph.ts";
import { objectStoreContract, type StoreSubject, versionedStoreContract } from "./object-store.ts";

vi.setConfig({ testTimeout: 180_000 });

/** Ceph behind a proxy without a fault: what passes here unharmed certifies what faults do. */
async function subject(options: BucketOptions = {}): Promise<StoreSubject> {
  const bucket = await S3Bucket.create(s3Server(), options);
  const proxy = await FaultProxy.start(s3Server());
  const store = new S3ObjectStore(bucket.options({ endpoint: proxy.endpoint }));
  return {
    store,
    differences: cephDifferences(),
    cleanup: async () => {
      store.close();
      await proxy.stop();
      await bucket[Symbol.asyncDispose]();
    },
  };
}

objectStoreContract("a bucket of Ceph behind the fault proxy", () => subject());

versionedStoreContract("a bucket of Ceph behind the fault proxy", () =>
  subject({ versioned: true }),
);
