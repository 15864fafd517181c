import { type Audit, type FindingKind, type KeyOrder, spellingsOf } from "../../core/audit.ts";
import { isExpungeError } from "../../core/errors.ts";
import { explainKey } from "../../core/layouts/index.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { StoredFinding } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { listKey } from "../listing.ts";
import { isObjectThere, isUploadOpen } from "../presence.ts";
import { abortInStore, endUpload } from "../uploads/ending.ts";
import { isListed, keepsVersions, removeObjects } from "../versions.ts";
import { copyAside, keepAside, type Orphan } from "./quarantine.ts";

/** What became of one finding that the plan names. */
export type Mended = Pick<StoredFinding, "ordinal" | "outcome" | "code">;

/** The kinds of findings that a fix is about. */
export const FIXED_KINDS: Readonly<Record<Audit["fix"], readonly FindingKind[]>> = {
  none: [],
  orphans: ["orphan", "stale-upload"],
  dangling: ["dangling"],
};

interface Mender {
  readonly context: Context;
  readonly order: KeyOrder;
  /** Whether orphans are put aside. */
  readonly quarantine: boolean;
  readonly signal: AbortSignal;
  /** Whether a plain removal only hides. */
  readonly versioned: boolean;
}

const FIXED = { outcome: "fixed", code: null } as const;
/** A copy of it lies in quarantine. */
const PUT_ASIDE = { outcome: "fixed", code: "quarantined" } as const;
/** It went by itself, or in a run that died before it could say so. */
const GONE = { outcome: "fixed", code: "gone" } as const;

type Outcome = Pick<Mended, "outcome" | "code">;

function spared(code: string): Outcome {
  return { outcome: "spared", code };
}

function failed(code: string): Outcome {
  return { outcome: "failed", code };
}

/**
 * Mends findings of a finished plan, each looked at again immediately before: what is not as the plan saw
 * it, or has a row by now, is spared. Removals are verified by a listing. Every finding gets an outcome.
 */
export async function mend(
  context: Context,
  how: Pick<Mender, "order" | "quarantine">,
  findings: readonly StoredFinding[],
  signal: AbortSignal,
): Promise<readonly Mended[]> {
  // Asked anew: where versions are kept since a moment ago, a plain removal only hides.
  const versioned = await keepsVersions(context, true, signal);
  const mender: Mender = { context, ...how, signal, versioned };
  const mended: Mended[] = [];
  for (const finding of findings) {
    signal.throwIfAborted();
    mended.push({ ordinal: finding.ordinal, ...(await mendOne(mender, finding)) });
  }
  return mended;
}

async function mendOne(mender: Mender, finding: StoredFinding): Promise<Outcome> {
  try {
    if (finding.kind === "stale-upload") return await endStale(mender, finding);
    return finding.kind === "dangling"
      ? await dropRow(mender, finding)
      : await removeOrphan(mender, finding);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    mender.signal.throwIfAborted();
    return failed(error.code);
  }
}

async function removeOrphan(mender: Mender, finding: StoredFinding): Promise<Outcome> {
  const reason = await whyNot(mender, finding);
  if (reason !== null) return reason;
  const { key, projectUid, sizeBytes } = finding;
  // Of an object without bytes there is nothing to keep.
  return mender.quarantine && projectUid !== null && sizeBytes
    ? await putAside(mender, finding, { key, projectUid, sizeBytes })
    : await removeObject(mender, finding);
}

/**
 * Only below the canonical prefix, where expunge alone writes. In a legacy layout what no row names may
 * be what another application works with; and of a project that no row knows, the database may be the
 * one that lost something.
 */
async function whyNot(
  { context, order, signal, versioned }: Mender,
  { key, modifiedAt, sizeBytes }: StoredFinding,
): Promise<Outcome | null> {
  const owner = explainKey(context.layouts, key);
  if (owner === null || !("projectUid" in owner)) return spared("legacy-layout");
  const object = await listKey(context, key, signal);
  if (object === null && !(await isListed(context, key, versioned, signal))) return GONE;
  const isAsPlanned = object?.modifiedAt === modifiedAt && object.sizeBytes === sizeBytes;
  if (!isAsPlanned) return spared("changed");
  const state = (await context.metadata.findProjectByUid(owner.projectUid))?.state;
  if (state !== "active" && state !== "trashed") return spared(state ?? "no-such-project");
  const named = await context.metadata.whichNamed(spellingsOf(order, key));
  return named.size > 0 ? spared("named") : null;
}

async function removeObject(
  { context, signal, versioned }: Mender,
  { key }: StoredFinding,
): Promise<Outcome> {
  const [refusal] = await removeObjects(context, [key], versioned, signal);
  if (refusal) return failed(refusal.code);
  return (await isListed(context, key, versioned, signal)) ? failed("reappeared") : FIXED;
}

/** The copy is seen, and the orphan looked at once more, before anything is removed. */
async function putAside(mender: Mender, finding: StoredFinding, orphan: Orphan): Promise<Outcome> {
  const { context, signal } = mender;
  try {
    const { upload, code } = await copyAside(context, orphan, signal);
    if (upload === null) return code === "changed" ? spared(code) : failed(code);
    const reason = await whyNot(mender, finding);
    if (reason !== null) {
      await endUpload(context, upload.id);
      return reason;
    }
    await keepAside(context, upload);
  } catch (error) {
    if (!isExpungeError(error)) throw error;
    // In a project that is not active any more nothing is made (R1), and its deletion ends uploads (R2).
    const isOver = error.code === "project-not-active" || error.code === "upload-not-open";
    return isOver ? spared(error.code) : failed(error.code);
  }
  const removed = await removeObject(mender, finding);
  return removed === FIXED ? PUT_ASIDE : removed;
}

async function endStale(
  { context, signal }: Mender,
  { key, uploadId }: StoredFinding,
): Promise<Outcome> {
  const id = uploadId ?? "";
  if ((await context.metadata.whichUploadsStand([id])).size > 0) return spared("named");
  if (!(await isUploadOpen(context, key, id, signal))) return GONE;
  await abortInStore(context, key, id, signal);
  return (await isUploadOpen(context, key, id, signal)) ? failed("reappeared") : FIXED;
}

/**
 * The row goes as when a caller deletes the file (R12): only where it is the very row of the plan, of an
 * active project without a hold. A version that lies hidden under the key could be brought back.
 */
async function dropRow(
  { context, signal, versioned }: Mender,
  finding: StoredFinding,
): Promise<Outcome> {
  const rows = await context.metadata.findStoredFiles([finding.key]);
  const row = rows.find(({ fileUid }) => fileUid === finding.fileUid);
  if (!row) return GONE;
  if (row.updatedAt !== finding.modifiedAt) return spared("changed");
  if (await isObjectThere(context, row.key, signal)) return spared("changed");
  if (await isListed(context, row.key, versioned, signal)) return spared("versions");
  try {
    await context.metadata.removeFile(row.projectUid, row.path, { ifMatch: row.etag });
  } catch (error) {
    if (!isExpungeError(error)) throw error;
    const hasChanged = error.code === "file-not-found" || error.code === "precondition-failed";
    return hasChanged ? spared("changed") : failed(error.code);
  }
  return FIXED;
}
