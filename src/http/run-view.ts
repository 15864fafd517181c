import type { Instant } from "../core/model.ts";
import { timestamp } from "../core/receipt.ts";
import type { StoredNote } from "../ports/metadata/index.ts";
import type { RunNoteJson } from "./schema/common.ts";

/** What every run has: an audit, an adoption, a relayout. */
interface Run {
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly completedAt: Instant | null;
}

export function stateOf({ completedAt }: Run): "running" | "completed" {
  return completedAt === null ? "running" : "completed";
}

export function timesOf({ requestedAt, requestedBy, completedAt }: Run): {
  requestedAt: string;
  requestedBy: string;
  completedAt: string | null;
} {
  return {
    requestedAt: timestamp(requestedAt),
    requestedBy,
    completedAt: completedAt === null ? null : timestamp(completedAt),
  };
}

/** @param now by the database's clock, for one that has not ended */
export function secondsOf({ requestedAt, completedAt }: Run, now: Instant): number {
  return ((completedAt ?? now) - requestedAt) / 1000;
}

/** Notes without the ordinal by which they are paged. */
export async function* noteViews(notes: AsyncIterable<StoredNote>): AsyncGenerator<RunNoteJson> {
  for await (const { key, code, projectId } of notes) yield { key, code, projectId };
}
