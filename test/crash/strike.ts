import { existsSync, readFileSync } from "node:fs";
import type { Rng } from "../simulation/random.ts";
import { ended } from "./arming.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { type Aim, nameOf, type Signal } from "./point-table.ts";
import type { Rig, Slot } from "./rig.ts";

export interface Struck {
  readonly slot: Slot;
  readonly at: number;
  /** The point that was hit, with `before` or `after`; null for a random time. */
  readonly hit: string | null;
  /** The point that was aimed at and not reached. */
  readonly missed: string | null;
}

export async function pause(timeMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, timeMs));
}

/** Tells both processes at which call they are to strike themselves; only one of them will. */
export async function aim(rig: Rig, run: string, at: Aim, signal: Signal): Promise<void> {
  const { point, when, nth } = at;
  const { target, method } = point;
  const arming = { target, method, when, nth, signal, claim: rig.claimOf(run) };
  await Promise.all(rig.up.map((slot) => slot.arm(arming)));
}

/** Waits until one process was struck at the point; strikes one of them itself where none was. */
export async function strikeAt(
  rig: Rig,
  run: string,
  { point, when }: Aim,
  signal: Signal,
  rng: Rng,
): Promise<Struck> {
  const claim = rig.claimOf(run);
  const until = Date.now() + CRASH_LIMITS.pointPatienceMs;
  while (!existsSync(claim) && Date.now() < until) await pause(CRASH_LIMITS.claimPollMs);
  if (!existsSync(claim)) await Promise.all(rig.up.map((slot) => slot.arm(null)));
  const name = `${nameOf(point)} ${when}`;
  if (!existsSync(claim)) return { ...(await strikeNow(rig, signal, rng)), missed: name };
  const at = Date.now();
  const slot = await struckSlot(rig, claim);
  if (signal === "SIGSTOP") slot.state = "stopped";
  else await ended(slot.service.child);
  await rig.other(slot).arm(null);
  return { slot, at, hit: name, missed: null };
}

/** Strikes one of those that are up, whatever it is doing. */
export async function strikeNow(rig: Rig, signal: Signal, rng: Rng): Promise<Struck> {
  const slot = rng.pick(rig.up);
  const at = Date.now();
  if (signal === "SIGSTOP") slot.stop();
  else await slot.kill();
  return { slot, at, hit: null, missed: null };
}

/** The one whose id stands in the claim; that is written a moment after the claim is made. */
async function struckSlot(rig: Rig, claim: string): Promise<Slot> {
  for (;;) {
    const pid = Number(readFileSync(claim, "utf8"));
    const slot = rig.slots.find((one) => one.service.pid === pid);
    if (slot !== undefined) return slot;
    if (pid > 0) throw new Error(`process ${pid} was struck and is none of ours`);
    await pause(CRASH_LIMITS.claimPollMs);
  }
}
