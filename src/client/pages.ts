import { LIMITS } from "../core/limits.ts";
import type { CallOptions, Query, Transport } from "./transport.ts";

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; null at the end. */
  readonly nextCursor: string | null;
}

/** Which page of a list is asked for. */
export interface PageOptions extends CallOptions {
  /** Items on a page: 100 by default, 1,000 at most. */
  readonly limit?: number | undefined;
  /** The `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** One page of the list at this path. */
export async function readPage<T>(
  transport: Transport,
  path: string,
  { signal, limit, cursor }: PageOptions,
  query: Query,
): Promise<Page<T>> {
  return await transport.json({ path, query: { ...query, limit, cursor }, signal });
}

/** All items of the list at this path, page by page as they are taken. */
export async function* readAll<T>(
  transport: Transport,
  path: string,
  options: CallOptions,
  query: Query,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    const wanted = { ...options, limit: LIMITS.pageItemsMax, cursor };
    const page = await readPage<T>(transport, path, wanted, query);
    yield* page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
