import { ExpungeError, isExpungeError } from "../core/errors.ts";
import { fromUtf8 } from "../core/encoding.ts";
import {
  parseTombstoneKey,
  receiptKey,
  TOMBSTONE_PREFIX,
  tombstoneKey,
  tombstonesFrom,
} from "../core/keys.ts";
import { LIMITS } from "../core/limits.ts";
import { parseReceipt, type ReceiptPayload, receiptHash } from "../core/receipt.ts";
import { isStoreError } from "../core/store-errors.ts";
import { parseTombstone, type Tombstone, tombstoneOf } from "../core/tombstone.ts";
import type { Deletion } from "../core/model.ts";
import type { Buried, StoredReceipt } from "../ports/metadata/index.ts";
import { collect } from "./bytes.ts";
import type { Context } from "./context.ts";
import { objectPages } from "./listing.ts";
import { inPool } from "./pool.ts";

/** What a look at the tombstones came to. */
export interface GuardResult {
  readonly tombstones: number;
  /** Deletions that the database had lost, and that go on now. */
  readonly buried: readonly string[];
}

/**
 * Holds the tombstones in the store against the database, which may have been restored from an older
 * backup: a project with a tombstone is deleted again, whatever state its row is in, or without one
 * (R11, I11). Reads from the newest tombstone that the database knows, less an hour. A deletion that is
 * under way there may have been completed since the backup: its receipt is taken back (I7). Nobody may
 * be served before it has ended. Idempotent, and harmless where nothing was restored.
 * @throws ExpungeError `store-unusable` for a tombstone that cannot be read, StoreError
 */
export async function guardRestore(context: Context, signal?: AbortSignal): Promise<GuardResult> {
  const { metadata, log } = context;
  await takeBackReceipts(context, signal);
  const newest = await metadata.newestTombstone();
  const from = newest === null ? null : tombstonesFrom(newest - LIMITS.tombstoneOverlapMs);
  const buried: string[] = [];
  let tombstones = 0;
  const pages = objectPages(context, TOMBSTONE_PREFIX, signal, from ?? undefined);
  for await (const entries of pages) {
    const found = entries.flatMap(({ key }) => {
      const parsed = parseTombstoneKey(key);
      if (!parsed) log.warn({ key }, "this is no tombstone; it is left alone");
      return parsed ? [{ key, uid: parsed.projectUid }] : [];
    });
    tombstones += found.length;
    const closed = await metadata.whichClosed(found.map(({ uid }) => uid));
    for (const { key, uid } of found) {
      if (closed.has(uid)) continue;
      const deletionId = await bury(context, key, uid, signal);
      if (deletionId !== null) buried.push(deletionId);
    }
  }
  log.info({ tombstones, buried: buried.length }, "tombstones held against the database");
  return { tombstones, buried };
}

/** The receipts of deletions that the database takes for under way, where the store has copies. */
async function takeBackReceipts(context: Context, signal: AbortSignal | undefined): Promise<void> {
  for (const state of ["deleting", "verifying"] as const) {
    let after: string | undefined;
    for (;;) {
      const query = {
        state,
        limit: LIMITS.pageItemsMax,
        ...(after === undefined ? {} : { after }),
      };
      const page = await context.metadata.listDeletions(query);
      await inPool(LIMITS.keptReadsInFlight, async (add) => {
        for (const deletion of page) await add(() => takeBackReceipt(context, deletion, signal));
      });
      if (page.length < LIMITS.pageItemsMax) break;
      after = page.at(-1)?.id;
    }
  }
}

async function takeBackReceipt(
  context: Context,
  deletion: Deletion,
  signal: AbortSignal | undefined,
): Promise<void> {
  const tombstone = tombstoneOf(deletion);
  // Also where the row does not know its tombstone yet: a backup may hold the moment before.
  const key = tombstoneKey(tombstone.purgeStartedAt, deletion.projectUid);
  const receipt = await copiedReceipt(context, tombstone, signal);
  if (!receipt) return;
  context.log
    .child({ deletion: deletion.id, project: deletion.projectUid })
    .warn({}, "the database is older than this deletion's end: its receipt is taken back");
  await context.metadata.buryAgain(buriedOf(context, tombstone, key, receipt));
}

function buriedOf(
  { random }: Context,
  { deletionId, project, owner, requestedAt, requestedBy, purgeStartedAt }: Tombstone,
  key: string,
  receipt: StoredReceipt | null,
): Buried {
  return {
    deletionId,
    projectId: project.id,
    projectUid: project.uid,
    owner,
    requestedAt,
    requestedBy,
    purgeStartedAt,
    tombstoneKey: key,
    salt: random.bytes(32),
    receipt,
  };
}

async function bury(
  context: Context,
  key: string,
  uid: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const { metadata, jobs } = context;
  const tombstone = await tombstoneAt(context, key, uid, signal);
  const { deletionId } = tombstone;
  const log = context.log.child({ deletion: deletionId, project: uid });
  const receipt = await copiedReceipt(context, tombstone, signal);
  const deletion = await metadata.buryAgain(buriedOf(context, tombstone, key, receipt));
  if (!deletion) return null;
  log.warn(
    { tombstone: key, receipt: receipt !== null },
    "the database is older than this deletion: the project is deleted again",
  );
  // Only a wake-up: were it lost, the scan for due deletions would find the row.
  await jobs.enqueue("purge", { deletionId }, { key: deletionId });
  return deletionId;
}

async function tombstoneAt(
  context: Context,
  key: string,
  uid: string,
  signal: AbortSignal | undefined,
): Promise<Tombstone> {
  const bytes = await bytesAt(context, key, signal);
  const tombstone = bytes && parseTombstone(bytes);
  if (tombstone?.project.uid === uid) return tombstone;
  throw new ExpungeError(
    "store-unusable",
    `The tombstone ${key} says nothing that expunge wrote: it cannot be known which project was deleted.`,
    {
      remedy:
        "Bring its content back from a copy of the store, or remove the object if it is not expunge's.",
    },
  );
}

/** The receipt of the deletion, where the store has a copy that one of the known keys signed. */
async function copiedReceipt(
  context: Context,
  { deletionId, project, owner }: Tombstone,
  signal: AbortSignal | undefined,
): Promise<StoredReceipt | null> {
  const bytes = await bytesAt(context, receiptKey(project.uid), signal);
  if (!bytes) return null;
  const jws = fromUtf8(bytes).trim();
  const payload = await verified(context, jws);
  if (payload?.deletion !== deletionId || payload.project.uid !== project.uid) {
    context.log.warn(
      { deletion: deletionId, project: project.uid },
      "the copy of the receipt is not believed; a new one will be issued",
    );
    return null;
  }
  const { sequence, times } = payload;
  const issuedAt = Date.parse(times.issuedAt);
  const hash = receiptHash(jws);
  return { projectUid: project.uid, deletionId, owner, sequence, jws, hash, issuedAt };
}

async function verified(
  { signer, metadata }: Context,
  jws: string,
): Promise<ReceiptPayload | null> {
  const keys = [signer.publicKey, ...(await metadata.listPublicKeys())];
  try {
    return parseReceipt(await signer.verify(jws, keys));
  } catch (error) {
    if (isExpungeError(error, "invalid-receipt")) return null;
    throw error;
  }
}

/** A small object whole; null where there is none. */
async function bytesAt(
  { store }: Context,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
  try {
    const { body } = await store.get(key, undefined, signal);
    return await collect(body, LIMITS.keptObjectBytesMax);
  } catch (error) {
    if (isStoreError(error, "no-such-key")) return null;
    throw error;
  }
}
