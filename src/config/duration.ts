const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60 * 1000,
  h: 60 * 60 * 1000,
  d: 24 * 60 * 60 * 1000,
};

const DURATION = /^(\d{1,12})(ms|s|m|h|d)$/;

/** Ten years: more is a slip of the unit, and would leave the range of dates soon. */
export const DURATION_MAX_MS = 3650 * 24 * 60 * 60 * 1000;

/** How a duration is written, for messages. */
export const DURATION_FORM =
  "a whole number with a unit, such as '0s', '90s', '5m', '72h' or '14d'";

/** Milliseconds of a text such as `72h` (units ms, s, m, h, d), or null where it is no duration. */
export function parseDuration(text: string): number | null {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const durationMs = Number(digits) * (UNITS_MS[unit] ?? Number.NaN);
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
  for (const unit of ["h", "m", "s"]) {
    const unitMs = UNITS_MS[unit] ?? 1;
    if (durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return `${durationMs}ms`;
}
