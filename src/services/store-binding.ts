import { ExpungeError } from "../core/errors.ts";
import { fromUtf8 } from "../core/encoding.ts";
import { isUid, makeUid } from "../core/ids.ts";
import { STORE_MARKER_KEY } from "../core/keys.ts";
import { LIMITS } from "../core/limits.ts";
import { canonicalBytes } from "../core/statement.ts";
import { isStoreError } from "../core/store-errors.ts";
import type { MetadataStore } from "../ports/metadata/index.ts";
import { collect } from "./bytes.ts";
import type { StoreContext } from "./removing.ts";

export interface BindingContext extends StoreContext {
  readonly metadata: MetadataStore;
}

/**
 * Holds the database against the store. On a store that is not its own every object would count as
 * absent: a deletion would be "verified" while all objects lie elsewhere (I1). The id lies in the
 * store, so that a directory may be moved and a bucket be copied as a whole.
 * @param accept binds the database to this store, whatever it was bound to
 * @throws ExpungeError `store-mismatch`
 */
export async function bindStore(context: BindingContext, accept: boolean): Promise<void> {
  const { metadata, clock } = context;
  const bound = await metadata.boundStore();
  if (accept || bound === null) return await bindAnew(context, accept);
  if ((await markerOf(context)) === bound) return;
  await clock.sleep(LIMITS.storeBindingWaitMs);
  const found = await markerOf(context);
  if (found === bound) return;
  const { kind, bucket, prefix } = context.store.identity;
  const name = kind === "s3" ? `s3://${bucket}/${prefix}` : bucket;
  const why = found === null ? "has no mark of it" : "belongs to another database";
  throw new ExpungeError(
    "store-mismatch",
    `The database keeps the rows of another store: ${name} ${why}, and every object would count as absent.`,
  );
}

/** The mark is written before the database remembers it; of two that do so at once, one id remains. */
async function bindAnew(context: BindingContext, replace: boolean): Promise<void> {
  const { metadata, random } = context;
  const found = await markerOf(context);
  const id = found ?? makeUid(await metadata.now(), random.bytes(10));
  if (found === null) await mark(context, id);
  const bound = await metadata.bindStore(id, replace);
  if (bound !== id) await mark(context, bound);
}

async function mark({ store }: BindingContext, id: string): Promise<void> {
  await store.put(STORE_MARKER_KEY, canonicalBytes({ version: 1, store: id }));
}

/** The id that lies in the store; null where there is none, or what is there is no mark. */
async function markerOf({ store }: BindingContext): Promise<string | null> {
  let bytes: Uint8Array;
  try {
    const { body } = await store.get(STORE_MARKER_KEY);
    bytes = await collect(body, LIMITS.storeMarkerBytesMax);
  } catch (error) {
    if (isStoreError(error, "no-such-key") || error instanceof RangeError) return null;
    throw error;
  }
  const id = /"store":"([0-9a-z]+)"/.exec(fromUtf8(bytes))?.[1];
  return id !== undefined && isUid(id) ? id : null;
}
