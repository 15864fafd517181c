import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "./limits/units.ts";

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", SECOND_MS],
  ["m", MINUTE_MS],
  ["h", HOUR_MS],
  ["d", DAY_MS],
]);

const DURATION = /^(\d{1,12})([a-z]{1,2})$/;

/** Ten years: more is a slip of the unit, and would leave the range of dates soon. */
export const DURATION_MAX_MS = 3650 * 24 * HOUR_MS;

/** How a duration is written, for messages. */
export const DURATION_FORM =
  "a whole number with a unit, such as '0s', '90s', '5m', '72h' or '14d'";

/** Milliseconds of a text such as `72h` (units ms, s, m, h, d), or null where it is no duration. */
export function parseDuration(text: string): number | null {
  const [, digits, unit = ""] = DURATION.exec(text) ?? [];
  const unitMs = UNITS_MS.get(unit);
  if (unitMs === undefined) return null;
  const durationMs = Number(digits) * unitMs;
  return durationMs <= DURATION_MAX_MS ? durationMs : null;
}

/** Milliseconds of each part of a list such as `1h,24h`, or null where one is no duration. */
export function parseDurations(text: string): readonly number[] | null {
  const durationsMs: number[] = [];
  for (const part of text.split(",")) {
    const durationMs = parseDuration(part.trim());
    if (durationMs === null) return null;
    durationsMs.push(durationMs);
  }
  return durationsMs;
}

/** A duration as people write it, in hours at most; `parseDuration` reads it back. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  const units = [
    ["h", HOUR_MS],
    ["m", MINUTE_MS],
    ["s", SECOND_MS],
  ] as const;
  for (const [unit, unitMs] of units) {
    if (durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return `${durationMs}ms`;
}
