import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import type { SignedRequest } from "../../src/ports/object-store.ts";
import {
  collect,
  keysOf,
  make,
  pattern,
  readText,
  refused,
} from "../contract/object-store/fixture.ts";
import { s3Server } from "../servers/given.ts";
import { S3Bucket } from "../support/s3-bucket.ts";

const MINUTE_MS = 60_000;
const KEY = "signed/\u00e9 +%&.bin";

let bucket: S3Bucket;
let store: S3ObjectStore;

beforeEach(async () => {
  bucket = await S3Bucket.create(s3Server());
  store = new S3ObjectStore(bucket.options({ prefix: "below/" }));
});

afterEach(async () => {
  store.close();
  await bucket[Symbol.asyncDispose]();
});

/** A store whose clock is off, for URLs that are over already. */
function storeOf(offMs: number): S3ObjectStore {
  const clock = new SystemClock();
  const shifted = { now: () => clock.now() + offMs };
  return new S3ObjectStore(bucket.options({ prefix: "below/", clock: shifted }));
}

/** The status that a client is answered with; `fetch` sets the length from the body. */
async function send(
  { url }: SignedRequest,
  body: Uint8Array<ArrayBuffer>,
  method = "PUT",
): Promise<number> {
  const response = await fetch(url, { method, ...(method === "GET" ? {} : { body }) });
  await response.arrayBuffer();
  return response.status;
}

function changed(request: SignedRequest, change: (url: URL) => void): SignedRequest {
  const url = new URL(request.url);
  change(url);
  return { ...request, url: url.href };
}

describe("a signed part", () => {
  const bytes = new Uint8Array(pattern(1000));
  const one = async (uploadId: string, expiresInMs = MINUTE_MS) =>
    await store.presignPart(KEY, uploadId, 1, bytes.length, expiresInMs);

  it("is taken from a client as it was signed, and becomes the object", async () => {
    const uploadId = await store.createUpload(KEY, "text/plain");
    const request = await one(uploadId);
    expect(request.headers).toEqual({ "content-length": "1000" });
    expect(await send(request, bytes)).toBe(200);
    const parts = await store.listParts(KEY, uploadId);
    expect(parts).toMatchObject([{ partNumber: 1, sizeBytes: 1000 }]);
    await store.completeUpload(KEY, uploadId, parts);
    expect(await collect((await store.get(KEY)).body)).toEqual(bytes);
  });

  it("is refused by the store in every other way, and nothing is kept", async () => {
    const uploadId = await store.createUpload(KEY, "text/plain");
    const otherId = await store.createUpload("signed/other", "text/plain");
    const request = await one(uploadId);
    const more = new Uint8Array([...bytes, 1]);
    expect(await send(request, more)).toBe(403);
    expect(await send(request, bytes.subarray(1))).toBe(403);
    expect(await send(request, bytes, "GET")).toBe(403);
    expect(await send(request, bytes, "DELETE")).toBe(403);
    const otherPart = changed(request, (url) => url.searchParams.set("partNumber", "2"));
    expect(await send(otherPart, bytes)).toBe(403);
    const otherUpload = changed(request, (url) => url.searchParams.set("uploadId", otherId));
    expect(await send(otherUpload, bytes)).toBe(403);
    const otherKey = changed(
      request,
      (url) => (url.pathname = `/${bucket.name}/below/signed/other`),
    );
    expect(await send(otherKey, bytes)).toBe(403);
    const wholeObject = changed(request, (url) => {
      url.searchParams.delete("uploadId");
      url.searchParams.delete("partNumber");
    });
    expect(await send(wholeObject, bytes)).toBe(403);
    const longer = changed(request, (url) => url.searchParams.set("X-Amz-Expires", "600000"));
    expect(await send(longer, bytes)).toBe(403);
    expect(await store.listParts(KEY, uploadId)).toEqual([]);
    expect(await store.listParts("signed/other", otherId)).toEqual([]);
    expect(await keysOf(store, "")).toEqual([]);
  });

  it("is refused once its time is over, by the clock of the store", async () => {
    const uploadId = await store.createUpload(KEY, "text/plain");
    const earlier = storeOf(-2 * MINUTE_MS);
    const over = await earlier.presignPart(KEY, uploadId, 1, bytes.length, MINUTE_MS);
    const going = await earlier.presignPart(KEY, uploadId, 1, bytes.length, 5 * MINUTE_MS);
    earlier.close();
    expect(await send(over, bytes)).toBe(403);
    expect(await store.listParts(KEY, uploadId)).toEqual([]);
    expect(await send(going, bytes)).toBe(200);
  });

  it("leads nowhere once its upload was aborted, however long it is valid", async () => {
    const uploadId = await store.createUpload(KEY, "text/plain");
    const request = await one(uploadId, 60 * MINUTE_MS);
    expect(await send(request, bytes)).toBe(200);
    await store.abortUpload(KEY, uploadId);
    expect(await send(request, bytes)).toBe(404);
    await refused(store.listParts(KEY, uploadId), "no-such-upload");
    expect(await keysOf(store, "")).toEqual([]);
  });
});

describe("a signed download", () => {
  it("gives the object as a file of the name asked for, and of no type that a browser runs", async () => {
    await make(store, KEY, "<script>alert(1)</script>");
    const { url, headers } = await store.presignGet(KEY, MINUTE_MS, 'caf\u00e9 "1".html');
    expect(headers).toEqual({});
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("<script>alert(1)</script>");
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("content-disposition")).toBe(
      `attachment; filename="caf_ _1_.html"; filename*=UTF-8''caf%C3%A9%20%221%22.html`,
    );
    const part = await fetch(url, { headers: { range: "bytes=1-6" } });
    expect([part.status, await part.text()]).toEqual([206, "script"]);
  });

  it("is refused for another key, another type, another method and another time", async () => {
    await make(store, KEY, "mine");
    await make(store, "signed/other", "not yours");
    const request = await store.presignGet(KEY, MINUTE_MS, "x");
    const body = new Uint8Array();
    const otherKey = changed(
      request,
      (url) => (url.pathname = `/${bucket.name}/below/signed/other`),
    );
    expect(await send(otherKey, body, "GET")).toBe(403);
    const type = "response-content-type";
    expect(
      await send(
        changed(request, (url) => url.searchParams.set(type, "text/html")),
        body,
        "GET",
      ),
    ).toBe(403);
    expect(
      await send(
        changed(request, (url) => url.searchParams.delete(type)),
        body,
        "GET",
      ),
    ).toBe(403);
    expect(await send(request, body)).toBe(403);
    const earlier = storeOf(-2 * MINUTE_MS);
    const over = await earlier.presignGet(KEY, MINUTE_MS, "x");
    earlier.close();
    expect(await send(over, body, "GET")).toBe(403);
    expect(await readText(store, KEY)).toBe("mine");
  });

  it("reaches no other object where a client folds the dots of its key", async () => {
    await make(store, "folded/../b", "with dots");
    await make(store, "b", "another object");
    const request = await store.presignGet("folded/../b", MINUTE_MS, "x");
    // `fetch` asks for `/b`, which is not what was signed.
    expect(new URL(request.url).pathname).toBe(`/${bucket.name}/below/b`);
    expect(await send(request, new Uint8Array(), "GET")).toBe(403);
  });

  it("cannot be had for no time, or for longer than S3 allows", async () => {
    for (const expiresInMs of [0, -1, 999, Number.NaN, 7 * 24 * 60 * MINUTE_MS + 1]) {
      await refused(store.presignGet("a", expiresInMs, "x"), "bad-request");
    }
    const { url } = await store.presignGet("a", 7 * 24 * 60 * MINUTE_MS, "x");
    expect(new URL(url).searchParams.get("X-Amz-Expires")).toBe("604800");
  });
});
