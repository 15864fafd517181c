import { LIMITS } from "../../core/limits.ts";
import type { StoreErrorClass } from "../../core/store-errors.ts";
import type { RemoveResult } from "../../ports/object-store.ts";
import { checkRemoval, keyProblem } from "../object-store-checks.ts";
import { mapLimited, pathText, unlinkIfThere } from "./disk.ts";
import { hasErrno, toStoreError } from "./errors.ts";
import { Lookup } from "./lookup.ts";
import type { Tree } from "./tree.ts";

const RESULTS = {
  retryable: "failed",
  blocked: "blocked",
  permanent: "failed",
  unknown: "unknown",
} as const satisfies Record<StoreErrorClass, Exclude<RemoveResult["result"], "gone">>;

interface Removed {
  readonly result: RemoveResult;
  /** The directories whose sync makes it last. */
  readonly directories: readonly Buffer[];
}

/**
 * Unlinks the files of each key, however their names are written, prunes the directories that became
 * empty, and syncs those that are left before it answers: what is called gone stays gone (I1). That
 * holds also for a file that was missing, since its removal may be the work of a process that died
 * before the sync.
 */
export async function removeKeys(
  tree: Tree,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly RemoveResult[]> {
  signal?.throwIfAborted();
  checkRemoval(keys);
  const lookup = new Lookup(tree);
  const removed = await mapLimited(keys, LIMITS.fileCallsInFlight, (key) =>
    removeOne(tree, lookup, key),
  );
  const directories = new Map<string, Buffer>();
  for (const each of removed) {
    for (const path of each.directories) directories.set(pathText(path), path);
  }
  const failures = await settle(tree, directories);
  return removed.map(({ result, directories: own }) => {
    const failed = own.find((path) => failures.has(pathText(path)));
    if (result.result !== "gone" || !failed) return result;
    return refusal(result.key, failures.get(pathText(failed)), "unknown");
  });
}

async function removeOne(tree: Tree, lookup: Lookup, key: string): Promise<Removed> {
  const directories: Buffer[] = [];
  try {
    const { paths, deepest } = await lookup.filesOf(key);
    directories.push(...deepest);
    let found = 0;
    for (const path of paths) if (await unlinkObject(tree, path)) found++;
    const message = keyProblem(key);
    if (found === 0 && message !== null) {
      const result = { key, result: "failed", retryable: false, code: "invalid-key" } as const;
      return { result: { ...result, message }, directories };
    }
    return { result: { key, result: "gone" }, directories };
  } catch (error) {
    return { result: refusal(key, error), directories };
  }
}

/** Answers whether there was an object; a directory is none. */
async function unlinkObject(tree: Tree, path: Buffer): Promise<boolean> {
  try {
    return await unlinkIfThere(tree.fs, path);
  } catch (error) {
    if (hasErrno(error, "ENOTDIR", "ENAMETOOLONG")) return false;
    // Linux says EISDIR, others EPERM.
    if (hasErrno(error, "EISDIR", "EPERM") && (await tree.isDirectory(path))) return false;
    throw error;
  }
}

/**
 * Prunes all and then syncs what is left, for one directory's removal changes another; answers what
 * failed, by directory.
 */
async function settle(
  tree: Tree,
  directories: ReadonlyMap<string, Buffer>,
): Promise<ReadonlyMap<string, unknown>> {
  const left = new Map<string, Buffer>();
  for (const [text, directory] of directories) left.set(text, await tree.prune(directory));
  const syncs = new Map<string, Promise<void>>();
  const failures = new Map<string, unknown>();
  for (const [text, directory] of left) {
    const sync = syncs.get(pathText(directory)) ?? tree.syncNearest(directory);
    syncs.set(pathText(directory), sync);
    try {
      await sync;
    } catch (error) {
      failures.set(text, error);
    }
  }
  return failures;
}

function refusal(key: string, error: unknown, result?: "unknown"): RemoveResult {
  const { errorClass, code, message } = toStoreError(error);
  const retryable = errorClass === "retryable";
  return { key, result: result ?? RESULTS[errorClass], retryable, code, message };
}
