import { LIMITS } from "../core/limits.ts";
import { InvalidArgumentError } from "commander";
import { DURATION_FORM, parseDuration } from "../core/duration.ts";

/** Readers of option values: what they refuse is wrong usage. */

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Write a whole number.");
  return Number(text);
}

/** Milliseconds of `30s`, or of a bare number of seconds. */
export function duration(text: string): number {
  const ms = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (ms === null) throw new InvalidArgumentError(`Write ${DURATION_FORM}.`);
  return ms;
}

export interface WaitFlags {
  /** Milliseconds, false for `--no-wait`, absent where nothing was said. */
  readonly wait?: number | false;
}

export function waitMsOf(flags: WaitFlags): number {
  return flags.wait === false ? 0 : (flags.wait ?? LIMITS.clientWaitDefaultMs);
}
