import { compareUtf8 } from "../../../core/encoding.ts";
import type { Instant } from "../../../core/model.ts";
import type { Tx } from "./state.ts";

interface Lease {
  readonly token: number;
  readonly leaseUntil: Instant;
}

interface Work {
  readonly id: string;
  readonly requestedAt: Instant;
  readonly completedAt: Instant | null;
}

export function isDue(tx: Tx, { leaseUntil }: Lease, { completedAt }: Work): boolean {
  return completedAt === null && leaseUntil <= tx.now;
}

/** What nobody works on and is not completed, the oldest first. */
export function dueIds<R extends Lease>(
  tx: Tx,
  rows: ReadonlyMap<string, R>,
  workOf: (row: R) => Work,
  limit: number,
): readonly string[] {
  return [...rows.values()]
    .filter((row) => isDue(tx, row, workOf(row)))
    .map(workOf)
    .sort((a, b) => a.requestedAt - b.requestedAt || compareUtf8(a.id, b.id))
    .slice(0, limit)
    .map(({ id }) => id);
}

/** The row, where the claim is its newest and it is not completed. */
export function heldBy<R extends Lease>(
  row: R | undefined,
  workOf: (row: R) => Work,
  token: number,
): R | null {
  return row?.token === token && workOf(row).completedAt === null ? row : null;
}

/** Takes out so many at most of what is meant; answers how many. */
export function eraseWhere<T>(
  lists: Iterable<T[]>,
  isMeant: (one: T) => boolean,
  limit: number,
): number {
  let erased = 0;
  for (const list of lists) {
    for (let i = list.length - 1; i >= 0 && erased < limit; i--) {
      const one = list[i];
      if (one === undefined || !isMeant(one)) continue;
      list.splice(i, 1);
      erased++;
    }
  }
  return erased;
}
