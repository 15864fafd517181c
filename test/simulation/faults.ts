import type { Rng } from "./random.ts";

/**
 * What can happen to one call:
 * - `refused`: no effect, and no answer in time
 * - `lost`: the effect, and its reply lost
 * - `late`: no answer in time, and the effect seconds to hours later
 * - `twice`: the effect a second time, at once or later
 * - `throttled`, `denied`: the whole request refused, for a while or until somebody changes something
 * - `partial`: single keys of a removal refused; `missing`: the reply does not mention some of them
 * - `broken`: a listing that an adapter cannot believe, as one that is truncated and has no cursor
 * - `circle`: a page that names the cursor again that was asked for
 * - `busy`, `contended`: the database refuses the call before any effect
 * - `cut`: the connection is lost before the commit; `lost` is the same after it
 */
export const STORE_FAULTS = [
  "refused",
  "lost",
  "late",
  "twice",
  "throttled",
  "denied",
  "partial",
  "missing",
  "broken",
  "circle",
] as const;
export const DATABASE_FAULTS = ["busy", "contended", "cut", "lost"] as const;
/** Of a purge: one that lands late, or twice, harms nothing. */
export const CDN_FAULTS = ["refused", "lost", "late", "twice", "throttled", "denied"] as const;
export type StoreFault = (typeof STORE_FAULTS)[number];
export type DatabaseFault = (typeof DATABASE_FAULTS)[number];
export type Fault = StoreFault | DatabaseFault;

/** How often each fault happens to a call; drawn anew for every seed ("swarm"). */
export type FaultRates = Readonly<Partial<Record<Fault, number>>>;

export const NO_FAULTS: FaultRates = {};

const REMOVALS: ReadonlySet<string> = new Set(["remove", "removeVersions"]);
const LISTINGS: ReadonlySet<string> = new Set(["list", "listVersions", "listUploads"]);

const known = new Map<string, readonly Fault[]>();

/** The faults that can happen to a call: `store.list`, `db.advance`. */
export function faultsOf(call: string): readonly Fault[] {
  const before = known.get(call);
  if (before) return before;
  const faults = call.startsWith("db.")
    ? DATABASE_FAULTS
    : call.startsWith("cdn.")
      ? CDN_FAULTS
      : storeFaultsOf(call.slice("store.".length));
  known.set(call, faults);
  return faults;
}

function storeFaultsOf(call: string): readonly StoreFault[] {
  return STORE_FAULTS.filter((fault) => {
    if (fault === "partial" || fault === "missing") return REMOVALS.has(call);
    if (fault === "broken" || fault === "circle") return LISTINGS.has(call);
    return true;
  });
}

/** Most faults are absent from most seeds: what hides behind a frequent one shows in others. */
export function drawRates(rng: Rng): FaultRates {
  if (rng.chance(0.05)) return NO_FAULTS;
  return {
    refused: rng.pick([0, 0.02, 0.1]),
    lost: rng.pick([0, 0.02, 0.08]),
    late: rng.pick([0, 0.01, 0.05]),
    twice: rng.pick([0, 0.02, 0.1]),
    throttled: rng.pick([0, 0, 0.02, 0.1]),
    denied: rng.pick([0, 0, 0, 0.01]),
    partial: rng.pick([0, 0, 0.1, 0.4]),
    missing: rng.pick([0, 0, 0.05, 0.3]),
    broken: rng.pick([0, 0, 0.01, 0.05]),
    circle: rng.pick([0, 0, 0.02, 0.1]),
    busy: rng.pick([0, 0, 0.02, 0.05]),
    contended: rng.pick([0, 0.02, 0.05]),
    cut: rng.pick([0, 0, 0.02, 0.05]),
  };
}
