import type { Instant, Residue, SurfaceCounts } from "../../core/model.ts";
import type { Log } from "../../ports/log.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { Signer } from "../../ports/signer.ts";
import type { GroundOptions } from "./ground.ts";
import type { KeyOutcome, Stage } from "./run-log.ts";

/** What an application gives to have its projects' objects deleted. */
export interface DeletionEngineOptions extends GroundOptions {
  readonly store: ObjectStore;
  /**
   * The keys that the application's own tables name of a project, in any order. It is called anew for
   * every plan and deletion, and once more in each before the verification. What it throws ends the call.
   */
  readonly trackedKeys: (projectId: string) => AsyncIterable<string> | Iterable<string>;
  /** Signs the receipts; without one there are none. */
  readonly signer?: Pick<Signer, "sign">;
  /**
   * Called after every surface was listed empty, and never before: the place to delete the rows and to
   * keep the receipt. It may be called again for the same project, as `delete` may.
   */
  readonly onVerified?: (deletion: EngineDeletion) => Promise<void> | void;
  /** Where events go; nowhere by default. */
  readonly log?: Log;
}

/** How far a deletion has come. */
export interface EngineProgress {
  readonly id: string;
  readonly projectId: string;
  readonly stage: Stage;
  /** Objects, versions and uploads that were listed so far. */
  readonly found: number;
  /** How many of them the store called gone: progress, not evidence (R5). */
  readonly gone: number;
}

/** Limits of one call. */
export interface EngineCall {
  /** Ends the call with the signal's reason; what was removed by then stays removed. */
  readonly signal?: AbortSignal;
}

/** What one deletion is bounded by, and who is told how far it has come. */
export interface EngineDeleteCall extends EngineCall {
  /** Refuses, before anything is removed, where the store holds more objects than this. */
  readonly maxObjects?: number;
  /** What it throws ends the call. */
  readonly onProgress?: (progress: EngineProgress) => void;
}

/** How the deletion of one project ended. */
export interface EngineDeletion {
  /** Begins with `DELETE-`; the field `deletion` of every line in the log. */
  readonly id: string;
  readonly projectId: string;
  /** `completed`: every surface was listed empty. `blocked`: the residue says what remains. */
  readonly state: "completed" | "blocked";
  readonly requestedAt: Instant;
  /** When the last listing ended; null unless completed. */
  readonly verifiedAt: Instant | null;
  readonly surfaces: readonly SurfaceCounts[];
  readonly residue: readonly Residue[];
  /** A compact JWS; null without a signer, and unless completed. */
  readonly receipt: string | null;
  /** With it the receipt can be held against names (docs/receipts.md). Keep it, or let it go. */
  readonly salt: Uint8Array;
  /** Of each object, version, upload and tracked key, made anew with each call. */
  outcomes(): Iterable<KeyOutcome>;
}
