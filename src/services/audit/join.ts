import { compareKeys, type KeyOrder } from "../../core/audit.ts";
import type { StoredFile } from "../../ports/metadata/index.ts";
import type { ObjectEntry } from "../../ports/object-store.ts";

/** An object and a row of one key, or one without the other. */
export interface Pair {
  readonly object: ObjectEntry | null;
  readonly row: StoredFile | null;
  /** Whether the object is new here: of several rows that name it, the first has it so. */
  readonly isNewObject: boolean;
}

type Pages<T> = AsyncIterable<readonly T[]>;

/**
 * Goes through the listing of a store and the rows of files side by side, both in the order of their
 * keys, and holds no more than a page of each. Where a store composes keys (NFC), its order need not be
 * that of the rows: then a pair may come apart, and a second look tells that nothing is wrong.
 */
export async function* joinByKey(
  order: KeyOrder,
  objects: Pages<ObjectEntry>,
  rows: Pages<StoredFile>,
): AsyncGenerator<Pair> {
  const listed = each(objects);
  const named = each(rows);
  try {
    let object = await take(listed);
    let row = await take(named);
    let last: ObjectEntry | null = null;
    while (object !== null || row !== null) {
      if (row !== null && last !== null && compareKeys(order, row.key, last.key) === 0) {
        yield { object: last, row, isNewObject: false };
        row = await take(named);
        continue;
      }
      const side = sideOf(order, object, row);
      yield {
        object: side <= 0 ? object : null,
        row: side >= 0 ? row : null,
        isNewObject: side <= 0,
      };
      if (side <= 0) {
        last = object;
        object = await take(listed);
      }
      if (side >= 0) row = await take(named);
    }
  } finally {
    await listed.return(undefined);
    await named.return(undefined);
  }
}

/** Below 0: the object comes first; above: the row; 0: they belong together. */
function sideOf(order: KeyOrder, object: ObjectEntry | null, row: StoredFile | null): number {
  if (object === null) return 1;
  return row === null ? -1 : compareKeys(order, object.key, row.key);
}

async function* each<T>(pages: Pages<T>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}

async function take<T>(items: AsyncGenerator<T>): Promise<T | null> {
  const next: IteratorResult<T, unknown> = await items.next();
  return next.done === true ? null : next.value;
}
