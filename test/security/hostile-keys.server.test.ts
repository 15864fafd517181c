import { expect, test } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { s3Server } from "../servers/given.ts";
import { S3Bucket } from "../support/s3-bucket.ts";
import { deleteHostileKeys } from "./hostile-deletion.ts";

test.each([false, true])(
  "sixty hostile keys and more are swept and verified on Ceph (versioned: %s)",
  { timeout: 400_000 },
  async (versioned) => {
    await using bucket = await S3Bucket.create(s3Server(), { versioned });
    const store = new S3ObjectStore(bucket.options());
    try {
      expect(await deleteHostileKeys(store)).toBeGreaterThan(120);
    } finally {
      store.close();
    }
  },
);
