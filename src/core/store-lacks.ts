/**
 * What a store can be declared to lack (`EXPUNGE_S3_WITHOUT`). A listing that fails is `unknown` and
 * blocks a receipt (I3); one that is declared to be missing is not asked for, and the receipt says so.
 */
export const LACKS = ["multipart-listing", "version-listing"] as const;

export type Lack = (typeof LACKS)[number];

/** What a receipt does not cover for the sake of each. */
export const NOT_COVERED_WITHOUT: Readonly<Record<Lack, string>> = {
  "multipart-listing":
    "incomplete uploads that expunge did not open: the store is declared to list none",
  "version-listing": "earlier versions of objects: the store is declared to list none",
};
