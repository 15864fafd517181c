import { createHash } from "node:crypto";
import type { Caller } from "../core/caller.ts";
import { isTerminal } from "../core/deletion.ts";
import { LIMITS } from "../core/limits.ts";
import type { Deletion } from "../core/model.ts";
import type { RouteDeps } from "./deps.ts";
import { deletionView } from "./views.ts";

export type DeletionEventName = "progress" | "state" | "completed" | "blocked";

/**
 * Names a state of affairs: the same facts have the same id in every process, so a caller that comes
 * back with `Last-Event-ID` is told only what it does not know.
 */
export function eventId(deletion: Deletion): string {
  const { state, blocked, purgeAfter, attempts, surfaces, residueTotal } = deletion;
  const facts = JSON.stringify([state, blocked, purgeAfter, attempts, surfaces, residueTotal]);
  return createHash("sha256").update(facts).digest("base64url").slice(0, 22);
}

/**
 * The deletion as server-sent events: how it stands now, unless the caller knows, then every change
 * that is seen, until it has ended. Each event carries the whole deletion.
 */
export async function* deletionEvents(
  deps: RouteDeps,
  caller: Caller,
  first: Deletion,
  lastEventId: string | undefined,
  stop: AbortSignal,
): AsyncGenerator<string> {
  const { services, clock } = deps;
  let latest = first;
  let told: { readonly deletion: Deletion | null; readonly id: string | undefined } = {
    deletion: null,
    id: lastEventId,
  };
  let silentSince = clock.now();
  while (!stop.aborted) {
    const id = eventId(latest);
    if (id !== told.id) {
      const data = JSON.stringify(await deletionView(services, caller, latest));
      yield `event: ${eventName(told.deletion, latest)}\nid: ${id}\ndata: ${data}\n\n`;
      silentSince = clock.now();
    } else if (clock.now() - silentSince >= LIMITS.eventKeepAliveMs) {
      yield ": still here\n\n";
      silentSince = clock.now();
    }
    told = { deletion: latest, id };
    if (isTerminal(latest.state)) return;
    // `wait` ends early when the deletion does, and at once when it is blocked already.
    if (latest.blocked) await clock.sleep(LIMITS.eventPollMs, stop);
    else await services.deletions.wait(latest, LIMITS.eventPollMs, stop);
    latest = await services.deletions.get(caller, latest.id);
  }
}

function eventName(before: Deletion | null, now: Deletion): DeletionEventName {
  if (now.state === "completed") return "completed";
  if (now.blocked && JSON.stringify(now.blocked) !== JSON.stringify(before?.blocked)) {
    return "blocked";
  }
  const sameState = before?.state === now.state && !before.blocked === !now.blocked;
  return sameState ? "progress" : "state";
}
