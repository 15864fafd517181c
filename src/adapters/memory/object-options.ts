import type { Random } from "../../ports/clock.ts";
import type { VersionEntry } from "../../ports/object-store.ts";
import type { PageShape } from "../listing-pages.ts";
import type { OpenUpload } from "./object-uploads.ts";
import type { Versioning } from "./object-versions.ts";

export interface MemoryObjectStoreOptions extends PageShape {
  /** The only source of upload ids: equal bytes give equal ids. */
  readonly random: Random;
  /** The least size of every part but the last. */
  readonly partBytesMin?: number;
  /** Whether it pretends to sign URLs; nothing answers them. */
  readonly presign?: boolean;
  /** What it begins with; `setVersioning` changes it. */
  readonly versioning?: Versioning;
}

export interface MemorySnapshot {
  /** In the order of keys. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** Every version and marker; on a store that keeps none, each object as the version `null`. */
  readonly versions: readonly VersionEntry[];
  readonly uploads: ReadonlyMap<
    string,
    { readonly key: string; readonly parts: ReadonlyMap<number, Uint8Array> }
  >;
}

/** What is there, as it is: nothing of it is a copy. */
export interface MemoryView {
  /** Keys that show an object, in order. */
  keysBelow(prefix: string): Iterable<string>;
  /** Null where no object shows. */
  bytesOf(key: string): Uint8Array | null;
  /** Every version and marker, each after its position. */
  versionsBelow(prefix: string): Iterable<readonly [string, VersionEntry]>;
  readonly uploads: ReadonlyMap<string, OpenUpload>;
}

export function snapshotOf(view: MemoryView): MemorySnapshot {
  const objects = new Map<string, Uint8Array>();
  for (const key of view.keysBelow("")) {
    const bytes = view.bytesOf(key);
    if (bytes) objects.set(key, bytes);
  }
  const uploads = new Map(
    [...view.uploads].map(([uploadId, { key, parts }]) => {
      const bytes = [...parts].map(([number, part]) => [number, part.bytes] as const);
      return [uploadId, { key, parts: new Map(bytes) }];
    }),
  );
  const versions = [...view.versionsBelow("")].map(([, version]) => version);
  return { objects, versions, uploads };
}
