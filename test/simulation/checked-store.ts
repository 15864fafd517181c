import { isLive } from "../../src/adapters/memory/metadata/state.ts";
import type { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { parseCanonicalKey } from "../../src/core/keys.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { type Ground, uidOfKey } from "./model.ts";

/** Every version and marker of a key, each as a text that begins with the key. */
function versionsOf(store: MemoryObjectStore, key: string): readonly string[] {
  const units: string[] = [];
  for (const [, version] of store.view().versionsBelow(key)) {
    if (version.key !== key) break;
    units.push(`${key}\0${version.versionId}\0${version.isDeleteMarker}`);
  }
  return units;
}

function keyOf(unit: string): string {
  return unit.slice(0, unit.indexOf("\0"));
}

/**
 * The store with a checker at every effect, however late it lands:
 * - I1: nothing comes into being for a project that has a receipt
 * - I4: nothing is removed that a live project's rows name, and a deletion removes of its project alone
 * - I6: a deletion removes and aborts nothing before its grace is over and its purge has begun
 * @param by the deletion on whose behalf the calls are made, null for all that is none's
 */
export function checkedStore(ground: Ground, by: string | null): ObjectStore {
  const store = ground.objects;
  const removals = new RemovalChecks(ground, by);
  const made = async <T>(key: string, what: string, work: Promise<T>): Promise<T> => {
    const done = await work;
    const uid = uidOfKey(ground, key);
    if (uid !== null && ground.metadata.view().rows.receipts.has(uid)) {
      ground.violations.add("I1", `${what} of ${key} after the receipt`);
    }
    return done;
  };
  return {
    identity: store.identity,
    capabilities: () => store.capabilities(),
    list: (prefix, options) => store.list(prefix, options),
    put: (key, bytes) => made(key, "a put", store.put(key, bytes)),
    get: (key, range) => store.get(key, range),
    head: (key) => store.head(key),
    remove: async (keys) => {
      const before = new Set(keys.flatMap((key) => versionsOf(store, key)));
      const results = await store.remove(keys);
      // Where versions are kept it may only hide: what is gone is what no version shows any more.
      for (const key of keys) for (const unit of versionsOf(store, key)) before.delete(unit);
      for (const unit of before) removals.note(keyOf(unit), unit);
      return results;
    },
    listVersions: (prefix, options) => store.listVersions(prefix, options),
    removeVersions: async (versions) => {
      const there = new Set(versions.flatMap(({ key }) => versionsOf(store, key)));
      const results = await store.removeVersions(versions);
      for (const { key } of versions) {
        for (const unit of versionsOf(store, key)) there.delete(unit);
      }
      for (const unit of there) removals.note(keyOf(unit), unit);
      return results;
    },
    createUpload: (key, type) => store.createUpload(key, type),
    uploadPart: (key, id, number, part) =>
      made(key, "a part", store.uploadPart(key, id, number, part)),
    copyPart: (key, id, number, source) =>
      made(key, "a copied part", store.copyPart(key, id, number, source)),
    presignPart: () => Promise.resolve(null),
    presignGet: () => Promise.resolve(null),
    listParts: (key, uploadId) => store.listParts(key, uploadId),
    completeUpload: (key, id, parts) =>
      made(key, "an object", store.completeUpload(key, id, parts)),
    abortUpload: async (key, uploadId) => {
      const parts = store.view().uploads.get(uploadId)?.parts.size ?? 0;
      await store.abortUpload(key, uploadId);
      removals.noteAbort(key, uploadId, parts > 0);
    },
    listUploads: (prefix, options) => store.listUploads(prefix, options),
  };
}

class RemovalChecks {
  readonly #ground: Ground;
  readonly #by: string | null;

  constructor(ground: Ground, by: string | null) {
    this.#ground = ground;
    this.#by = by;
  }

  /** Something that was there is gone by this call. @param unit what counts in a receipt */
  note(key: string, unit: string): void {
    const { metadata, violations, losses } = this.#ground;
    const uid = uidOfKey(this.#ground, key);
    if (uid === null) {
      if (this.#by !== null) violations.add("I4", `${key} is no project's, and was removed`);
      return;
    }
    this.#checkDeletion(uid, `the removal of ${key}`);
    const tx = metadata.view();
    if (!isLive(tx, uid)) {
      this.#ground.cdn?.lost(uid, key);
      if (this.#by === null) this.#ground.lostBeside.add(uid, unit);
      return losses.add(uid, unit);
    }
    // What was sent before the database was restored may land after it, on older rows.
    if (this.#ground.restored !== null) return;
    for (const file of tx.rows.files.get(uid)?.values() ?? []) {
      if (file.key === key) violations.add("I4", `${key} removed while its file is live`);
    }
    const isAdopted = this.#ground.projects.some(({ adopted }) => adopted.has(key));
    if (!parseCanonicalKey(key) && !isAdopted) {
      violations.add("I4", `${key} removed in a live project`);
    }
  }

  noteAbort(key: string, uploadId: string, hadParts: boolean): void {
    const { metadata, uploadsLost, partsLost } = this.#ground;
    const uid = uidOfKey(this.#ground, key);
    if (uid === null) return;
    this.#checkDeletion(uid, `the abort of an upload of ${key}`);
    if (isLive(metadata.view(), uid)) return;
    uploadsLost.add(uid, uploadId);
    if (hadParts && this.#by !== null) partsLost.add(uid, uploadId);
  }

  #checkDeletion(uid: string, what: string): void {
    if (this.#by === null) return;
    const { metadata, violations, world } = this.#ground;
    const row = metadata.view().rows.deletions.get(this.#by);
    if (this.#ground.restored?.buried.has(uid)) return;
    if (row?.projectUid !== uid) violations.add("I4", `${what}, by ${this.#by} of another project`);
    const begun = row?.purgeStartedAt ?? null;
    if (!row || begun === null || begun < row.purgeAfter || world.nowMs < row.purgeAfter) {
      violations.add("I6", `${what} by ${this.#by}, within its grace`);
    }
  }
}
