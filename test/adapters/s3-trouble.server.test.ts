import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { S3ObjectStore, type S3StoreOptions } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { keysOf, refused } from "../contract/object-store/fixture.ts";
import { s3Server } from "../servers/given.ts";
import { S3Bucket } from "../support/s3-bucket.ts";

const MINUTE_MS = 60_000;

let bucket: S3Bucket;

beforeAll(async () => {
  bucket = await S3Bucket.create(s3Server());
});

afterAll(async () => {
  await bucket[Symbol.asyncDispose]();
});

/** What a store that is set up so says to each kind of call. */
async function said(options: Partial<S3StoreOptions>): Promise<readonly string[]> {
  const store = new S3ObjectStore(bucket.options(options));
  const code = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
      return "done";
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      expect(`${error.message} ${String(error.cause)}`).not.toContain(s3Server().secretAccessKey);
      return `${error.code} ${error.errorClass}`;
    }
  };
  try {
    return [
      await code(store.list("a/")),
      await code(store.put("a", new Uint8Array(1))),
      await code(store.get("a")),
      await code(store.createUpload("a", "text/plain")),
      await code(store.listUploads("")),
      await code(store.capabilities()),
    ];
  } finally {
    store.close();
  }
}

function all(answer: string): readonly string[] {
  return Array.from({ length: 6 }, () => answer);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("a store that is not set up right", () => {
  it("says that the secret or the access key is wrong", async () => {
    const wrong = "not-the-secret-of-anybody-at-all-1234567";
    expect(await said({ secretAccessKey: wrong })).toEqual(all("invalid-credentials blocked"));
    expect(await said({ accessKeyId: "AKIANOBODYHASTHISONE" })).toEqual(
      all("invalid-credentials blocked"),
    );
  });

  it("says that the bucket is not there, or is another's", async () => {
    const missing = await said({ bucket: "expunge-nobody-made-this-bucket" });
    expect(missing).toEqual(all("no-such-bucket blocked"));
    const { other } = s3Server();
    expect(other).not.toBeNull();
    // What a bucket can do is unknown where it may not be asked: so much may be said.
    const denied = Array.from({ length: 5 }, () => "access-denied blocked");
    expect(await said(other ?? {})).toEqual([...denied, "done"]);
  });

  it("says that the clock of this machine is off, before and behind", async () => {
    const clock = new SystemClock();
    for (const offMs of [-60 * MINUTE_MS, 60 * MINUTE_MS]) {
      const off = { now: () => clock.now() + offMs };
      expect(await said({ clock: off })).toEqual(all("clock-skew blocked"));
      // Nor does the second attempt hide it: replies do not set the clock.
      expect(await said({ clock: off })).toEqual(all("clock-skew blocked"));
    }
  });

  it("says that nobody answers where nobody does", async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    expect(await said({ endpoint })).toEqual(all("store-unavailable retryable"));
    const noHost = "http://nobody.invalid";
    expect(await said({ endpoint: noHost })).toEqual(all("store-unavailable retryable"));
    const https = s3Server().endpoint.replace("http:", "https:");
    expect(await said({ endpoint: https })).toEqual(all("store-unavailable retryable"));
  });

  it("works with a small difference of the clocks", async () => {
    const clock = new SystemClock();
    const off = { now: () => clock.now() + 5 * MINUTE_MS };
    const store = new S3ObjectStore(bucket.options({ clock: off }));
    await store.put("a", new Uint8Array(1));
    expect(await keysOf(store, "")).toEqual(["a"]);
    await refused(store.head("b"), "no-such-key");
    store.close();
  });
});
