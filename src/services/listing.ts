import { LIMITS } from "../core/limits.ts";
import { StoreError } from "../core/store-errors.ts";
import type {
  ListOptions,
  ObjectEntry,
  ObjectStore,
  Page,
  UploadEntry,
  VersionEntry,
} from "../ports/object-store.ts";

type List<T> = (options: ListOptions) => Promise<Page<T>>;

/**
 * Every page of a listing from the start to the store's own end marker (R6). A short or empty page is
 * not the end. A store that repeats a cursor, or answers a key outside the prefix, is not believed.
 * @throws StoreError `listing-broken`, or what the store throws once its attempts are used up
 */
async function* pages<T extends { readonly key: string }>(
  prefix: string,
  list: List<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly T[]> {
  let cursor: string | null = null;
  // Brent's way to see a circle of any length in constant memory: one earlier cursor is remembered,
  // and replaced by the newest whenever twice as many pages have gone by.
  let remembered: string | null = null;
  let nextReplacement = 1;
  let empty = 0;
  for (let count = 0; count < LIMITS.listPagesMax; count++) {
    signal?.throwIfAborted();
    const options: ListOptions = {
      limit: LIMITS.listPageKeys,
      ...(cursor === null ? {} : { cursor }),
      ...(signal ? { signal } : {}),
    };
    const page: Page<T> = await list(options);
    // The page that was asked for once more: what it shows must not be taken for more of the same (I7).
    const isRepeated = page.next === cursor || page.next === remembered;
    if (page.next !== null && isRepeated) throw broken("it goes in a circle");
    if (page.entries.some((entry) => !entry.key.startsWith(prefix))) {
      throw broken("it has a key outside the prefix that was asked for");
    }
    yield page.entries;
    if (page.next === null) return;
    empty = page.entries.length === 0 ? empty + 1 : 0;
    if (empty > LIMITS.listEmptyPagesMax) throw broken("it has nothing but empty pages");
    cursor = page.next;
    if (count === nextReplacement || remembered === null) {
      remembered = cursor;
      nextReplacement = count * 2 + 1;
    }
  }
  throw broken(`it has no end after ${LIMITS.listPagesMax} pages`);
}

function broken(why: string): StoreError {
  return new StoreError("listing-broken", "unknown", `The listing cannot be believed: ${why}.`);
}

/** @param startAfter where it begins; from the start of the prefix when absent */
export function objectPages(
  context: { readonly store: ObjectStore },
  prefix: string,
  signal?: AbortSignal,
  startAfter?: string,
): AsyncGenerator<readonly ObjectEntry[]> {
  const from = startAfter === undefined ? {} : { startAfter };
  return pages(prefix, (options) => context.store.list(prefix, { ...options, ...from }), signal);
}

export function uploadPages(
  context: { readonly store: ObjectStore },
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly UploadEntry[]> {
  return pages(prefix, (options) => context.store.listUploads(prefix, options), signal);
}

export function versionPages(
  context: { readonly store: ObjectStore },
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly VersionEntry[]> {
  return pages(prefix, (options) => context.store.listVersions(prefix, options), signal);
}

/**
 * The object of exactly this key as a listing shows it, or null. It asks a listing and not `head`, for
 * a listing is the evidence (R6).
 */
export async function listKey(
  context: { readonly store: ObjectStore },
  key: string,
  signal?: AbortSignal,
): Promise<ObjectEntry | null> {
  for await (const entries of objectPages(context, key, signal)) {
    const [first] = entries;
    // The key itself is the first of all keys that start with it.
    if (first) return first.key === key ? first : null;
  }
  return null;
}
