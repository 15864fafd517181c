import type { Instant } from "../core/model.ts";
import { timestamp } from "../core/receipt.ts";
import type { RelayoutStand } from "../services/relayout/relayouts.ts";
import type { RelayoutJson } from "./schema/relayout.ts";

/** @param now by the database's clock, for one that has not ended */
export function relayoutView({ relayout, held }: RelayoutStand, now: Instant): RelayoutJson {
  const { id, request, requestedAt, requestedBy, completedAt } = relayout;
  const { counts, isListed, failure } = relayout.progress;
  return {
    id,
    action: request.action,
    of: request.of,
    state: completedAt === null ? "running" : "completed",
    dryRun: request.dryRun,
    projects: [...request.projects],
    requestedAt: timestamp(requestedAt),
    requestedBy,
    completedAt: completedAt === null ? null : timestamp(completedAt),
    complete: isListed,
    ...counts,
    held,
    failure,
    seconds: ((completedAt ?? now) - requestedAt) / 1000,
  };
}
