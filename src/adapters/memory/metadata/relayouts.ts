import { compareUtf8 } from "../../../core/encoding.ts";
import { canonicalPrefix } from "../../../core/keys.ts";
import type { FileRow } from "../../../core/model.ts";
import {
  addRelayouts,
  oneDone,
  type RelayoutCounts,
  type RelayoutProgress,
} from "../../../core/relayout.ts";
import type {
  FileMove,
  HeldBy,
  HeldObject,
  LegacyFile,
  LegacyFileQuery,
  Relayout,
  RelayoutStep,
  RelayoutStore,
} from "../../../ports/metadata/index.ts";
import { findProject } from "./projects.ts";
import { noteRun } from "./runs.ts";
import {
  activeProject,
  addRemoval,
  byBytes,
  filesOf,
  isLive,
  projectOf,
  refusal,
  refuseHeld,
  type RemovalRow,
  type Tx,
} from "./state.ts";
import type { RunRow } from "./work-rows.ts";

export function listRelayouts(
  tx: Tx,
  { limit, after }: Parameters<RelayoutStore["listRelayouts"]>[0],
): readonly Relayout[] {
  const newestFirst = (a: Place, b: Place): number =>
    b.requestedAt - a.requestedAt || compareUtf8(b.id, a.id);
  return [...tx.rows.runs.values()]
    .flatMap(({ run }) => (run.kind === "relayout" ? [run] : []))
    .filter((run) => after === undefined || newestFirst(run, after) > 0)
    .sort(newestFirst)
    .slice(0, limit);
}

type Place = Pick<Relayout, "requestedAt" | "id">;

export function listLegacyFiles(
  tx: Tx,
  { projects, limit, after }: LegacyFileQuery,
): readonly LegacyFile[] {
  return [...tx.rows.files]
    .filter(([uid]) => isLive(tx, uid))
    .flatMap(([uid, files]) => {
      const { id: projectId } = projectOf(tx, uid);
      if (projects.length > 0 && !projects.includes(projectId)) return [];
      return [...files.values()].flatMap((file) => {
        const { key } = file;
        const isLegacy = key !== null && !key.startsWith(canonicalPrefix(uid));
        return isLegacy ? [{ projectId, file: { ...file, key } }] : [];
      });
    })
    .filter(({ file }) => after === undefined || compareUtf8(file.key, after) > 0)
    .sort(byBytes(({ file }) => file.key))
    .slice(0, limit);
}

export function recordRelayout(tx: Tx, id: string, token: number, step: RelayoutStep): Relayout {
  const { after, uploads, counts } = step;
  // Of a project that is being deleted nothing is noted any more: it would outlive the deletion (R7).
  const notes = step.notes.filter(({ projectId }) => {
    const project = findProject(tx, projectId);
    return project !== null && isLive(tx, project.uid);
  });
  return progressed(noteRun(tx, id, token, notes), { after, uploads }, counts);
}

function progressed(
  row: RunRow,
  changes: Partial<RelayoutProgress>,
  added: Partial<RelayoutCounts>,
): Relayout {
  if (row.run.kind !== "relayout") throw new Error(`${row.run.id} is no relayout`);
  const { progress } = row.run;
  const counts = addRelayouts(progress.counts, added);
  const run = { ...row.run, progress: { ...progress, ...changes, counts } };
  row.run = run;
  return run;
}

export function commitFileMove(tx: Tx, id: string, token: number, move: FileMove): boolean {
  refuseHeld(activeProject(tx, move.projectUid));
  const { uploadId } = move;
  const upload = uploadId === null ? null : tx.rows.uploads.get(uploadId)?.upload;
  if (upload !== null && upload?.state !== "completing") {
    throw refusal("upload-not-open", "The upload was ended or completed.");
  }
  const run = noteRun(tx, id, token, []);
  const file = fileOf(tx, move.projectUid, move.fileUid);
  if (file?.key !== move.key) return false;
  filesOf(tx, move.projectUid).set(file.path, {
    ...file,
    uid: move.newFileUid,
    key: upload?.key ?? null,
    sha256: move.sha256 ?? file.sha256,
  });
  addRemoval(tx, move.projectUid, move.key, file.sizeBytes);
  const removal = tx.rows.removals.get(move.key);
  const copied = { heldBy: id, fileUid: move.newFileUid, etag: move.objectEtag };
  if (removal) tx.rows.removals.set(move.key, { ...removal, copied });
  if (uploadId !== null) tx.rows.uploads.delete(uploadId);
  progressed(run, {}, oneDone(file.sizeBytes));
  return true;
}

function fileOf(tx: Tx, projectUid: string, uid: string): FileRow | null {
  return (
    filesOf(tx, projectUid)
      .values()
      .find((file) => file.uid === uid) ?? null
  );
}

export function listHeld(
  tx: Tx,
  id: string,
  { limit, after }: { readonly limit: number; readonly after?: string },
): readonly HeldObject[] {
  return [...tx.rows.removals.values()]
    .filter(({ copied }) => copied?.heldBy === id)
    .map(({ removal: { key, projectUid }, sizeBytes, copied }) => ({
      key,
      projectId: projectOf(tx, projectUid).id,
      sizeBytes,
      etag: copied?.etag ?? "",
    }))
    .filter(({ key }) => after === undefined || compareUtf8(key, after) > 0)
    .sort(byBytes(({ key }) => key))
    .slice(0, limit);
}

export function countHeld(tx: Tx, id: string): { objects: number; bytes: number } {
  const held = listHeld(tx, id, { limit: tx.rows.removals.size });
  return { objects: held.length, bytes: held.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

interface Held {
  readonly run: RunRow;
  readonly row: RemovalRow;
  readonly copied: NonNullable<RemovalRow["copied"]>;
}

function heldOf(tx: Tx, { run, token, relayout }: HeldBy, key: string): Held | null {
  const row = tx.rows.removals.get(key);
  if (row?.copied?.heldBy !== relayout) return null;
  refuseHeld(activeProject(tx, row.removal.projectUid));
  return { run: noteRun(tx, run, token, []), row, copied: row.copied };
}

export function releaseHeld(tx: Tx, by: HeldBy, key: string): boolean {
  const held = heldOf(tx, by, key);
  if (!held) return false;
  const { run, row, copied } = held;
  tx.rows.removals.set(key, { ...row, copied: { ...copied, heldBy: null }, dueAt: tx.now });
  progressed(run, {}, oneDone(row.sizeBytes));
  return true;
}

export function undoFileMove(tx: Tx, by: HeldBy, key: string): { copyKey: string | null } | null {
  const held = heldOf(tx, by, key);
  if (!held) return null;
  const { run, row, copied } = held;
  const { projectUid } = row.removal;
  const file = fileOf(tx, projectUid, copied.fileUid);
  if (!file) throw new Error(`${key} is held for a file that is gone`);
  tx.rows.removals.delete(key);
  filesOf(tx, projectUid).set(file.path, { ...file, key });
  if (file.key !== null) addRemoval(tx, projectUid, file.key, file.sizeBytes);
  progressed(run, {}, oneDone(row.sizeBytes));
  return { copyKey: file.key };
}
