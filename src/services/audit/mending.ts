import { type Audit, type FindingKind, type KeyOrder, spellingsOf } from "../../core/audit.ts";
import { isExpungeError } from "../../core/errors.ts";
import { explainKey } from "../../core/layouts/index.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { StoredFinding } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { listKey } from "../listing.ts";
import { isObjectThere, isUploadOpen } from "../presence.ts";
import { abortInStore } from "../uploads/ending.ts";
import { isListed, keepsVersions, removeObjects } from "../versions.ts";

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
  readonly signal: AbortSignal;
  /** Whether a plain removal only hides. */
  readonly versioned: boolean;
}

const FIXED = { outcome: "fixed", code: null } as const;
/** It went by itself, or in a run that died before it could say so. */
const GONE = { outcome: "fixed", code: "gone" } as const;

function spared(code: string): Pick<Mended, "outcome" | "code"> {
  return { outcome: "spared", code };
}

function failed(code: string): Pick<Mended, "outcome" | "code"> {
  return { outcome: "failed", code };
}

/**
 * Mends findings of a finished plan, each looked at again immediately before: what is not as the plan saw
 * it, or has a row by now, is spared. Removals are verified by a listing. Every finding gets an outcome.
 */
export async function mend(
  context: Context,
  order: KeyOrder,
  findings: readonly StoredFinding[],
  signal: AbortSignal,
): Promise<readonly Mended[]> {
  // Asked anew: where versions are kept since a moment ago, a plain removal only hides.
  const versioned = await keepsVersions(context, true, signal);
  const mender: Mender = { context, order, signal, versioned };
  const mended: Mended[] = [];
  for (const finding of findings) {
    signal.throwIfAborted();
    mended.push({ ordinal: finding.ordinal, ...(await mendOne(mender, finding)) });
  }
  return mended;
}

async function mendOne(
  mender: Mender,
  finding: StoredFinding,
): Promise<Pick<Mended, "outcome" | "code">> {
  try {
    if (finding.kind === "stale-upload") return await endUpload(mender, finding);
    return finding.kind === "dangling"
      ? await dropRow(mender, finding)
      : await removeOrphan(mender, finding);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    mender.signal.throwIfAborted();
    return failed(error.code);
  }
}

/**
 * Only below the canonical prefix, where expunge alone writes. In a legacy layout what no row names may
 * be what another application works with; and of a project that no row knows, the database may be the
 * one that lost something.
 */
async function removeOrphan(
  { context, order, signal, versioned }: Mender,
  { key, modifiedAt, sizeBytes }: StoredFinding,
): Promise<Pick<Mended, "outcome" | "code">> {
  const owner = explainKey(context.layouts, key);
  if (owner === null || !("projectUid" in owner)) return spared("legacy-layout");
  const object = await listKey(context, key, signal);
  if (object === null && !(await isListed(context, key, versioned, signal))) return GONE;
  const isAsPlanned = object?.modifiedAt === modifiedAt && object.sizeBytes === sizeBytes;
  if (!isAsPlanned) return spared("changed");
  const state = (await context.metadata.findProjectByUid(owner.projectUid))?.state;
  if (state !== "active" && state !== "trashed") return spared(state ?? "no-such-project");
  if ((await context.metadata.whichNamed(spellingsOf(order, key))).size > 0) return spared("named");
  const [refusal] = await removeObjects(context, [key], versioned, signal);
  if (refusal) return failed(refusal.code);
  return (await isListed(context, key, versioned, signal)) ? failed("reappeared") : FIXED;
}

async function endUpload(
  { context, signal }: Mender,
  { key, uploadId }: StoredFinding,
): Promise<Pick<Mended, "outcome" | "code">> {
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
): Promise<Pick<Mended, "outcome" | "code">> {
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
