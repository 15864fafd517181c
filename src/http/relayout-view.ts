import type { Instant } from "../core/model.ts";
import type { RelayoutStand } from "../services/relayout/relayouts.ts";
import { secondsOf, stateOf, timesOf } from "./run-view.ts";
import type { RelayoutJson } from "./schema/relayout.ts";

/** @param now by the database's clock, for one that has not ended */
export function relayoutView({ relayout, held }: RelayoutStand, now: Instant): RelayoutJson {
  const { id, request } = relayout;
  const { counts, isListed, failure } = relayout.progress;
  return {
    id,
    action: request.action,
    of: request.of,
    state: stateOf(relayout),
    dryRun: request.dryRun,
    projects: [...request.projects],
    ...timesOf(relayout),
    complete: isListed,
    ...counts,
    held,
    failure,
    seconds: secondsOf(relayout, now),
  };
}
