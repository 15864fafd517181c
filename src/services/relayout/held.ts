import { isExpungeError } from "../../core/errors.ts";
import { known } from "../../core/known.ts";
import { LIMITS } from "../../core/limits.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { HeldObject, Relayout, RunNote } from "../../ports/metadata/index.ts";
import type { ObjectHead } from "../../ports/object-store.ts";
import { etagOf } from "../etag.ts";
import { settleRemovals } from "../files/removals.ts";
import { inPool } from "../pool.ts";
import type { RelayoutWork } from "./work.ts";

/** What became of one held object: the key that is to be removed now (null: none), or why it is left. */
type Ended = { readonly remove: string | null } | { readonly code: string };

/**
 * Finishes or undoes what a relayout holds: one transaction for each object, so that every repetition
 * goes on where the last one broke off; then what is not wanted any more is removed and looked for.
 */
export async function endHeld(work: RelayoutWork, of: string): Promise<Relayout> {
  const { context, signal } = work;
  let { relayout } = work;
  for (;;) {
    signal.throwIfAborted();
    const { after } = relayout.progress;
    const held = await context.metadata.listHeld(of, {
      limit: LIMITS.relayoutPageHeld,
      ...(after === null ? {} : { after }),
    });
    const last = held.at(-1);
    if (!last) return relayout;
    relayout = await endPage(work, of, held, last.key);
  }
}

async function endPage(
  work: RelayoutWork,
  of: string,
  held: readonly HeldObject[],
  after: string,
): Promise<Relayout> {
  const { context, relayout, token } = work;
  const notes: RunNote[] = [];
  let bytes = 0;
  const remove = new Map<string, HeldObject>();
  await inPool(LIMITS.relayoutCopiesInFlight, async (add) => {
    for (const one of held) {
      await add(async () => {
        const ended = await endOne(work, of, one);
        if ("code" in ended) {
          notes.push(noteOf(one, ended.code));
          bytes += one.sizeBytes;
        } else if (ended.remove !== null) remove.set(ended.remove, one);
      });
    }
  });
  const spared = notes.length;
  const removals = await context.metadata.findRemovals([...remove.keys()]);
  let pending = 0;
  for (const result of await settleRemovals(context, removals, work.signal)) {
    if (result.verified) continue;
    pending++;
    const one = known(remove.get(result.key), "whose object was removed");
    notes.push(noteOf({ ...one, key: result.key }, result.code));
  }
  const removed = remove.size - pending;
  const counts = { objects: spared, bytes, spared, removed, pending };
  const step = { after, uploads: [], counts, notes };
  return await context.metadata.recordRelayout(relayout.id, token, step);
}

function noteOf({ key, projectId }: HeldObject, code: string): RunNote {
  return { key, projectId, code };
}

async function endOne(work: RelayoutWork, of: string, held: HeldObject): Promise<Ended> {
  const { context, relayout, token } = work;
  const { metadata } = context;
  const by = { run: relayout.id, token, relayout: of };
  const { action } = relayout.request;
  try {
    const head = await headOf(work, held.key);
    const isGone = head === null;
    // Other writers may know the old key: what is not the object that was copied is not ours to remove.
    if (!isGone && etagOf(head) !== held.etag) return { code: "changed" };
    if (action === "finish") {
      const isReleased = await metadata.releaseHeld(by, held.key);
      return { remove: isReleased ? held.key : null };
    }
    if (isGone) return { code: "missing" };
    const undone = await metadata.undoFileMove(by, held.key);
    return { remove: undone?.copyKey ?? null };
  } catch (error) {
    if (isExpungeError(error)) return { code: error.code };
    if (isStoreError(error, "access-denied")) return { code: error.code };
    throw error;
  }
}

async function headOf({ context, signal }: RelayoutWork, key: string): Promise<ObjectHead | null> {
  try {
    return await context.store.head(key, signal);
  } catch (error) {
    if (isStoreError(error, "no-such-key")) return null;
    throw error;
  }
}
