type Work = () => Promise<void>;

/**
 * Runs at most `size` pieces of work at a time. Nothing runs any more when this returns or throws; the
 * first failure is thrown, and no new work begins after it.
 */
export async function inPool(
  size: number,
  feed: (add: (work: Work) => Promise<void>) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const throwFirst = (): void => {
    // oxlint-disable-next-line typescript/only-throw-error -- whatever the work threw is passed on
    if (failures.length > 0) throw failures[0];
  };
  const start = async (work: Work): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    await feed(async (work) => {
      while (running.size >= size) await Promise.race(running);
      throwFirst();
      const task = start(work).finally(() => running.delete(task));
      running.add(task);
    });
  } finally {
    await Promise.all(running);
  }
  throwFirst();
}
