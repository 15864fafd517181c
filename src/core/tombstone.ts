import { fromUtf8 } from "./encoding.ts";
import { isDeletionId, isUid } from "./ids.ts";
import { known } from "./known.ts";
import type { Deletion, Instant } from "./model.ts";
import { timestamp } from "./receipt.ts";
import { canonicalBytes } from "./statement.ts";

/** What a tombstone says: enough to take its deletion up again without the database (R11). */
export interface Tombstone {
  readonly deletionId: string;
  readonly project: { readonly id: string; readonly uid: string };
  readonly owner: string;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly purgeStartedAt: Instant;
}

/** Of a deletion whose purge has begun; repeated it gives the same bytes. */
export function tombstoneOf(deletion: Deletion): Tombstone {
  const { id, projectId, projectUid, owner, requestedAt, requestedBy, purgeStartedAt } = deletion;
  return {
    deletionId: id,
    project: { id: projectId, uid: projectUid },
    owner,
    requestedAt,
    requestedBy,
    purgeStartedAt: known(purgeStartedAt, "when the purge began"),
  };
}

/** The bytes of a tombstone: canonical JSON, so that it is written the same every time. */
export function tombstoneBytes(tombstone: Tombstone): Uint8Array {
  const { deletionId, project, owner, requestedAt, requestedBy, purgeStartedAt } = tombstone;
  return canonicalBytes({
    version: 1,
    deletion: deletionId,
    project,
    owner,
    requestedAt: timestamp(requestedAt),
    requestedBy,
    purgeStartedAt: timestamp(purgeStartedAt),
  });
}

/** The tombstone in these bytes, or null when they are none of a known version. */
export function parseTombstone(bytes: Uint8Array): Tombstone | null {
  const fields = fieldsOf(bytes);
  const project = fieldsFrom(fields?.get("project"));
  if (!fields || !project || fields.get("version") !== 1) return null;
  const [deletionId, owner, requestedBy] = texts(fields, ["deletion", "owner", "requestedBy"]);
  const [id, uid] = texts(project, ["id", "uid"]);
  const [requestedAt, purgeStartedAt] = texts(fields, ["requestedAt", "purgeStartedAt"]).map(
    (text) => Date.parse(text ?? ""),
  );
  if (deletionId === undefined || owner === undefined || requestedBy === undefined) return null;
  if (id === undefined || uid === undefined) return null;
  if (!isDeletionId(deletionId) || !isUid(uid)) return null;
  if (!isInstant(requestedAt) || !isInstant(purgeStartedAt)) return null;
  return { deletionId, project: { id, uid }, owner, requestedAt, requestedBy, purgeStartedAt };
}

function fieldsOf(bytes: Uint8Array): ReadonlyMap<string, unknown> | null {
  try {
    return fieldsFrom(JSON.parse(fromUtf8(bytes)));
  } catch {
    // Not UTF-8, or not JSON.
    return null;
  }
}

function fieldsFrom(value: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof value !== "object" || value === null) return null;
  return new Map<string, unknown>(Object.entries(value));
}

function texts(
  fields: ReadonlyMap<string, unknown>,
  names: readonly string[],
): readonly (string | undefined)[] {
  return names.map((name) => {
    const value = fields.get(name);
    return typeof value === "string" ? value : undefined;
  });
}

function isInstant(value: number | undefined): value is Instant {
  return value !== undefined && Number.isSafeInteger(value);
}
