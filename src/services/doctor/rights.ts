import { StoreError } from "../../core/store-errors.ts";
import { aroundStore, type ObjectStoreCall } from "../../ports/around-store.ts";
import type { ObjectStore } from "../../ports/object-store.ts";

/** The action of a policy that allows each call; on stores without policies, its name says enough. */
const ACTIONS: Readonly<Record<ObjectStoreCall, string>> = {
  capabilities: "s3:GetBucketVersioning",
  list: "s3:ListBucket",
  put: "s3:PutObject",
  get: "s3:GetObject",
  head: "s3:GetObject",
  remove: "s3:DeleteObject",
  listVersions: "s3:ListBucketVersions",
  removeVersions: "s3:DeleteObjectVersion",
  createUpload: "s3:PutObject",
  uploadPart: "s3:PutObject",
  copyPart: "s3:GetObject and s3:PutObject",
  presignPart: "s3:PutObject",
  presignGet: "s3:GetObject",
  listParts: "s3:ListMultipartUploadParts",
  completeUpload: "s3:PutObject",
  // It is looked at whether the parts are gone.
  abortUpload: "s3:AbortMultipartUpload and s3:ListMultipartUploadParts",
  listUploads: "s3:ListBucketMultipartUploads",
};

const OF_BUCKET: ReadonlySet<ObjectStoreCall> = new Set([
  "capabilities",
  "list",
  "listVersions",
  "listUploads",
]);

/** A refusal for want of a right, and which call it was that needs one. */
export class DeniedCall extends StoreError {
  readonly call: ObjectStoreCall;

  constructor(call: ObjectStoreCall, cause: StoreError) {
    super("access-denied", "blocked", cause.message, { cause });
    this.call = call;
  }

  /** The exact right to give. */
  get remedy(): string {
    const resource = `arn:aws:s3:::BUCKET${OF_BUCKET.has(this.call) ? "" : "/*"}`;
    return `Allow ${ACTIONS[this.call]} on ${resource} (docs/stores.md); on R2 make a token with 'Object Read & Write' for the bucket (docs/r2.md); for a directory give the service's user the right to read, write and enter it.`;
  }
}

/** The same store, whose refusals say which call they were given to. */
export function namingDenied(store: ObjectStore): ObjectStore {
  return aroundStore(store, async ({ call }, run) => {
    try {
      return await run();
    } catch (error) {
      if (error instanceof StoreError && error.code === "access-denied") {
        throw new DeniedCall(call, error);
      }
      throw error;
    }
  });
}
