import { tombstoneKey } from "../../core/keys.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Deletion } from "../../core/model.ts";
import { tombstoneBytes, tombstoneOf } from "../../core/tombstone.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { PurgeRun } from "./run.ts";

/**
 * Writes the project's tombstone into the store and reads it back, after the point of no return and
 * before anything is removed (R11): should an older database be restored, the store itself says that
 * this project was being deleted (I11). Its time is the database's, so a repetition writes the same
 * object again.
 */
export async function writeTombstone(run: PurgeRun, deletion: Deletion): Promise<void> {
  const { context, token, signal } = run;
  const tombstone = tombstoneOf(deletion);
  const key = tombstoneKey(tombstone.purgeStartedAt, deletion.projectUid);
  const bytes = tombstoneBytes(tombstone);
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    await context.store.put(key, bytes, signal);
    if (await readsBack(run, key, bytes)) break;
    if (attempt < LIMITS.tombstoneAttemptsMax) continue;
    throw new StoreError("unlisted-reply", "unknown", "The tombstone reads back differently.");
  }
  await context.metadata.recordTombstone(deletion.id, token, key);
  run.log.info({ tombstone: key }, "tombstone written");
}

async function readsBack(run: PurgeRun, key: string, wanted: Uint8Array): Promise<boolean> {
  const { body } = await run.context.store.get(key, undefined, run.signal);
  let at = 0;
  for await (const chunk of body) {
    const differs = chunk.some((byte, i) => byte !== wanted[at + i]);
    if (differs) return false;
    at += chunk.length;
  }
  return at === wanted.length;
}
