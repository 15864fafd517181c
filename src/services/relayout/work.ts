import type { Log } from "../../ports/log.ts";
import type { Relayout } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";

/** What a worker has of a relayout that it claimed. */
export interface RelayoutWork {
  readonly context: Context;
  readonly relayout: Relayout;
  readonly token: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}
