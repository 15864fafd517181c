import {
  PutBucketPolicyCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { S3ObjectStore, type S3StoreOptions } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import type { RemoveVersionResult, VersionEntry } from "../../src/ports/object-store.ts";
import { keysOf, put, readText, refused } from "../contract/object-store/fixture.ts";
import { SPECIAL_KEYS, SPECIAL_WHOLE_KEYS } from "../contract/object-store/special-keys.ts";
import { s3Server } from "../servers/given.ts";
import { type BucketOptions, S3Bucket } from "../support/s3-bucket.ts";

const HOUR_MS = 3_600_000;

async function onBucket(
  options: BucketOptions,
  work: (store: S3ObjectStore, bucket: S3Bucket) => Promise<void>,
  storeOptions: Partial<S3StoreOptions> = {},
): Promise<void> {
  await using bucket = await S3Bucket.create(s3Server(), options);
  const store = new S3ObjectStore(bucket.options(storeOptions));
  try {
    await work(store, bucket);
  } finally {
    store.close();
  }
}

async function deny(
  { client, name }: S3Bucket,
  action: string | readonly string[],
  ...paths: readonly string[]
): Promise<void> {
  const Resource = paths.map((path) => `arn:aws:s3:::${name}${path}`);
  const Statement = [{ Effect: "Deny", Principal: "*", Action: action, Resource }];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await client.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
}

async function allow({ client, name }: S3Bucket): Promise<void> {
  const Statement = [
    {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetBucketTagging",
      Resource: `arn:aws:s3:::${name}`,
    },
  ];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await client.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
}

describe("a removal on Ceph", () => {
  it("names the keys that a policy protects, and removes those beside them", async () => {
    await onBucket({}, async (store, bucket) => {
      await put(store, "free/a", "denied/a", "free/b", "denied/b");
      await deny(bucket, "s3:DeleteObject", "/denied/*");
      const keys = ["free/a", "denied/a", "never/was", "free/b", "denied/b", "denied/a"];
      const denied = { result: "blocked", retryable: false, code: "access-denied" };
      expect(await store.remove(keys)).toMatchObject(
        keys.map((key) =>
          key.startsWith("denied/") ? { key, ...denied } : { key, result: "gone" },
        ),
      );
      expect(await store.remove(["denied/a"])).toMatchObject([{ key: "denied/a", ...denied }]);
      expect(await keysOf(store, "")).toEqual(["denied/a", "denied/b"]);
      await allow(bucket);
    });
  });

  it("knows a lock from a missing right, together with others and alone", async () => {
    await onBucket({ lockable: true }, async (store, bucket) => {
      await put(store, "held", "kept", "free");
      const Bucket = bucket.name;
      const LegalHold = { Status: "ON" } as const;
      await bucket.client.send(new PutObjectLegalHoldCommand({ Bucket, Key: "held", LegalHold }));
      const RetainUntilDate = new Date(new SystemClock().now() + HOUR_MS);
      const Retention = { Mode: "GOVERNANCE", RetainUntilDate } as const;
      await bucket.client.send(new PutObjectRetentionCommand({ Bucket, Key: "kept", Retention }));
      const { entries } = await store.listVersions("");
      expect(entries.map(({ key }) => key)).toEqual(["free", "held", "kept"]);
      const locked = { result: "blocked", retryable: false, code: "object-locked" };
      const expected = ({ key, versionId }: VersionEntry): Partial<RemoveVersionResult> =>
        ({
          key,
          versionId,
          ...(key === "free" ? { result: "gone" } : locked),
        }) as RemoveVersionResult;
      expect(await store.removeVersions(entries)).toMatchObject(entries.map(expected));
      for (const entry of entries) {
        expect(await store.removeVersions([entry])).toMatchObject([expected(entry)]);
      }
      expect((await store.listVersions("")).entries).toHaveLength(2);
      const off = new PutObjectLegalHoldCommand({
        Bucket,
        Key: "held",
        LegalHold: { Status: "OFF" },
      });
      await bucket.client.send(off);
      const [held] = (await store.listVersions("held")).entries;
      expect(await store.removeVersions(held ? [held] : [])).toMatchObject([{ result: "gone" }]);
      expect(await store.capabilities()).toMatchObject({
        objectLock: "enabled",
        versioning: "enabled",
      });
    });
  });

  it("takes every kind of key in one call, and no neighbour of it", async () => {
    await onBucket({}, async (store) => {
      const all = [...SPECIAL_KEYS.map((key) => `all/${key}`), ...SPECIAL_WHOLE_KEYS];
      const keys = all.filter((key) => !key.includes("\0"));
      const refusedKeys = all.filter((key) => key.includes("\0"));
      const neighbours = ["all/leading space", "all/trailing space", "all/a", "all/controlchar"];
      neighbours.push("b", "a/b", "leading", "etc/passwd", "x", "all/control\u0001chars");
      expect(keys.filter((key) => neighbours.includes(key))).toEqual([]);
      await put(store, ...keys, ...neighbours);
      const results = await store.remove(all);
      expect(results.map(({ key }) => key)).toEqual(all);
      expect(results.filter(({ result }) => result !== "gone")).toMatchObject(
        refusedKeys.map((key) => ({ key, result: "failed", code: "invalid-key" })),
      );
      const left = await keysOf(store, "");
      expect([...left].sort()).toEqual([...neighbours].sort());
    });
  });

  it("removes no object for a version that is none", async () => {
    await onBucket({ versioned: true }, async (store) => {
      await put(store, "a", "b");
      const results = await store.removeVersions([
        { key: "a", versionId: "" },
        { key: "b", versionId: "\0" },
        { key: "b", versionId: "of nobody" },
        { key: "b", versionId: "ofNobody" },
      ]);
      expect(results.map(({ result }) => result)).toEqual(["failed", "failed", "failed", "gone"]);
      expect(await keysOf(store, "")).toEqual(["a", "b"]);
    });
  });
});

describe("a copy on Ceph", () => {
  it("is of the object asked for, though Ceph decodes its name twice", async () => {
    await onBucket(
      {},
      async (store) => {
        const keys = [
          "a%25b",
          "a%b",
          "a%",
          "a b",
          "a+b",
          "a%20b",
          "a%2Bb",
          "a?versionId=x",
          "\u00e9",
        ];
        await put(store, ...keys);
        for (const key of keys) {
          const range = { start: 0, end: Buffer.byteLength(`content of ${key}`) - 1 };
          const uploadId = await store.createUpload("copy", "text/plain");
          const part = await store.copyPart("copy", uploadId, 1, { key, range });
          await store.completeUpload("copy", uploadId, [part]);
          expect(await readText(store, "copy"), key).toBe(`content of ${key}`);
        }
      },
      { prefix: "100%/" },
    );
  });
});

describe("what a bucket can do", () => {
  it("is asked of it, and again after a while or where that is wished", async () => {
    let now = 1_000_000_000;
    const clock = new SystemClock();
    const offset = clock.now() - now;
    await using bucket = await S3Bucket.create(s3Server());
    const ticking = { now: () => now + offset };
    const store = new S3ObjectStore(bucket.options({ clock: ticking }));
    const versioning = async (fresh = false) => (await store.capabilities({ fresh })).versioning;
    try {
      expect(await store.capabilities()).toEqual({
        versioning: "none",
        objectLock: "none",
        consistency: "strong",
        checksum: "crc32",
        keyNormalisation: "none",
        multipartListing: true,
        declaredLacking: [],
        presign: true,
        partBytesMin: 5 * 1024 * 1024,
        partBytesMax: 5 * 1024 ** 3,
      });
      await bucket.setVersioning("Enabled");
      expect(await versioning()).toBe("none");
      now += 61_000;
      expect(await versioning()).toBe("enabled");
      await bucket.setVersioning("Suspended");
      expect(await versioning()).toBe("enabled");
      expect(await versioning(true)).toBe("suspended");
      expect(await versioning()).toBe("suspended");
    } finally {
      store.close();
    }
  });

  it("includes what lies there from before versioning was suspended", async () => {
    await onBucket({}, async (store, bucket) => {
      await put(store, "before");
      await bucket.setVersioning("Enabled");
      await put(store, "before", "amid");
      await bucket.setVersioning("Suspended");
      await put(store, "amid");
      await store.remove(["before"]);
      expect((await store.capabilities({ fresh: true })).versioning).toBe("suspended");
      const { entries } = await store.listVersions("");
      const seen = entries.map(({ key, versionId, isDeleteMarker, isLatest }) =>
        [
          key,
          versionId === "null" ? "null" : "own",
          isDeleteMarker ? "marker" : "",
          isLatest,
        ].join(),
      );
      expect(seen).toEqual([
        "amid,null,,true",
        "amid,own,,false",
        "before,null,marker,true",
        "before,own,,false",
      ]);
      const results = await store.removeVersions(entries);
      expect(results.every(({ result }) => result === "gone")).toBe(true);
      expect((await store.listVersions("")).entries).toEqual([]);
    });
  });

  it("is inferred from its versions where it may not be asked, and unknown where those are hidden", async () => {
    await onBucket({ versioned: true }, async (store, bucket) => {
      const asked = ["s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration"];
      await deny(bucket, asked, "");
      const look = async () => await store.capabilities({ fresh: true });
      expect(await look()).toMatchObject({ versioning: "unknown", objectLock: "unknown" });
      expect((await store.listVersions("")).entries).toEqual([]);
      await put(store, "a");
      expect(await look()).toMatchObject({ versioning: "enabled", multipartListing: true });
      const hidden = ["s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:ListBucket"];
      await deny(bucket, [...asked, ...hidden], "");
      expect(await look()).toMatchObject({ versioning: "unknown", multipartListing: true });
      // What may not be seen is no empty listing.
      expect((await refused(store.listVersions(""), "access-denied")).errorClass).toBe("blocked");
      await refused(store.list(""), "access-denied");
      await refused(store.listUploads(""), "access-denied");
      await allow(bucket);
    });
  });
});
