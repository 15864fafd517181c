import type { Instant, Residue } from "../../core/model.ts";

/** What a sweep came to. `refused`: nothing was removed, or nothing more, for a reason that stays. */
export interface SweepEnd {
  readonly outcome: "swept" | "residue" | "refused" | "failed";
  readonly found: number;
  readonly deleted: number;
  readonly failed: number;
  readonly blocked: number;
  readonly unknown: number;
  readonly bytes: number;
  readonly verified: boolean;
  /** The first keys that remain. */
  readonly residue: readonly Omit<Residue, "surface">[];
  /** Why it was refused or failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What a sweep that removed nothing came to. */
export const NOTHING_SWEPT = {
  found: 0,
  deleted: 0,
  failed: 0,
  blocked: 0,
  unknown: 0,
  bytes: 0,
  verified: false,
  residue: [],
} as const satisfies Partial<SweepEnd>;

/** An administrator's sweep of a prefix, as a worker carries it out. */
export interface Sweep {
  readonly id: string;
  readonly prefix: string;
  readonly requestedBy: string;
  readonly requestedAt: Instant;
  readonly completedAt: Instant | null;
  readonly attempts: number;
  /** What the attempt under way has found so far. */
  readonly found: number;
  /** Null until it has ended. */
  readonly end: SweepEnd | null;
}

export interface SweepClaim {
  readonly sweep: Sweep;
  readonly token: number;
}

/** Sweeps of prefixes: claimed with a lease and a fencing token, as deletions are. */
export interface SweepStore {
  createSweep(sweep: Pick<Sweep, "id" | "prefix" | "requestedBy">): Promise<Sweep>;
  findSweep(id: string): Promise<Sweep | null>;
  /** Sweeps that have not ended and that nobody holds, oldest first. */
  dueSweeps(limit: number): Promise<readonly string[]>;
  /** Null when it has ended, or another worker holds it. */
  claimSweep(id: string, leaseMs: number): Promise<SweepClaim | null>;
  /** False when the claim is lost. */
  extendSweep(id: string, token: number, leaseMs: number, found: number): Promise<boolean>;
  /** Gives it back, to be claimed again after a while. Does nothing when the claim is lost. */
  postponeSweep(id: string, token: number, delayMs: number): Promise<void>;
  /** @throws StaleClaimError */
  finishSweep(id: string, token: number, end: SweepEnd): Promise<Sweep>;
}
