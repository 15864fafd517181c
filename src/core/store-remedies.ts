import type { StoreErrorCode } from "./store-errors.ts";

const KEYS =
  "EXPUNGE_S3_ACCESS_KEY_ID and EXPUNGE_S3_SECRET_ACCESS_KEY (on R2: R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY)";

/** What an operator can do when the store answers so. */
export const STORE_REMEDIES: Readonly<Record<StoreErrorCode, string>> = {
  "access-denied":
    "Give the access key the rights to list, read, write and delete objects and multipart uploads of the bucket; on R2 make a token with 'Object Read & Write' for it (docs/r2.md).",
  "invalid-credentials": `Check ${KEYS}: the pair must belong together and to this endpoint.`,
  "clock-skew":
    "Set this machine's clock, for example with NTP; signatures older than 15 minutes are refused.",
  "wrong-region":
    "Set EXPUNGE_S3_REGION (on R2 'auto') and EXPUNGE_S3_ENDPOINT to where the bucket lies.",
  "no-such-bucket":
    "Make the bucket, or correct its name in EXPUNGE_STORE, EXPUNGE_S3_BUCKET or R2_BUCKET_NAME.",
  "object-locked": "Remove the lock, retention or legal hold, or wait until it ends.",
  "read-only": "Make the directory or the file system writable.",
  throttled: "Ask for less at a time, or raise the store's limits.",
  timeout: "Check the network between this machine and the store.",
  "store-unavailable":
    "Check the endpoint's address (EXPUNGE_S3_ENDPOINT, R2_ACCOUNT_ID) and that this machine reaches it.",
  "no-such-key": "Nothing to do unless it comes again: another process removed the object.",
  "no-such-upload": "Nothing to do unless it comes again: another process ended the upload.",
  "invalid-key": "Rename the object by the store's own tools; its key cannot be expressed.",
  "key-conflict":
    "Remove the file that stands where a directory is needed, or the other way round.",
  "invalid-part": "Send the upload again from its start.",
  "invalid-range": "Ask for a range within the object.",
  "bad-request": "Look at the message: the store takes such a request for wrong.",
  "listing-broken":
    "Check that the endpoint is an S3 API and no proxy or web page answers in its place; nothing is concluded from this listing.",
  "unlisted-reply":
    "Check that the endpoint is an S3 API and no proxy or web page answers in its place.",
  "not-supported":
    "Use a store that has this call; where it is a listing that the store really lacks, declare it with EXPUNGE_S3_WITHOUT (docs/stores.md).",
  reappeared: "Find out who writes there and stop it, then retry.",
  "io-error": "Look at the disk: free space on it or raise its quota; replace a device that fails.",
};
