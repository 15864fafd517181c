import { isHeld } from "../../src/adapters/memory/metadata/files.ts";
import { isLive, type Tx } from "../../src/adapters/memory/metadata/state.ts";
import { isTerminal } from "../../src/core/deletion.ts";
import { LIMITS } from "../../src/core/limits.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Context } from "../../src/services/context.ts";
import type { Process } from "./process.ts";

/** A scan that would find nothing is put off by this at most, whatever the rows say. */
const IDLE_MAX_MS = 60_000;
const WRITING_MS = 28_000;

/**
 * The clock of a scan loop that sleeps on while the rows say that there is nothing to be found: most of
 * a schedule's virtual time is such idleness, and each look at it would cost a dozen events.
 */
export function idleClock(process: Process, view: () => Tx): Clock {
  return {
    now: () => process.clock.now(),
    sleep: async (durationMs, signal) => {
      await process.clock.sleep(durationMs, signal);
      for (;;) {
        if (signal?.aborted) return;
        const waitMs = dueInMs(view());
        if (waitMs <= 0) return;
        await process.clock.sleep(Math.min(Math.max(waitMs, durationMs), IDLE_MAX_MS), signal);
      }
    },
  };
}

/** The clock of the loop that cancels writes: it sleeps on while nothing is written. */
export function writingClock(process: Process, { inFlight }: Pick<Context, "inFlight">): Clock {
  return {
    now: () => process.clock.now(),
    sleep: async (durationMs, signal) => {
      for (;;) {
        await process.clock.sleep(durationMs + WRITING_MS, signal);
        if (signal?.aborted || inFlight.projects().length > 0) return;
      }
    },
  };
}

/** How long until a scan finds something, if nothing changes; 0 when it would now. */
export function dueInMs(tx: Tx): number {
  const { rows, now } = tx;
  let at = Number.POSITIVE_INFINITY;
  const due = (instant: number): void => {
    at = Math.min(at, instant);
  };
  for (const row of rows.deletions.values()) {
    if (row.settling.dueAt !== null) due(Math.max(row.settling.dueAt, row.leaseUntil));
    if (isTerminal(row.state)) continue;
    const hasHold = rows.projects.get(row.projectUid)?.hold !== null;
    if (row.state === "trashed" && hasHold) continue;
    const grace = row.state === "trashed" ? row.purgeAfter : 0;
    due(Math.max(row.leaseUntil, row.blocked?.nextRetryAt ?? 0, grace));
  }
  for (const row of rows.removals.values()) {
    if (!isHeld(row) && isLive(tx, row.removal.projectUid)) due(row.dueAt);
  }
  for (const { run, leaseUntil } of rows.runs.values()) {
    if (run.completedAt === null) due(leaseUntil);
  }
  for (const { upload, changedAt } of rows.uploads.values()) {
    const isKept = upload.state === "open" || upload.state === "committed";
    if (isKept) due(upload.expiresAt);
    else if (isLive(tx, upload.projectUid)) due(changedAt + LIMITS.uploadStaleMs);
  }
  for (const { copied } of rows.receipts.values()) if (!copied) due(0);
  for (const { copied } of rows.amendments.values()) if (!copied) due(0);
  for (const { state, hold, expiresAt } of rows.projects.values()) {
    if (state === "active" && hold === null && expiresAt !== null) due(expiresAt);
  }
  return at - now;
}
