import type { SqlEye } from "./eyes.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { pause } from "./strike.ts";

interface Standing {
  readonly id: string;
  readonly token: number;
  readonly state: string;
}

const CLAIMED = "deletion claimed";
/** How the log of a process says that a deletion is not its own any more. */
const ENDS = [
  "receipt issued",
  "deletion blocked",
  "deletion interrupted",
  "deletion stopped by an error",
  "claim lost",
  "purge may not begin",
];

/** The database's time, as expunge's rows have it. */
const NOW = "(extract(epoch from clock_timestamp()) * 1000)";
const DUE = `(state in ('deleting', 'verifying') or (state = 'trashed' and purge_after <= ${NOW}))`;

/** Deletions that a process works on by its own log, with the time of its claim. */
export function claimsIn(output: string): ReadonlyMap<string, number> {
  const claims = new Map<string, number>();
  for (const line of output.split("\n")) {
    const [, id] = /"msg":"\[(DELETE-[^\]]+)\]/.exec(line) ?? [];
    if (id === undefined) continue;
    const [, time = ""] = /"time":"([^"]+)"/.exec(line) ?? [];
    if (line.includes(CLAIMED)) claims.set(id, Date.parse(time));
    else if (ENDS.some((end) => line.includes(end))) claims.delete(id);
  }
  return claims;
}

export interface Watched {
  readonly struckAt: number;
  /** What the other process has logged so far. */
  readonly outputOfOther: () => string;
  /** When the last fault before a time was done. */
  readonly lastFaultBefore: (at: number) => number;
}

/** How long deletions stayed without a worker, the longest of them in milliseconds; 0 for none. */
export interface Takeover {
  /** Of those that were taken over before there was another fault. */
  readonly slowestMs: number;
  /** Of all, from their own fault. */
  readonly throughFaultsMs: number;
  /** Of all, from the last fault before they were taken over: what the promise bounds. */
  readonly sinceLastFaultMs: number;
  /** None is still waiting. */
  readonly isDone: boolean;
}

export const NO_TAKEOVER: Takeover = {
  slowestMs: 0,
  throughFaultsMs: 0,
  sinceLastFaultMs: 0,
  isDone: true,
};

/** The longest of both, each by itself. */
export function slower(one: Takeover, other: Takeover): Takeover {
  return {
    slowestMs: Math.max(one.slowestMs, other.slowestMs),
    throughFaultsMs: Math.max(one.throughFaultsMs, other.throughFaultsMs),
    sinceLastFaultMs: Math.max(one.sinceLastFaultMs, other.sinceLastFaultMs),
    isDone: one.isDone && other.isDone,
  };
}

/**
 * Measures how long deletions stay without a worker: those that were due when a process was struck, and
 * that the other one had not claimed, until their next claim.
 */
export async function measureTakeover(sql: SqlEye, watched: Watched): Promise<Takeover> {
  const { struckAt, outputOfOther } = watched;
  const due = await sql.query<Standing>(
    `select id, token, state from expunge.deletions where ${DUE}`,
  );
  const waiting = new Map(due.map((one) => [one.id, one.token] as const));
  let found = NO_TAKEOVER;
  const taken = (id: string, at: number): void => {
    waiting.delete(id);
    found = slower(found, takenAt(watched, at));
  };
  for (;;) {
    // The log of a claim may come a moment after the row that shows it.
    const claims = claimsIn(outputOfOther());
    for (const id of waiting.keys()) {
      const at = claims.get(id);
      if (at !== undefined) taken(id, at);
    }
    if (waiting.size === 0) return found;
    if (Date.now() - struckAt > CRASH_LIMITS.endMs) {
      return { ...slower(found, takenAt(watched, Date.now())), isDone: false };
    }
    await pause(CRASH_LIMITS.pollMs);
    const now = await sql.query<Standing>(
      "select id, token, state from expunge.deletions where id = any($1)",
      [[...waiting.keys()]],
    );
    for (const { id, token, state } of now) {
      if (token > (waiting.get(id) ?? 0) || state === "completed") taken(id, Date.now());
    }
  }
}

function takenAt({ struckAt, lastFaultBefore }: Watched, at: number): Takeover {
  const throughFaultsMs = Math.max(at - struckAt, 0);
  const last = Math.max(struckAt, lastFaultBefore(at));
  return {
    slowestMs: last > struckAt ? 0 : throughFaultsMs,
    throughFaultsMs,
    sinceLastFaultMs: Math.max(at - last, 0),
    isDone: true,
  };
}

/** What of these projects has not come to its end yet, in words; empty when all has. */
export async function unfinished(sql: SqlEye, uids: readonly string[]): Promise<readonly string[]> {
  const { longGraceMs } = CRASH_LIMITS;
  const rows = await sql.query<{ what: string }>(
    `select 'deletion ' || id || ' of ' || project_id || ' is ' || state
        || coalesce(', blocked by ' || blocked_code, '') as what
      from expunge.deletions where project_uid = any($1) and (state in ('deleting', 'verifying')
        or (state = 'trashed' and purge_after < ${NOW} + ${longGraceMs / 2}))
    union all select 'removal of ' || key from expunge.removals where project_uid = any($1)
    union all select 'copy of receipt ' || sequence from expunge.receipts
      where project_uid = any($1) and not copied`,
    [uids],
  );
  return rows.map(({ what }) => what);
}
