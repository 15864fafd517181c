import { compareUtf8 } from "../../../core/encoding.ts";
import { itemAt } from "../../../core/item-at.ts";
import type { FileRow } from "../../../core/model.ts";
import type {
  SplitQuery,
  StoredFile,
  StoredFileCursor,
  StoredFileQuery,
} from "../../../ports/metadata/index.ts";
import type { Tx } from "./state.ts";

/** What audits read of the rows of all projects. */
function* storedFiles(tx: Tx): Generator<StoredFile> {
  for (const files of tx.rows.files.values()) {
    for (const file of files.values()) {
      if (file.key !== null) yield viewOf(file, file.key);
    }
  }
}

function viewOf(file: FileRow, key: string): StoredFile {
  const { uid: fileUid, projectUid, path, sizeBytes, etag, sha256, updatedAt } = file;
  return { fileUid, projectUid, path, key, sizeBytes, etag, sha256, updatedAt };
}

function compare(a: StoredFile, b: StoredFile): number {
  return compareUtf8(a.key, b.key) || compareUtf8(a.fileUid, b.fileUid);
}

function isBehind(file: StoredFile, { key, fileUid }: StoredFileCursor): boolean {
  const order = compareUtf8(file.key, key);
  return order === 0 && fileUid !== null ? compareUtf8(file.fileUid, fileUid) > 0 : order > 0;
}

export function listStoredFiles(
  tx: Tx,
  { limit, after, until }: StoredFileQuery,
): readonly StoredFile[] {
  return [...storedFiles(tx)]
    .filter((file) => after === undefined || isBehind(file, after))
    .filter(({ key }) => until === undefined || compareUtf8(key, until) <= 0)
    .sort(compare)
    .slice(0, limit);
}

export function splitStoredKeys(tx: Tx, { parts, rowsMin }: SplitQuery): readonly string[] {
  const keys = [...storedFiles(tx)].map(({ key }) => key).sort(compareUtf8);
  const ranges = Math.min(parts, Math.floor(keys.length / rowsMin));
  if (ranges < 2) return [];
  const last = keys.length - 1;
  const places = Array.from({ length: ranges + 1 }, (_, i) => Math.floor((last * i) / ranges));
  return [...new Set(places.map((place) => itemAt(keys, place)))];
}

export function findStoredFiles(tx: Tx, keys: readonly string[]): readonly StoredFile[] {
  const asked = new Set(keys);
  return [...storedFiles(tx)].filter(({ key }) => asked.has(key)).sort(compare);
}

export function whichNamed(tx: Tx, keys: readonly string[]): ReadonlySet<string> {
  const named = new Set<string>(tx.rows.removals.keys());
  for (const { key } of storedFiles(tx)) named.add(key);
  for (const { upload } of tx.rows.uploads.values()) named.add(upload.key);
  return new Set(keys.filter((key) => named.has(key)));
}

export function whichUploadsStand(tx: Tx, ids: readonly string[]): ReadonlySet<string> {
  const standing = new Set<string | null>();
  for (const { upload, settled } of tx.rows.uploads.values()) {
    const { state, expiresAt, storeUploadId } = upload;
    const isOver = state === "committed" || settled || (state === "open" && expiresAt <= tx.now);
    if (!isOver) standing.add(storeUploadId);
  }
  return new Set(ids.filter((id) => standing.has(id)));
}
