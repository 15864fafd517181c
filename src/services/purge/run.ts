import { logEntry } from "../../core/removal-log.ts";
import type { LayoutSet, SurfaceListing } from "../../core/layouts/index.ts";
import type { Deletion, Surface } from "../../core/model.ts";
import type { Cdn } from "../../ports/cdn.ts";
import type { Log } from "../../ports/log.ts";
import type { MetadataStore, RemovalEntry } from "../../ports/metadata/index.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import type { StoreContext } from "../removing.ts";

export interface ProjectRef {
  readonly id: string;
  readonly uid: string;
}

/** What is asked when the surfaces of a project are looked at: where they lie, and which keys are tracked. */
export interface SurveyContext {
  readonly store: ObjectStore;
  readonly layouts: Pick<LayoutSet, "surfacesFor">;
  readonly metadata: Pick<MetadataStore, "trackedKeys" | "whichTracked">;
  /** None where it is absent. */
  readonly cdn?: Pick<Cdn, "address" | "mode"> | null;
  /** Where uploads can lie that no row names; below the surfaces when absent. */
  readonly uploadListings?: () => readonly UploadListing[];
}

/** A prefix to list uploads below, and which of the listed keys to take (I4). */
export type UploadListing = Pick<SurfaceListing, "prefix" | "owns">;

/** What emptying them needs besides. */
export interface SweepContext extends StoreContext, SurveyContext {
  readonly metadata: Pick<MetadataStore, "trackedKeys" | "whichTracked" | "now">;
}

/** Something that is about to be removed: what stands for it in the log, and its bytes. */
export interface LogUnit {
  readonly unit: string;
  readonly sizeBytes: number;
}

/** Where a sweep writes down what it removes, before it does (R5). */
export interface RemovalRecord {
  page(surface: Surface, units: readonly LogUnit[]): Promise<void>;
  /** Takes a unit back where nothing was lost. */
  retract(surface: Surface, unit: string): Promise<void>;
  /** What the store said is gone: progress, not evidence. */
  progress(surface: Surface, gone: number): Promise<void>;
}

/** The surfaces of one project, as they are swept and listed. */
export interface SweepRun {
  readonly context: SweepContext;
  readonly project: ProjectRef;
  readonly record: RemovalRecord;
  readonly log: Log;
  /** Aborts when the work is to stop, or is another one's by now. */
  readonly signal: AbortSignal;
}

/** One worker's work on one deletion. */
export interface PurgeRun extends SweepRun {
  readonly context: Context;
  readonly deletion: Deletion;
  readonly token: number;
  readonly salt: Uint8Array;
}

/** The removal log of the deletion itself, which its receipt counts from. */
export function removalLog(
  { metadata, watch }: Context,
  id: string,
  token: number,
  salt: Uint8Array,
): RemovalRecord {
  return {
    page: (surface, units) =>
      metadata.recordPage(id, token, surface, entriesOf(salt, surface, units)),
    retract: (surface, unit) => metadata.retractEntry(id, token, keyHashOf(salt, surface, unit)),
    progress: async (surface, gone) => {
      await metadata.recordProgress(id, token, surface, gone);
      watch.notify(id);
    },
  };
}

export function entriesOf(
  salt: Uint8Array,
  surface: Surface,
  units: readonly LogUnit[],
): readonly RemovalEntry[] {
  return units.map(({ unit, sizeBytes }) => logEntry(salt, surface, unit, sizeBytes));
}

export function keyHashOf(salt: Uint8Array, surface: Surface, unit: string): Uint8Array {
  return logEntry(salt, surface, unit, 0).keyHash;
}
