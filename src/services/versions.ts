import type { ObjectStore, VersionEntry } from "../ports/object-store.ts";
import { listKey, versionPages } from "./listing.ts";
import { type Refusal, removeKeys, removeVersions, type StoreContext } from "./removing.ts";

type WithStore = { readonly store: ObjectStore };

/**
 * Whether versions can lie in the store, where a plain removal only hides an object. Also true where it
 * could not be found out: listing them then says why, and nothing is concluded (I3).
 * @param fresh asks the store and not what it said a while ago
 */
export async function keepsVersions({ store }: WithStore, fresh = false): Promise<boolean> {
  return (await store.capabilities({ fresh })).versioning !== "none";
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

/** Whether the version is what a plain listing shows as the object of its key. */
export function isObject({ isLatest, isDeleteMarker }: VersionEntry): boolean {
  return isLatest && !isDeleteMarker;
}

/**
 * Removes the objects of these keys, and of each every version and marker, where the store keeps any.
 * Answers what was refused; what was not is for a listing to confirm (R5).
 */
export async function removeObjects(
  context: StoreContext,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Refusal[]> {
  if (!(await keepsVersions(context))) return (await removeKeys(context, keys, signal)).refused;
  const refused: Refusal[] = [];
  for (const key of keys) {
    const versions: VersionEntry[] = [];
    for await (const version of versionsOfKey(context, key, signal)) versions.push(version);
    refused.push(...(await removeVersions(context, versions, signal)).refused);
  }
  return refused;
}

/** Whether a listing, of objects or of versions, shows anything of exactly this key. */
export async function isListed(
  context: WithStore,
  key: string,
  signal?: AbortSignal,
): Promise<boolean> {
  if ((await listKey(context, key, signal)) !== null) return true;
  if (!(await keepsVersions(context))) return false;
  for await (const _version of versionsOfKey(context, key, signal)) return true;
  return false;
}

/**
 * The versions with the newest of each key behind its older ones. Who works them off in this order
 * never lets an older version become the newest, as which it would be counted a second time, before
 * it was recorded itself (I7).
 */
export async function* newestLast(
  versions: AsyncIterable<VersionEntry>,
): AsyncGenerator<VersionEntry> {
  let newest: VersionEntry | null = null;
  for await (const version of versions) {
    if (newest !== null && version.key !== newest.key) {
      yield newest;
      newest = null;
    }
    if (version.isLatest) newest = version;
    else yield version;
  }
  if (newest !== null) yield newest;
}
