import type { Random } from "../../ports/clock.ts";
import type { VersionEntry } from "../../ports/object-store.ts";
import type { PageShape } from "../listing-pages.ts";
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
