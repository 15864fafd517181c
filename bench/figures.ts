/** Several measurements of the same thing. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError of nothing */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const below = sorted[Math.ceil(middle) - 1];
  const above = sorted[Math.floor(middle)];
  const min = sorted[0];
  const max = sorted.at(-1);
  if (below === undefined || above === undefined || min === undefined || max === undefined) {
    throw new RangeError("nothing was measured");
  }
  return { median: (below + above) / 2, min, max };
}

/** `median (min-max)`. */
export function shown({ median, min, max }: Spread, digits: number): string {
  const [m, low, high] = [median, min, max].map((value) => value.toFixed(digits));
  return `${m} (${low}-${high})`;
}
