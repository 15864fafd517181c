/**
 * The item at a place where one is known to be.
 * @throws RangeError where there is none: the caller reckoned wrongly
 */
export function itemAt<T>(items: ArrayLike<T>, index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index} of ${items.length}`);
  return item;
}
