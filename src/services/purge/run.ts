import type { Deletion } from "../../core/model.ts";
import type { Log } from "../../ports/log.ts";
import type { Context } from "../context.ts";
import type { ProjectRef } from "./survey.ts";

/** One worker's work on one deletion. */
export interface PurgeRun {
  readonly context: Context;
  readonly deletion: Deletion;
  readonly project: ProjectRef;
  readonly token: number;
  readonly salt: Uint8Array;
  readonly log: Log;
  /** Aborts when the claim is lost or the process stops. */
  readonly signal: AbortSignal;
}
