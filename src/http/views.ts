import type { Caller } from "../core/caller.ts";
import type { ApiToken } from "../core/credentials.ts";
import { LIMITS } from "../core/limits.ts";
import type { Deletion, FileRow, Instant, Project, Residue, Upload } from "../core/model.ts";
import { timestamp } from "../core/receipt.ts";
import { NOTHING_SWEPT, type Sweep } from "../ports/metadata/index.ts";
import type { Part } from "../ports/object-store.ts";
import type { CleanupCheck } from "../services/debug.ts";
import type { Services } from "../services/index.ts";
import type { Plan, PlanSurface } from "../services/plan.ts";
import type { ReceiptView } from "../services/receipts.ts";
import type { CleanupCheckJson } from "./schema/debug.ts";
import type { DeletionJson, PlanJson, ResidueJson } from "./schema/deletion.ts";
import type { FileJson } from "./schema/file.ts";
import type { ProjectJson } from "./schema/project.ts";
import type { ReceiptJson } from "./schema/receipt.ts";
import type { TokenJson } from "./schema/token.ts";
import type { SweepJson } from "./schema/sweep.ts";
import type { PartsJson, UploadJson } from "./schema/upload.ts";

/** What the core knows, as it goes over the wire: no field more. */
export function projectView(project: Project): ProjectJson {
  const { id, uid, name, owner, state, fileCount, sizeBytes, quotaBytes, metadata, hold } = project;
  return {
    id,
    uid,
    name,
    owner,
    state,
    fileCount,
    sizeBytes,
    quotaBytes,
    createdAt: timestamp(project.createdAt),
    expiresAt: timestampOrNull(project.expiresAt),
    hold: hold ? { reason: hold.reason, placedAt: timestamp(hold.placedAt) } : null,
    metadata,
  };
}

export function fileView(file: FileRow): FileJson {
  const { path, uid, sizeBytes, contentType, etag, sha256, metadata } = file;
  return {
    path,
    uid,
    sizeBytes,
    contentType,
    etag,
    sha256,
    createdAt: timestamp(file.createdAt),
    updatedAt: timestamp(file.updatedAt),
    metadata,
  };
}

export function uploadView(upload: Upload): UploadJson {
  const { id, partSizeBytes, sizeBytes } = upload;
  return {
    uploadId: id,
    partSizeBytes,
    partCount: Math.ceil((sizeBytes ?? 0) / partSizeBytes),
    expiresAt: timestamp(upload.expiresAt),
  };
}

export function partsView(parts: readonly Part[]): PartsJson {
  return {
    parts: parts.map(({ partNumber, etag, sizeBytes }) => ({ partNumber, etag, sizeBytes })),
  };
}

export function tokenView(token: ApiToken): TokenJson {
  const { id, name, owner, rights } = token;
  return {
    id,
    name,
    owner,
    rights: [...rights],
    createdAt: timestamp(token.createdAt),
    expiresAt: timestampOrNull(token.expiresAt),
    revokedAt: timestampOrNull(token.revokedAt),
    lastUsedAt: timestampOrNull(token.lastUsedAt),
  };
}

/** A deletion with its residue and, once it is completed, its receipt. */
export async function deletionView(
  services: Services,
  caller: Caller,
  deletion: Deletion,
): Promise<DeletionJson> {
  const { blocked } = deletion;
  const residue =
    deletion.residueTotal > 0
      ? await services.deletions.residue(caller, deletion.id, LIMITS.residueShown)
      : [];
  const receipt =
    deletion.state === "completed"
      ? await services.receipts.get(caller, deletion.projectUid)
      : null;
  const settles = receipt ? await services.deletions.settles(caller, deletion.id) : [];
  return {
    id: deletion.id,
    projectId: deletion.projectId,
    projectUid: deletion.projectUid,
    state: deletion.state,
    blocked: blocked && {
      reason: blocked.reason,
      code: blocked.code,
      since: timestamp(blocked.since),
      nextRetryAt: timestamp(blocked.nextRetryAt),
    },
    requestedAt: timestamp(deletion.requestedAt),
    requestedBy: deletion.requestedBy,
    purgeAfter: timestamp(deletion.purgeAfter),
    completedAt: timestampOrNull(deletion.completedAt),
    attempts: deletion.attempts,
    surfaces: deletion.surfaces.map((counts) => ({ ...counts })),
    residueTotal: deletion.residueTotal,
    residue: residue.map(residueView),
    receipt: receipt?.jws ?? null,
    settle: settles.map(({ at, result, found }) => ({ at: timestamp(at), result, found })),
    amendments: [...(receipt?.amendments ?? [])],
  };
}

export function residueView({ key, outcome, code, message }: Residue): ResidueJson {
  return { key, outcome, code, message };
}

export function planView({ projectId, objects, bytes, surfaces }: Plan): PlanJson {
  return { projectId, dryRun: true, objects, bytes, surfaces: surfaces.map(planSurfaceView) };
}

export function cleanupCheckView(check: CleanupCheck): CleanupCheckJson {
  const { projectId, isClean, surfaces } = check;
  return { projectId, isClean, surfaces: surfaces.map(planSurfaceView) };
}

function planSurfaceView(one: PlanSurface): PlanJson["surfaces"][number] {
  return { ...one, sampleKeys: [...one.sampleKeys] };
}

export function receiptView({ jws, payload, amendments }: ReceiptView): ReceiptJson {
  return {
    receipt: jws,
    payload: {
      ...payload,
      surfaces: payload.surfaces.map((one) => ({ ...one })),
      sweeps: payload.sweeps.map((one) => ({ ...one })),
      notCovered: [...payload.notCovered],
    },
    amendments: [...amendments],
  };
}

function timestampOrNull(instant: Instant | null): string | null {
  return instant === null ? null : timestamp(instant);
}

const NOTHING_YET = { ...NOTHING_SWEPT, error: null };

/** While it runs, only what was found is told: no reply of a store is evidence (R5). */
export function sweepView(sweep: Sweep): SweepJson {
  const { id, prefix, requestedBy, attempts, found, end } = sweep;
  const { deleted, failed, blocked, unknown, bytes, verified, residue, error } = end ?? NOTHING_YET;
  return {
    id,
    prefix,
    state: end?.outcome ?? "running",
    requestedAt: timestamp(sweep.requestedAt),
    requestedBy,
    completedAt: timestampOrNull(sweep.completedAt),
    attempts,
    found,
    deleted,
    failed,
    blocked,
    unknown,
    bytes,
    verified,
    residue: residue.map((one) => ({ ...one })),
    error,
  };
}
