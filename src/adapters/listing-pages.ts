import { compareUtf8 } from "../core/encoding.ts";
import type { ListObjectsOptions, ListOptions, Page, UploadEntry } from "../ports/object-store.ts";
import { checkPrefix, decodeCursor, encodeCursor, pageLimit } from "./object-store-checks.ts";

/** How a store is made to answer pages that only a careful caller takes for what they are. */
export interface PageShape {
  /** Entries of a page, however many are asked for: short pages that are not the last (R6). */
  readonly pageKeys?: number;
  /** An empty page comes before each other one, and one after the last entry. */
  readonly emptyPages?: boolean;
}

const BEFORE_EMPTY = "empty";
const BEFORE_FULL = "full";

/**
 * One page of a listing.
 * @param positionsAfter the positions after one (null: from the start), each with its entry
 */
export function pageOf<T>(
  prefix: string,
  options: ListObjectsOptions,
  shape: PageShape,
  positionsAfter: (position: string | null) => Iterable<readonly [string, T]>,
): Page<T> {
  options.signal?.throwIfAborted();
  checkPrefix(prefix);
  const asked = pageLimit(options.limit);
  const limit = Math.min(asked, shape.pageKeys ?? asked);
  const [position = "", turn] =
    options.cursor === undefined
      ? [options.startAfter ?? "", BEFORE_EMPTY]
      : decodeCursor(options.cursor, prefix, 2);
  if (shape.emptyPages && turn === BEFORE_EMPTY) {
    return { entries: [], next: encodeCursor(prefix, [position, BEFORE_FULL]) };
  }
  const entries: T[] = [];
  let last = position;
  for (const [at, entry] of positionsAfter(position === "" ? null : position)) {
    if (entries.length === limit) {
      return { entries, next: encodeCursor(prefix, [last, BEFORE_EMPTY]) };
    }
    entries.push(entry);
    last = at;
  }
  const hasEmptyEnd = shape.emptyPages === true && entries.length > 0;
  return { entries, next: hasEmptyEnd ? encodeCursor(prefix, [last, BEFORE_EMPTY]) : null };
}

/** One page of the open uploads, in the order of keys, then of ids. */
export function pageOfUploads(
  prefix: string,
  options: ListOptions,
  shape: PageShape,
  uploads: Iterable<UploadEntry>,
): Page<UploadEntry> {
  return pageOf(prefix, options, shape, (after) =>
    [...uploads]
      .filter(({ key }) => key.startsWith(prefix))
      .map((entry) => [positionOf(entry), entry] as const)
      .filter(([position]) => after === null || comparePositions(position, after) > 0)
      .sort(([a], [b]) => comparePositions(a, b)),
  );
}

/** Ids have no '/', so that the last one divides the two. */
function positionOf({ key, uploadId }: UploadEntry): string {
  return `${key}/${uploadId}`;
}

function comparePositions(a: string, b: string): number {
  const [x, y] = [a.lastIndexOf("/"), b.lastIndexOf("/")];
  return compareUtf8(a.slice(0, x), b.slice(0, y)) || compareUtf8(a.slice(x), b.slice(y));
}
