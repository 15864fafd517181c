import type { ObjectHead } from "../ports/object-store.ts";

/** The store's own ETag, in the form that the rows have: without quotes. */
export function etagOf({ etag }: Pick<ObjectHead, "etag">): string {
  return etag.replaceAll('"', "");
}
