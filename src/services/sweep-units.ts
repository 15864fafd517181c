import { LIMITS } from "../core/limits.ts";
import { uploadUnit, versionUnit } from "../core/removal-log.ts";
import { outcomeOf, StoreError } from "../core/store-errors.ts";
import type { Instant } from "../core/model.ts";
import type { ObjectEntry, UploadEntry, VersionEntry } from "../ports/object-store.ts";
import { objectPages, uploadPages, versionPages } from "./listing.ts";
import { inPool } from "./pool.ts";
import { type Refusal, removeKeys, removeVersions, type StoreContext } from "./removing.ts";

/** An object, a version of one, or an incomplete upload, as one thing to remove. */
export interface Unit {
  readonly id: string;
  readonly key: string;
  readonly sizeBytes: number;
  /** When it was written, or the upload begun, as the store says. */
  readonly at: Instant;
  readonly uploadId?: string;
  readonly versionId?: string;
  /** Of a version. */
  readonly isLatest?: boolean;
}

export interface UnitListing {
  readonly prefix: string;
  readonly what: "objects" | "versions" | "nothing";
  readonly uploads: boolean;
  /** Where objects begin; versions and uploads are listed from the start. */
  readonly startAfter: string | null;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What lies below a prefix, page by page: versions where the store keeps any (an object is its newest
 * one), else objects; then incomplete uploads.
 */
export async function* unitPages(
  context: StoreContext,
  { prefix, what, uploads, startAfter, signal }: UnitListing,
): AsyncGenerator<readonly Unit[]> {
  if (what === "versions") {
    const shown: Shown = { key: null, ids: new Set() };
    for await (const entries of versionPages(context, prefix, signal)) {
      yield unseen(entries, shown).map((entry) => versionUnitOf(entry));
    }
  } else if (what === "objects") {
    for await (const entries of objectPages(context, prefix, signal, startAfter ?? undefined)) {
      yield entries.map((entry) => objectUnit(entry));
    }
  }
  if (!uploads) return;
  for await (const entries of uploadPages(context, prefix, signal)) {
    yield entries.map((entry) => uploadUnitOf(entry));
  }
}

/** The versions of the last key that were shown. */
interface Shown {
  key: string | null;
  readonly ids: Set<string>;
}

/** A key whose versions go over a page may be listed anew, where the version at its end is gone. */
function unseen(entries: readonly VersionEntry[], shown: Shown): readonly VersionEntry[] {
  return entries.filter(({ key, versionId }) => {
    if (key !== shown.key) {
      shown.key = key;
      shown.ids.clear();
    }
    if (shown.ids.has(versionId)) return false;
    shown.ids.add(versionId);
    return true;
  });
}

/** Removes a page of units; answers what was refused, by the units' ids. */
export async function removeUnits(
  context: StoreContext,
  units: readonly Unit[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Refusal>> {
  const left = new Map<string, Refusal>();
  const keys = units.filter(({ uploadId, versionId }) => (uploadId ?? versionId) === undefined);
  const removed = await removeKeys(
    context,
    keys.map(({ key }) => key),
    signal,
  );
  for (const refusal of removed.refused) left.set(refusal.key, refusal);
  const versions = units.flatMap(({ key, versionId }) =>
    versionId === undefined ? [] : [{ key, versionId }],
  );
  const { refused } = await removeVersions(context, versions, signal);
  for (const refusal of refused) {
    left.set(versionUnit(refusal.key, refusal.versionId ?? ""), refusal);
  }
  await inPool(LIMITS.abortsInFlight, async (add) => {
    for (const { id, key, uploadId } of units) {
      if (uploadId === undefined) continue;
      await add(async () => {
        const refusal = await abort(context, key, uploadId, signal);
        if (refusal) left.set(id, refusal);
      });
    }
  });
  return left;
}

async function abort(
  { store }: StoreContext,
  key: string,
  uploadId: string,
  signal: AbortSignal | undefined,
): Promise<Refusal | null> {
  try {
    await store.abortUpload(key, uploadId, signal);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.code === "no-such-upload") return null;
    return { key, outcome: outcomeOf(error.errorClass), code: error.code, message: error.message };
  }
  return null;
}

function objectUnit({ key, sizeBytes, modifiedAt }: ObjectEntry): Unit {
  return { id: key, key, sizeBytes, at: modifiedAt };
}

function versionUnitOf(entry: VersionEntry): Unit {
  const { key, versionId, sizeBytes, modifiedAt, isLatest } = entry;
  return { id: versionUnit(key, versionId), key, versionId, sizeBytes, at: modifiedAt, isLatest };
}

function uploadUnitOf({ key, uploadId, initiatedAt }: UploadEntry): Unit {
  return { id: uploadUnit(key, uploadId), key, uploadId, sizeBytes: 0, at: initiatedAt };
}
