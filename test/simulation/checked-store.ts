import type { MemorySnapshot } from "../../src/adapters/memory/object-store.ts";
import { parseCanonicalKey } from "../../src/core/keys.ts";
import { explainKey, type LayoutSet } from "../../src/core/layouts/index.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { ObjectStore, VersionRef } from "../../src/ports/object-store.ts";
import type { Violations } from "./model.ts";

/** What was lost of one project after its purge began: what its receipt must account for. */
export class Losses {
  readonly #byProject = new Map<string, Set<string>>();

  add(uid: string, key: string): void {
    const keys = this.#byProject.get(uid) ?? new Set();
    this.#byProject.set(uid, keys.add(key));
  }

  of(uid: string): ReadonlySet<string> {
    return this.#byProject.get(uid) ?? new Set();
  }
}

function idOf({ key, versionId }: VersionRef): string {
  return `${key}\0${versionId}`;
}

/**
 * The store with a checker at every effect, however late it lands:
 * - I1: nothing comes into being for a project that has a receipt
 * - I4, I6: nothing is removed or aborted that a live project's rows name
 */
export function checkedStore(
  store: ObjectStore,
  there: () => MemorySnapshot,
  metadata: MetadataStore,
  layouts: LayoutSet,
  violations: Violations,
  losses: Losses,
): ObjectStore {
  const uidOf = async (key: string): Promise<string | null> => {
    const canonical = parseCanonicalKey(key);
    if (canonical) return canonical.projectUid;
    const explained = explainKey(layouts, key);
    if (!explained) return null;
    if ("projectUid" in explained) return explained.projectUid;
    return (await metadata.findProject(explained.projectId))?.uid ?? null;
  };
  const checkCreation = async (key: string, what: string): Promise<void> => {
    const uid = await uidOf(key);
    if (uid !== null && (await metadata.findReceipt(uid))) {
      violations.add("I1", `${what} of ${key} after the receipt`);
    }
  };
  const checkRemoval = async (key: string, unit: string): Promise<void> => {
    const uid = await uidOf(key);
    const project = uid === null ? null : await metadata.findProjectByUid(uid);
    if (!project) return;
    const live = project.state === "active" || project.state === "trashed";
    if (!live) return losses.add(project.uid, unit);
    for (const file of await metadata.listFiles(project.uid, { limit: 1000 })) {
      if (file.key === key) violations.add("I4", `${key} removed while its file is live`);
    }
    if (!parseCanonicalKey(key)) violations.add("I4", `${key} removed in a live project`);
  };
  return {
    identity: store.identity,
    capabilities: () => store.capabilities(),
    list: (prefix, options) => store.list(prefix, options),
    put: async (key, bytes) => {
      await store.put(key, bytes);
      await checkCreation(key, "a put");
    },
    get: (key, range) => store.get(key, range),
    head: (key) => store.head(key),
    remove: async (keys) => {
      const { objects } = there();
      for (const key of keys) if (objects.has(key)) await checkRemoval(key, key);
      return await store.remove(keys);
    },
    listVersions: (prefix, options) => store.listVersions(prefix, options),
    removeVersions: async (versions) => {
      const asked = new Set(versions.map((version) => idOf(version)));
      for (const version of there().versions) {
        if (asked.has(idOf(version))) await checkRemoval(version.key, idOf(version));
      }
      return await store.removeVersions(versions);
    },
    createUpload: (key, type) => store.createUpload(key, type),
    uploadPart: async (key, uploadId, number, part) => {
      const done = await store.uploadPart(key, uploadId, number, part);
      await checkCreation(key, "a part");
      return done;
    },
    copyPart: async (key, uploadId, number, source) => {
      const done = await store.copyPart(key, uploadId, number, source);
      await checkCreation(key, "a copied part");
      return done;
    },
    presignPart: () => Promise.resolve(null),
    presignGet: () => Promise.resolve(null),
    listParts: (key, uploadId) => store.listParts(key, uploadId),
    completeUpload: async (key, uploadId, parts) => {
      const done = await store.completeUpload(key, uploadId, parts);
      await checkCreation(key, "an object");
      return done;
    },
    abortUpload: (key, uploadId) => store.abortUpload(key, uploadId),
    listUploads: (prefix, options) => store.listUploads(prefix, options),
  };
}
