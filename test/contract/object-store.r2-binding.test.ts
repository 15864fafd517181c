import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { R2Bucket } from "../../src/adapters/r2-binding/bucket.ts";
import { R2BindingObjectStore } from "../../src/adapters/r2-binding/object-store.ts";
import {
  bodyOf,
  keysOf,
  make,
  readText,
  refused,
  sendPart,
  useObjectStore,
} from "./object-store/fixture.ts";
import { listingContract } from "./object-store/listing.ts";
import { objectsContract } from "./object-store/objects.ts";
import { removalContract } from "./object-store/removal.ts";
import { noVersionsContract } from "./object-store/versions.ts";

const BUCKET = "BUCKET";

// Each call goes from this process through a Worker to the store and back.
vi.setConfig({ testTimeout: 300_000 });

let miniflare: Miniflare | null = null;

beforeAll(async () => {
  const script = "export default { fetch: () => new Response() }";
  miniflare = new Miniflare({ modules: true, script, r2Buckets: [BUCKET] });
  await miniflare.ready;
}, 120_000);

afterAll(async () => {
  await miniflare?.dispose();
});

async function emptyBucket(): Promise<R2Bucket> {
  const bucket = (await miniflare?.getR2Bucket(BUCKET)) as unknown as R2Bucket;
  for (;;) {
    const { objects } = await bucket.list();
    if (objects.length === 0) return bucket;
    await bucket.delete(objects.map(({ key }) => key));
  }
}

/**
 * The contract but for uploads, copied parts and the races of uploads: the binding lists no uploads and no
 * parts, which nearly all of those tests look at, and answers an abort always as done. Below it is held
 * what it does instead.
 */
describe("the object store contract on R2's binding, as far as it goes", () => {
  const fixture = useObjectStore(async () => ({
    store: new R2BindingObjectStore(await emptyBucket(), "files"),
    differences: { refusesKey: (key) => key.includes("\0") },
    cleanup: () => Promise.resolve(),
  }));
  objectsContract(fixture);
  listingContract(fixture);
  removalContract(fixture);
  noVersionsContract(fixture);

  it("says that it lists no uploads, and refuses to", async () => {
    const { store } = fixture;
    const { multipartListing, declaredLacking } = await store.capabilities();
    expect([multipartListing, declaredLacking]).toEqual([false, ["multipart-listing"]]);
    await refused(store.listUploads(""), "not-supported");
    await refused(store.listParts("a", await store.createUpload("a", "x/y")), "not-supported");
  });

  it("makes an object of parts, and nothing of an upload that was aborted", async () => {
    const { store } = fixture;
    await make(store, "made", "content");
    expect(await readText(store, "made")).toBe("content");
    const uploadId = await store.createUpload("over", "text/plain");
    const part = await sendPart(store, "over", uploadId, 1, "content");
    await store.abortUpload("over", uploadId);
    await refused(store.completeUpload("over", uploadId, [part]), "no-such-upload");
    await refused(sendPart(store, "over", uploadId, 1, "late"), "no-such-upload");
    expect(await keysOf(store, "")).toEqual(["made"]);
  });

  it("answers an abort again as the first time, and leaves the object of a completed one", async () => {
    const { store } = fixture;
    const aborted = await store.createUpload("over", "text/plain");
    await store.abortUpload("over", aborted);
    await store.abortUpload("over", aborted);
    const uploadId = await store.createUpload("done", "text/plain");
    const part = await sendPart(store, "done", uploadId, 1, "content");
    await store.completeUpload("done", uploadId, [part]);
    await store.abortUpload("done", uploadId);
    expect(await readText(store, "done")).toBe("content");
    await refused(store.abortUpload("done", ""), "no-such-upload");
  });

  it("completes nothing of no parts, of others, or of parts out of order", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("wrong", "text/plain");
    const part = await sendPart(store, "wrong", uploadId, 1, "content");
    for (const parts of [[], [part, part], [{ ...part, etag: "0".repeat(32) }]]) {
      await refused(store.completeUpload("wrong", uploadId, parts), "invalid-part");
    }
    expect(await keysOf(store, "")).toEqual([]);
    await store.completeUpload("wrong", uploadId, [part]);
    expect(await keysOf(store, "")).toEqual(["wrong"]);
  });

  it("refuses a part that has not the announced size, or more than is held in memory", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("sizes", "text/plain");
    for (const sizeBytes of [3, 5]) {
      const part = { body: bodyOf("four"), sizeBytes };
      await refused(store.uploadPart("sizes", uploadId, 1, part), "invalid-part");
    }
    const huge = { body: bodyOf(), sizeBytes: 1024 ** 3 };
    await refused(store.uploadPart("sizes", uploadId, 1, huge), "invalid-part");
  });

  it("lists nothing below a NUL, which would show nothing whatever lies there", async () => {
    await refused(fixture.store.list("a\0"), "invalid-key");
  });

  it("copies a range by reading and sending it", async () => {
    const { store } = fixture;
    await make(store, "from", "0123456789");
    const uploadId = await store.createUpload("to", "text/plain");
    const range = (start: number, end: number) => ({ key: "from", range: { start, end } });
    const part = await store.copyPart("to", uploadId, 1, range(3, 6));
    expect(part.sizeBytes).toBe(4);
    await store.completeUpload("to", uploadId, [part]);
    expect(await readText(store, "to")).toBe("3456");
    await refused(store.copyPart("to", uploadId, 1, range(4, 10)), "invalid-range");
    await refused(
      store.copyPart("to", uploadId, 1, { ...range(0, 1), key: "missing" }),
      "no-such-key",
    );
  });

  it("signs no URLs", async () => {
    const { store } = fixture;
    expect(await store.presignGet("a", 1000, "a")).toBeNull();
    expect(await store.presignPart("a", "u", 1, 1, 1000)).toBeNull();
  });
});
