import { outcomeOf, StoreError } from "../core/store-errors.ts";
import type { Capabilities, ObjectStore, VersionEntry } from "../ports/object-store.ts";
import { listKey, versionPages } from "./listing.ts";
import { type Refusal, removeKeys, removeVersions, type StoreContext } from "./removing.ts";

type WithStore = { readonly store: ObjectStore };

/**
 * Whether versions can lie in the store, where a plain removal only hides an object. Also true where it
 * could not be found out: listing them then says why, and nothing is concluded (I3).
 * @param fresh asks the store and not what it said a while ago
 */
export async function keepsVersions(
  { store }: WithStore,
  fresh = false,
  signal?: AbortSignal,
): Promise<boolean> {
  const options = { fresh, ...(signal ? { signal } : {}) };
  return (await store.capabilities(options)).versioning !== "none";
}

/**
 * Whether uploads are listed, for those that no row names. Not where the store is declared to list none;
 * where it lists none and is not declared so, asking says why, and nothing is concluded (I3).
 */
export async function listsUploads({ store }: WithStore, signal?: AbortSignal): Promise<boolean> {
  return listsUploadsBy(await store.capabilities(signal ? { signal } : {}));
}

/** The same, of what was told already. */
export function listsUploadsBy({ declaredLacking }: Capabilities): boolean {
  return !declaredLacking.includes("multipart-listing");
}

/** All versions and markers of exactly this key, newest first. */
export async function* versionsOfKey(
  context: WithStore,
  key: string,
  signal?: AbortSignal,
): AsyncGenerator<VersionEntry> {
  for await (const entries of versionPages(context, key, signal)) {
    for (const entry of entries) {
      // The key itself comes before all longer keys that start with it.
      if (entry.key !== key) return;
      yield entry;
    }
  }
}

/**
 * Removes the objects of these keys, and of each every version and marker where `versioned`. Answers
 * what was refused; what was not is for a listing to confirm (R5).
 */
export async function removeObjects(
  context: StoreContext,
  keys: readonly string[],
  versioned: boolean,
  signal?: AbortSignal,
): Promise<readonly Refusal[]> {
  if (!versioned) return (await removeKeys(context, keys, signal)).refused;
  const refused: Refusal[] = [];
  for (const key of keys) refused.push(...(await removeAllOf(context, key, signal)));
  return refused;
}

/** Where its versions cannot be listed, that is what is known of this key, and of no other. */
async function removeAllOf(
  context: StoreContext,
  key: string,
  signal: AbortSignal | undefined,
): Promise<readonly Refusal[]> {
  const versions: VersionEntry[] = [];
  try {
    for await (const version of versionsOfKey(context, key, signal)) versions.push(version);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return [
      { key, outcome: outcomeOf(error.errorClass), code: error.code, message: error.message },
    ];
  }
  return (await removeVersions(context, versions, signal)).refused;
}

/** Whether a listing, of objects or where `versioned` of versions, shows anything of this very key. */
export async function isListed(
  context: WithStore,
  key: string,
  versioned: boolean,
  signal?: AbortSignal,
): Promise<boolean> {
  if ((await listKey(context, key, signal)) !== null) return true;
  if (!versioned) return false;
  for await (const _version of versionsOfKey(context, key, signal)) return true;
  return false;
}

/** A version, and whether it stands for the object of its key in the removal log. */
export interface Told {
  readonly version: VersionEntry;
  readonly isRepresentative: boolean;
}

/**
 * Tells of each key which version stands for its object: the oldest that is no marker. All younger
 * ones are handed out before it, so that who records in this order has recorded each of them under
 * its own id before it can ever become the oldest, as which it counts no second time (I7). A plain
 * removal that turned out to hide had recorded that very version too.
 */
export async function* representatives(
  versions: AsyncIterable<VersionEntry>,
): AsyncGenerator<Told> {
  let oldest: VersionEntry | null = null;
  for await (const version of versions) {
    const isNewKey = oldest !== null && version.key !== oldest.key;
    if (oldest !== null && (isNewKey || !version.isDeleteMarker)) {
      yield { version: oldest, isRepresentative: isNewKey };
      oldest = null;
    }
    if (version.isDeleteMarker) yield { version, isRepresentative: false };
    else oldest = version;
  }
  if (oldest !== null) yield { version: oldest, isRepresentative: true };
}
