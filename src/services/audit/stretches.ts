import {
  type AuditPosition as Position,
  type AuditRange,
  compareKeys,
  type KeyOrder,
} from "../../core/audit.ts";
import { isAscii } from "../../core/encoding.ts";
import { isInternalKey } from "../../core/keys.ts";
import { LIMITS } from "../../core/limits.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { MetadataStore, StoredFile, StoredFileCursor } from "../../ports/metadata/index.ts";
import type { ObjectEntry, ObjectStore } from "../../ports/object-store.ts";
import { objectPages } from "../listing.ts";
import { joinByKey, type Pair } from "./join.ts";

/** Pairs that follow each other, and where the next ones begin. */
export interface Stretch {
  readonly from: Position;
  readonly pairs: readonly Pair[];
  readonly to: Position;
}

interface Stores {
  readonly store: ObjectStore;
  readonly metadata: MetadataStore;
}

/**
 * Store and rows of a range, side by side, in stretches of bounded size. A stretch never ends between
 * rows of one key. What expunge keeps for itself is passed over.
 * @throws StoreError where the store cannot be listed, or not be believed
 */
export async function* stretchesOf(
  stores: Stores,
  order: KeyOrder,
  { from, until }: Pick<AuditRange, "from" | "until">,
  signal?: AbortSignal,
): AsyncGenerator<Stretch> {
  const objects = objectsBehind(stores, order, { after: from.objectKey, until }, signal);
  const rows = rowsBehind(stores, from.row, until);
  let begin = from;
  let position = from;
  let pairs: Pair[] = [];
  for await (const pair of joinByKey(order, objects, rows)) {
    const goesOn = pair.object !== null && !pair.isNewObject;
    if (pairs.length >= LIMITS.auditStretchKeys && !goesOn) {
      yield { from: begin, pairs, to: position };
      begin = position;
      pairs = [];
    }
    pairs.push(pair);
    position = behind(position, pair);
  }
  if (pairs.length > 0) yield { from: begin, pairs, to: position };
}

function behind({ objectKey, row }: Position, pair: Pair): Position {
  return {
    objectKey: pair.isNewObject && pair.object ? pair.object.key : objectKey,
    row: pair.row ? { key: pair.row.key, fileUid: pair.row.fileUid } : row,
  };
}

/** Every page is held against the order before anything of it is passed over: see `mustFollow`. */
async function* objectsBehind(
  stores: Stores,
  order: KeyOrder,
  { after, until }: { readonly after: string | null; readonly until: string | null },
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ObjectEntry[]> {
  let last = after;
  for await (const entries of objectPages(stores, "", signal, after ?? undefined)) {
    for (const { key } of entries) {
      mustFollow(order, last, key);
      last = key;
    }
    const isWithin = ({ key }: ObjectEntry): boolean =>
      until === null || compareKeys(order, key, until) <= 0;
    const within = entries.filter(isWithin);
    yield within.filter(({ key }) => !isInternalKey(key));
    if (within.length < entries.length) return;
  }
}

/**
 * A store that lists in another order, or from elsewhere than it was asked to, would hide keys from every
 * range. Where it composes keys, only those are compared that have one spelling for sure.
 * @throws StoreError `listing-broken`
 */
function mustFollow(order: KeyOrder, last: string | null, key: string): void {
  const isComparable = order.normalisation === "none" || (isAscii(last ?? "") && isAscii(key));
  if (last === null || !isComparable || compareKeys(order, last, key) < 0) return;
  const message = "The listing cannot be believed: its keys are not in order.";
  throw new StoreError("listing-broken", "unknown", message);
}

async function* rowsBehind(
  { metadata }: Stores,
  from: StoredFileCursor | null,
  until: string | null,
): AsyncGenerator<readonly StoredFile[]> {
  let after = from;
  for (;;) {
    const page = await metadata.listStoredFiles({
      limit: LIMITS.auditPageRows,
      ...(after === null ? {} : { after }),
      ...(until === null ? {} : { until }),
    });
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = { key: last.key, fileUid: last.fileUid };
  }
}
