import { formatDuration } from "../core/duration.ts";
import type { Instant } from "../core/model.ts";
import type { Adoption } from "../ports/metadata/index.ts";
import { secondsOf, stateOf, timesOf } from "./run-view.ts";
import type { AdoptionJson } from "./schema/adoption.ts";

/** @param now by the database's clock, for one that has not ended */
export function adoptionView(adoption: Adoption, now: Instant): AdoptionJson {
  const { id, request } = adoption;
  const { counts, isListed, failure } = adoption.progress;
  const { lists: list, looks: head, ...seen } = counts;
  return {
    id,
    state: stateOf(adoption),
    dryRun: request.dryRun,
    owner: request.owner,
    minAge: formatDuration(request.minAgeMs),
    prefix: request.prefix,
    ...timesOf(adoption),
    complete: isListed,
    ...seen,
    requests: { list, head },
    failure,
    seconds: secondsOf(adoption, now),
  };
}
