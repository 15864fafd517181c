import type { AuditRange } from "../../core/audit.ts";
import { isAscii } from "../../core/encoding.ts";
import { LIMITS } from "../../core/limits.ts";
import type { MetadataStore } from "../../ports/metadata/index.ts";

/**
 * The ranges of keys that an audit compares beside each other: from the keys of rows, which most objects
 * have. What lies before and behind all of them has ranges of its own. They meet at keys of plain ASCII, so
 * that a store which composes keys agrees on which side every other key lies.
 * @param listingConcurrency how many are compared at a time; one needs no more than one range
 */
export async function rangesOf(
  metadata: Pick<MetadataStore, "splitStoredKeys">,
  listingConcurrency: number,
): Promise<readonly AuditRange[]> {
  const query = { parts: LIMITS.auditRangesMax, rowsMin: LIMITS.auditRangeRowsMin };
  const keys = listingConcurrency === 1 ? [] : await metadata.splitStoredKeys(query);
  const ends = keys.filter(isAscii);
  return [...ends, null].map((until, i) => {
    const begin = ends[i - 1];
    const from =
      begin === undefined
        ? { objectKey: null, row: null }
        : { objectKey: begin, row: { key: begin, fileUid: null } };
    return { from, until, isDone: false };
  });
}
