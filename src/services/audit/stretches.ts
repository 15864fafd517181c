import type { AuditPosition as Position, AuditRange, KeyOrder } from "../../core/audit.ts";
import { compareUtf8 } from "../../core/encoding.ts";
import { isInternalKey } from "../../core/keys.ts";
import { LIMITS } from "../../core/limits.ts";
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
  const objects = objectsBehind(stores, from.objectKey, until, signal);
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

async function* objectsBehind(
  stores: Stores,
  after: string | null,
  until: string | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ObjectEntry[]> {
  for await (const entries of objectPages(stores, "", signal, after ?? undefined)) {
    const own = entries.filter(({ key }) => !isInternalKey(key));
    const within = until === null ? own : own.filter(({ key }) => compareUtf8(key, until) <= 0);
    yield within;
    if (within.length < own.length) return;
  }
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
