/**
 * What must be known by now.
 * @throws TypeError where it is not: a defect, and never a reason to state something else instead
 */
export function known<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new TypeError(`${what} is not known`);
  return value;
}
