/** All items of a list. */
export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  return await firstOf(items, Number.POSITIVE_INFINITY);
}

/** The first ones of a list, of which no more is asked for than that. */
export async function firstOf<T>(items: AsyncIterable<T>, limit: number): Promise<T[]> {
  const first: T[] = [];
  for await (const item of items) {
    first.push(item);
    if (first.length >= limit) break;
  }
  return first;
}
