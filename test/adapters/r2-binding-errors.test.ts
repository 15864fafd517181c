import { describe, expect, it } from "vitest";
import type { R2Bucket } from "../../src/adapters/r2-binding/bucket.ts";
import { R2BindingObjectStore } from "../../src/adapters/r2-binding/object-store.ts";

/** A bucket whose every call fails with this message, as R2 words it. */
function failing(message: string): R2BindingObjectStore {
  const fail = (): Promise<never> => Promise.reject(new Error(message));
  const bucket = {
    head: fail,
    get: fail,
    put: fail,
    delete: fail,
    list: fail,
    createMultipartUpload: fail,
    resumeMultipartUpload: () => ({ uploadId: "u", uploadPart: fail, complete: fail, abort: fail }),
  } satisfies R2Bucket;
  return new R2BindingObjectStore(bucket, "files");
}

describe("a failure that R2's binding reports", () => {
  it.each([
    [
      "delete: We encountered an internal error. Please try again. (10001)",
      "store-unavailable",
      "retryable",
    ],
    ["delete: Reduce your rate. (10058)", "throttled", "retryable"],
    ["delete: The object is locked by a bucket policy. (10069)", "object-locked", "blocked"],
    ["delete: Access denied. (10003)", "access-denied", "blocked"],
    ["delete: The bucket does not exist. (10006)", "no-such-bucket", "blocked"],
    ["delete: Something new (19999)", "store-unavailable", "retryable"],
    ["Network connection lost.", "store-unavailable", "retryable"],
  ])("%j is %s", async (message, code, errorClass) => {
    await expect(failing(message).remove(["a"])).rejects.toMatchObject({
      name: "StoreError",
      code,
      errorClass,
      message,
    });
  });

  it("gives way to the reason of a signal that was aborted meanwhile", async () => {
    const stop = new AbortController();
    const listing = failing("aborted").list("", { signal: stop.signal });
    stop.abort(new Error("the caller left"));
    await expect(listing).rejects.toThrow("the caller left");
  });
});
