import {
  type DeletionEvent,
  isTerminal,
  projectStateOf,
  transition,
} from "../../../core/deletion.ts";
import { compareUtf8, toHex } from "../../../core/encoding.ts";
import type { Blocked, Deletion, Evidence, Residue, Surface, Upload } from "../../../core/model.ts";
import {
  type RemovalEntry,
  StaleClaimError,
  type TrackedKey,
} from "../../../ports/metadata/index.ts";
import { eraseFindings } from "./audits.ts";
import { eraseNotes } from "./runs.ts";
import { mayPurge, viewOf } from "./deletions.ts";
import { byBytes, type DeletionRow, projectOf, refusal, refuseHeld, type Tx } from "./state.ts";
import { deletionFacts, emit } from "./webhooks.ts";

/**
 * The row that a claim may write to. A deletion that has ended has no claim, so that a worker which
 * lost to an undo learns the same as one that lost to another worker: stop.
 * @throws StaleClaimError
 */
export function claimed(tx: Tx, id: string, token: number): DeletionRow {
  const row = tx.rows.deletions.get(id);
  if (!row || row.token !== token || isTerminal(row.state)) {
    throw new StaleClaimError(
      `claim ${token} on ${id} is not the newest, or the deletion has ended`,
    );
  }
  return row;
}

/** As `claimed`, for calls that change what a final transaction under way may have counted. */
function changed(tx: Tx, id: string, token: number): DeletionRow {
  const row = claimed(tx, id, token);
  row.revision++;
  return row;
}

/** Nothing is ended or fenced within the grace (I6). */
function purging(row: DeletionRow): DeletionRow {
  if (row.state !== "trashed") return row;
  throw refusal("internal", `${row.id} is in its grace still.`);
}

export function advance(tx: Tx, id: string, token: number, event: DeletionEvent): Deletion {
  const row = claimed(tx, id, token);
  const next = transition(row.state, event);
  // The ends have operations of their own: a receipt goes with `verified` (R7), an undo is no worker's.
  if (next === null || isTerminal(next)) {
    throw refusal("internal", `${id} is '${row.state}': '${event}' is not allowed here.`);
  }
  const project = projectOf(tx, row.projectUid);
  if (event === "purge-began") {
    refuseHeld(project);
    if (!mayPurge(tx, row)) throw refusal("internal", `The grace of ${id} is not over.`);
    row.purgeStartedAt = tx.now;
  }
  if (event === "found") {
    // What was listed before is no evidence of what comes now (I3, R6).
    row.evidence = [];
    row.verifiedAt = null;
  }
  row.revision++;
  row.state = next;
  tx.rows.projects.set(project.uid, { ...project, state: projectStateOf(next) });
  return viewOf(row);
}

export function recordTombstone(tx: Tx, id: string, token: number, key: string): void {
  changed(tx, id, token).tombstoneKey = key;
}

export function unsettledUploads(
  tx: Tx,
  id: string,
  token: number,
  limit: number,
): readonly Upload[] {
  return unsettledOf(tx, claimed(tx, id, token).projectUid).slice(0, limit);
}

function unsettledOf(tx: Tx, projectUid: string): readonly Upload[] {
  return [...tx.rows.uploads.values()]
    .filter(({ upload, settled }) => upload.projectUid === projectUid && !settled)
    .map(({ upload }) => upload)
    .filter(({ state }) => state !== "committed")
    .sort(byBytes((upload) => upload.id));
}

export function settleForFence(
  tx: Tx,
  id: string,
  token: number,
  uploadIds: readonly string[],
): void {
  const { projectUid } = purging(changed(tx, id, token));
  for (const uploadId of uploadIds) {
    const row = tx.rows.uploads.get(uploadId);
    if (row?.upload.projectUid !== projectUid || row.upload.state === "committed") continue;
    row.settled = true;
    row.upload = { ...row.upload, state: "aborting" };
  }
}

export function recordFence(tx: Tx, id: string, token: number): Deletion {
  const row = purging(claimed(tx, id, token));
  if (unsettledOf(tx, row.projectUid).length > 0) {
    throw refusal("internal", `${id} has uploads whose end is not settled.`);
  }
  row.revision++;
  row.fencedAt ??= tx.now;
  return viewOf(row);
}

/** Keys of files and removals of a project, with the largest size that one of the rows gives. */
export function tracked(tx: Tx, projectUid: string): ReadonlyMap<string, number> {
  const keys = new Map<string, number>();
  const add = (key: string, sizeBytes: number): void => {
    keys.set(key, Math.max(keys.get(key) ?? 0, sizeBytes));
  };
  for (const { key, sizeBytes } of tx.rows.files.get(projectUid)?.values() ?? []) {
    if (key !== null) add(key, sizeBytes);
  }
  for (const { removal, sizeBytes } of tx.rows.removals.values()) {
    if (removal.projectUid === projectUid) add(removal.key, sizeBytes);
  }
  return keys;
}

export function trackedKeys(
  tx: Tx,
  projectUid: string,
  limit: number,
  after: string | undefined,
): readonly TrackedKey[] {
  return [...tracked(tx, projectUid)]
    .map(([key, sizeBytes]) => ({ key, sizeBytes }))
    .filter(({ key }) => after === undefined || compareUtf8(key, after) > 0)
    .sort(byBytes(({ key }) => key))
    .slice(0, limit);
}

export function whichTracked(
  tx: Tx,
  projectUid: string,
  keys: readonly string[],
): ReadonlySet<string> {
  const named = new Set(tracked(tx, projectUid).keys());
  for (const { upload } of tx.rows.uploads.values()) {
    if (upload.projectUid === projectUid) named.add(upload.key);
  }
  return new Set(keys.filter((key) => named.has(key)));
}

export function recordPage(
  tx: Tx,
  id: string,
  token: number,
  surface: Surface,
  entries: readonly RemovalEntry[],
): void {
  const { log } = changed(tx, id, token);
  for (const { keyHash, leaf, bytes } of entries) {
    const hash = toHex(keyHash);
    // Seen already, here or on another surface: it counts no second time (R5).
    if (log.get(hash)?.seen) continue;
    log.set(hash, { surface, leaf: leaf.slice(), bytes, seen: true });
  }
}

export function retractEntry(tx: Tx, id: string, token: number, keyHash: Uint8Array): void {
  changed(tx, id, token).log.delete(toHex(keyHash));
}

export function recordAbsent(
  tx: Tx,
  id: string,
  token: number,
  surface: Surface,
  entries: readonly RemovalEntry[],
): void {
  const { log } = changed(tx, id, token);
  for (const { keyHash, leaf, bytes } of entries) {
    const hash = toHex(keyHash);
    if (!log.has(hash)) log.set(hash, { surface, leaf: leaf.slice(), bytes, seen: false });
  }
}

export function recordProgress(
  tx: Tx,
  id: string,
  token: number,
  surface: Surface,
  goneKeys: number,
): void {
  const { gone } = changed(tx, id, token);
  gone.set(surface, (gone.get(surface) ?? 0) + goneKeys);
}

export function replaceResidue(
  tx: Tx,
  id: string,
  token: number,
  residue: readonly Residue[],
): void {
  changed(tx, id, token).residue = structuredClone(residue);
}

export function setBlocked(
  tx: Tx,
  id: string,
  token: number,
  blocked: (Pick<Blocked, "reason" | "code"> & { readonly retryInMs: number }) | null,
): Deletion {
  const row = changed(tx, id, token);
  if (blocked && row.blocked === null) {
    const data = { ...deletionFacts(row), code: blocked.code };
    emit(tx, { type: "project.deletion_blocked", data });
  }
  row.blocked = blocked && {
    reason: blocked.reason,
    code: blocked.code,
    since: row.blocked?.since ?? tx.now,
    nextRetryAt: tx.now + blocked.retryInMs,
  };
  return viewOf(row);
}

export function recordEvidence(
  tx: Tx,
  id: string,
  token: number,
  evidence: readonly Evidence[],
): void {
  const row = changed(tx, id, token);
  row.evidence = structuredClone(evidence);
  row.verifiedAt = tx.now;
}

export function eraseRows(tx: Tx, id: string, token: number, limit: number): number {
  const row = claimed(tx, id, token);
  if (row.state !== "verifying") {
    throw refusal("internal", `${id} is '${row.state}': rows outlive bytes (R9).`);
  }
  row.revision++;
  const { files, uploads, removals } = tx.rows;
  const { projectUid } = row;
  const ofProject = files.get(projectUid) ?? new Map<string, unknown>();
  const erasures: (() => boolean)[] = [
    ...ofProject.keys().map((path) => () => ofProject.delete(path)),
    ...uploads
      .values()
      .filter(({ upload }) => upload.projectUid === projectUid)
      .map(
        ({ upload }) =>
          () =>
            uploads.delete(upload.id),
      ),
    ...removals
      .values()
      .filter(({ removal }) => removal.projectUid === projectUid)
      .map(
        ({ removal }) =>
          () =>
            removals.delete(removal.key),
      ),
  ];
  const batch = erasures.slice(0, limit);
  for (const erase of batch) erase();
  const found = eraseFindings(tx, projectUid, limit - batch.length);
  return batch.length + found + eraseNotes(tx, row.projectId, limit - batch.length - found);
}
