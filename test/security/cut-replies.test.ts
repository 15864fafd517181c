import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { isStoreError } from "../../src/core/store-errors.ts";
import { WireServer } from "../wire/server.ts";

const KEYS = ["a/1", "a/2", "a/3"];
/** Every so many bytes the reply is cut: prime, so that no element's length hides its inside. */
const STEP_BYTES = 7;

let server: WireServer;
let store: S3ObjectStore;
let uploaded: () => Promise<unknown>;
beforeAll(async () => {
  server = await WireServer.start();
  const bucket = server.makeBucket("files", { partBytesMin: 1 });
  const { endpoint, region, credentials } = server;
  const place = { bucket: "files", endpoint, region, ...credentials, clock: new SystemClock() };
  store = new S3ObjectStore(place);
  uploaded = async () => {
    for (const key of KEYS) await bucket.store.put(key, new Uint8Array(3));
  };
  await store.createUpload("a/u", "x/y");
});
afterAll(async () => {
  store.close();
  await server.stop();
});

const CALLS = {
  ListObjectsV2: async () => await store.list("a/", {}),
  ListMultipartUploads: async () => await store.listUploads("a/", {}),
  DeleteObjects: async () => await store.remove(KEYS),
} as const;

/** What each is refused as: nothing is concluded from it. */
const CODES = {
  ListObjectsV2: "listing-broken",
  ListMultipartUploads: "listing-broken",
  DeleteObjects: "unlisted-reply",
} as const;

/** Makes the call with its reply changed; answers the reply as it was, and what it was taken for. */
async function changed(operation: keyof typeof CALLS, edit: (text: string) => string) {
  await uploaded();
  server.faults.clear();
  let whole = "";
  server.faults.plan(
    { operation },
    {
      name: "changed on purpose",
      edit: (reply) => {
        whole = Buffer.from(reply.body).toString();
        return { ...reply, body: Buffer.from(edit(whole)) };
      },
    },
  );
  try {
    const answer = await CALLS[operation]();
    return { whole, answer };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { whole, answer: error.code };
  }
}

describe.each(["ListObjectsV2", "ListMultipartUploads", "DeleteObjects"] as const)(
  "a reply to %s, well framed as HTTP",
  (operation) => {
    test("that was cut anywhere is refused whole", async () => {
      const { whole } = await changed(operation, (text) => text);
      expect(whole.length).toBeGreaterThan(200);
      for (let at = 0; at < whole.trimEnd().length; at += STEP_BYTES) {
        const { answer } = await changed(operation, (text) => text.slice(0, at));
        expect([at, answer]).toEqual([at, CODES[operation]]);
      }
    });

    test.each<[string, (text: string) => string]>([
      ["an element that is closed by another's name", (text) => text.replace("</Key>", "</Kay>")],
      ["an element that is never closed", (text) => text.replace("</Key>", "")],
      ["an element that was never opened", (text) => text.replace("<Key>", "")],
      ["a bare '<' in a text", (text) => text.replace("<Key>", "<Key><")],
    ])("that has %s is refused whole", async (_name, edit) => {
      const { whole, answer } = await changed(operation, edit);
      expect(edit(whole)).not.toBe(whole);
      expect(answer).toBe(CODES[operation]);
    });
  },
);
