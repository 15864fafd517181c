import { formatDuration } from "../core/duration.ts";
import type { Instant } from "../core/model.ts";
import { timestamp } from "../core/receipt.ts";
import type { Adoption } from "../ports/metadata/index.ts";
import type { AdoptionJson } from "./schema/adoption.ts";

/** @param now by the database's clock, for one that has not ended */
export function adoptionView(adoption: Adoption, now: Instant): AdoptionJson {
  const { id, request, requestedAt, requestedBy, completedAt } = adoption;
  const { counts, isListed, failure } = adoption.progress;
  const { lists: list, looks: head, ...seen } = counts;
  return {
    id,
    state: completedAt === null ? "running" : "completed",
    dryRun: request.dryRun,
    owner: request.owner,
    minAge: formatDuration(request.minAgeMs),
    prefix: request.prefix,
    requestedAt: timestamp(requestedAt),
    requestedBy,
    completedAt: completedAt === null ? null : timestamp(completedAt),
    complete: isListed,
    ...seen,
    requests: { list, head },
    failure,
    seconds: ((completedAt ?? now) - requestedAt) / 1000,
  };
}
