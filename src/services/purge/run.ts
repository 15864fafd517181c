import type { Deletion, Surface } from "../../core/model.ts";
import type { Log } from "../../ports/log.ts";
import type { RemovalEntry } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import type { ProjectRef } from "./survey.ts";

/** Where a sweep writes down what it removes, before it does (R5). */
export interface RemovalRecord {
  page(surface: Surface, entries: readonly RemovalEntry[]): Promise<void>;
  /** Takes an entry back where nothing was lost. */
  retract(keyHash: Uint8Array): Promise<void>;
  /** What the store said is gone: progress, not evidence. */
  progress(surface: Surface, gone: number): Promise<void>;
}

/** One worker's work on one deletion. */
export interface PurgeRun {
  readonly context: Context;
  readonly deletion: Deletion;
  readonly project: ProjectRef;
  readonly token: number;
  readonly salt: Uint8Array;
  readonly record: RemovalRecord;
  readonly log: Log;
  /** Aborts when the claim is lost or the process stops. */
  readonly signal: AbortSignal;
}

/** The removal log of the deletion itself, which its receipt counts from. */
export function removalLog({ metadata }: Context, id: string, token: number): RemovalRecord {
  return {
    page: (surface, entries) => metadata.recordPage(id, token, surface, entries),
    retract: (keyHash) => metadata.retractEntry(id, token, keyHash),
    progress: (surface, gone) => metadata.recordProgress(id, token, surface, gone),
  };
}
