import { compareUtf8 } from "../../../core/encoding.ts";
import type { FileRow, Project } from "../../../core/model.ts";
import type { WebhookEvents } from "../../../core/webhooks.ts";
import type { FilePrecondition, FileQuery, Removal } from "../../../ports/metadata/index.ts";
import {
  activeProject,
  addRemoval,
  byBytes,
  filesOf,
  isLive,
  refusal,
  refuseHeld,
  type RemovalRow,
  type Tx,
} from "./state.ts";
import { emit } from "./webhooks.ts";

export function findFile(tx: Tx, projectUid: string, path: string): FileRow | null {
  return tx.rows.files.get(projectUid)?.get(path) ?? null;
}

export function listFiles(tx: Tx, projectUid: string, query: FileQuery): readonly FileRow[] {
  const { prefix = "", after, limit } = query;
  return [...(tx.rows.files.get(projectUid)?.values() ?? [])]
    .filter(({ path }) => path.startsWith(prefix))
    .filter(({ path }) => after === undefined || compareUtf8(path, after) > 0)
    .sort(byBytes(({ path }) => path))
    .slice(0, limit);
}

/** @throws ExpungeError `precondition-failed` */
export function checkPrecondition(
  file: FileRow | undefined,
  precondition: FilePrecondition | undefined,
): void {
  const { ifMatch, ifNoneMatch } = precondition ?? {};
  if (ifMatch !== undefined && file?.etag !== ifMatch) {
    throw refusal("precondition-failed", "The file is not the one that If-Match names.");
  }
  if (ifNoneMatch !== undefined && file) {
    throw refusal("precondition-failed", "There is a file at the path already.");
  }
}

/** The project's bytes once a file was put in the place of another. @throws `quota-exceeded` */
export function sizeWith(
  project: Project,
  replaced: FileRow | undefined,
  sizeBytes: number,
): number {
  const total = project.sizeBytes - (replaced?.sizeBytes ?? 0) + sizeBytes;
  if (project.quotaBytes !== null && total > project.quotaBytes) {
    throw refusal("quota-exceeded", `The project may have ${project.quotaBytes} bytes.`);
  }
  return total;
}

/**
 * Puts a file at its path; the key of the one that was there becomes a removal in the same step (R12).
 * Everything is checked before the first row changes.
 * @throws ExpungeError `precondition-failed`, `project-held`, `quota-exceeded`
 */
export function placeFile(
  tx: Tx,
  project: Project,
  file: Omit<FileRow, "createdAt" | "updatedAt">,
  precondition: FilePrecondition | undefined,
): { file: FileRow; created: boolean; replacedKey: string | null } {
  const files = filesOf(tx, project.uid);
  const replaced = files.get(file.path);
  checkPrecondition(replaced, precondition);
  if (replaced) refuseHeld(project);
  const sizeBytes = sizeWith(project, replaced, file.sizeBytes);
  const placed: FileRow = {
    ...file,
    metadata: structuredClone(file.metadata),
    createdAt: replaced?.createdAt ?? tx.now,
    updatedAt: tx.now,
  };
  files.set(file.path, placed);
  if (replaced?.key) addRemoval(tx, project.uid, replaced.key, replaced.sizeBytes);
  if (replaced) releaseObjectsOf(tx, replaced.uid);
  const fileCount = project.fileCount + (replaced ? 0 : 1);
  tx.rows.projects.set(project.uid, { ...project, fileCount, sizeBytes });
  const data = { ...fileFacts(project, placed.uid), sizeBytes: placed.sizeBytes };
  emit(tx, { type: "file.created", data });
  if (replaced) emit(tx, { type: "file.deleted", data: fileFacts(project, replaced.uid) });
  return { file: placed, created: !replaced, replacedKey: replaced?.key ?? null };
}

function fileFacts(project: Project, fileUid: string): WebhookEvents["file.deleted"] {
  return { projectId: project.id, projectUid: project.uid, fileUid };
}

export function removeFile(
  tx: Tx,
  projectUid: string,
  path: string,
  precondition: FilePrecondition | undefined,
): FileRow {
  const project = activeProject(tx, projectUid);
  refuseHeld(project);
  const file = fileAt(tx, projectUid, path);
  checkPrecondition(file, precondition);
  filesOf(tx, projectUid).delete(path);
  if (file.key !== null) addRemoval(tx, projectUid, file.key, file.sizeBytes);
  releaseObjectsOf(tx, file.uid);
  tx.rows.projects.set(projectUid, {
    ...project,
    fileCount: project.fileCount - 1,
    sizeBytes: project.sizeBytes - file.sizeBytes,
  });
  emit(tx, { type: "file.deleted", data: fileFacts(project, file.uid) });
  return file;
}

export function moveFile(tx: Tx, projectUid: string, from: string, to: string): FileRow {
  refuseHeld(activeProject(tx, projectUid));
  const file = fileAt(tx, projectUid, from);
  const files = filesOf(tx, projectUid);
  if (files.has(to)) throw refusal("file-exists", "There is a file at the new path already.");
  const moved: FileRow = { ...file, path: to, updatedAt: tx.now };
  files.delete(from);
  files.set(to, moved);
  return moved;
}

function fileAt(tx: Tx, projectUid: string, path: string): FileRow {
  const file = findFile(tx, projectUid, path);
  if (!file) throw refusal("file-not-found", "There is no file at this path.");
  return file;
}

export function dueRemovals(tx: Tx, limit: number): readonly Removal[] {
  return [...tx.rows.removals.values()]
    .filter((row) => row.dueAt <= tx.now && !isHeld(row))
    .map(({ removal }) => removal)
    .filter(({ projectUid }) => isLive(tx, projectUid))
    .sort((a, b) => a.requestedAt - b.requestedAt || compareUtf8(a.key, b.key))
    .slice(0, limit);
}

export function findRemovals(
  tx: Tx,
  keys: readonly string[],
  fileUid?: string,
): readonly Removal[] {
  const isOfFile = ({ copied }: RemovalRow): boolean => copied?.fileUid === fileUid;
  const ofFile = fileUid === undefined ? [] : tx.rows.removals.values().filter(isOfFile);
  const found = [...ofFile].map(({ removal }) => removal.key);
  return [...new Set([...keys, ...found])].flatMap(
    (key) => tx.rows.removals.get(key)?.removal ?? [],
  );
}

/** Whether a relayout keeps the removal from coming due. */
export function isHeld({ copied }: RemovalRow): boolean {
  return copied !== undefined && copied.heldBy !== null;
}

/** Lets the objects go that a file had before its relayout: what becomes of the file becomes of them. */
function releaseObjectsOf(tx: Tx, fileUid: string): void {
  for (const [key, row] of tx.rows.removals) {
    if (row.copied?.fileUid !== fileUid || row.copied.heldBy === null) continue;
    tx.rows.removals.set(key, { ...row, copied: { ...row.copied, heldBy: null }, dueAt: tx.now });
  }
}

/** In a project that is being deleted, the removal stays: its key must not escape the receipt (I7). */
function ofLiveProject(tx: Tx, key: string): boolean {
  const row = tx.rows.removals.get(key);
  return row !== undefined && isLive(tx, row.removal.projectUid);
}

export function finishRemovals(tx: Tx, keys: readonly string[]): void {
  for (const key of keys) if (ofLiveProject(tx, key)) tx.rows.removals.delete(key);
}

export function postponeRemoval(tx: Tx, key: string, delayMs: number): void {
  const row = tx.rows.removals.get(key);
  if (!row || !ofLiveProject(tx, key)) return;
  row.removal = { ...row.removal, attempts: row.removal.attempts + 1 };
  row.dueAt = tx.now + delayMs;
}
