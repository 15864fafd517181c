import { ExpungeError } from "../../core/errors.ts";
import { quarantineKey } from "../../core/keys.ts";
import { LIMITS } from "../../core/limits.ts";
import { planParts } from "../../core/parts.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { Context } from "../context.ts";
import { listKey } from "../listing.ts";
import { proveCopy } from "../uploads/proof.ts";
import { copyParts } from "../uploads/copying.ts";
import { endAfterFailure, endUpload } from "../uploads/ending.ts";
import {
  beginUpload,
  makeObject,
  newUid,
  type StoredUpload,
  whileFresh,
} from "../uploads/making.ts";

/** What every store says of bytes of which nothing is known. */
const CONTENT_TYPE = "application/octet-stream";

export interface Orphan {
  readonly key: string;
  readonly projectUid: string;
  readonly sizeBytes: number;
}

/** What became of a copy: an upload that stands for it, or why there is none. */
export type Aside =
  | { readonly upload: StoredUpload; readonly code: null }
  | { readonly upload: null; readonly code: "changed" | "copy-differs" };

/**
 * Copies an orphan within the store to the quarantine of its project, and proves the copy byte for byte. It
 * comes into being as every object of a project does (R1), by an upload that was recorded while the project
 * was active: the fence of a deletion ends it, and the sweep finds what came of it (I1). Until `keepAside`
 * the upload stands for it, and what a crash leaves is removed like that of any other upload.
 * `changed`: the orphan is another object by now. `copy-differs`: the copy is not what was copied, or a
 * listing does not show it so; it is removed in either case.
 * @throws ExpungeError `project-not-active`, `upload-not-open`, `quota-exceeded`, `file-too-large`; StoreError
 */
export async function copyAside(
  context: Context,
  { key, projectUid, sizeBytes: size }: Orphan,
  signal: AbortSignal,
): Promise<Aside> {
  const source = await context.store.head(key, signal);
  if (source.sizeBytes !== size) return { upload: null, code: "changed" };
  const { partSizeBytes } = planParts(
    size,
    await context.store.capabilities({ signal }),
    LIMITS.auditCopyPartBytes,
  );
  const fileUid = await newUid(context);
  const upload = await beginUpload(context, {
    id: await newUid(context),
    projectUid,
    path: "quarantine",
    key: quarantineKey(projectUid, fileUid, key),
    fileUid,
    // It takes nothing of the project's quota, of which the orphan had taken nothing.
    sizeBytes: null,
    partSizeBytes,
    contentType: CONTENT_TYPE,
    metadata: {},
    direct: false,
    expiresInMs: LIMITS.uploadExpiryMs,
  });
  try {
    const parts = await copyParts(context, upload, { key, sizeBytes: size }, signal);
    await makeObject(context, upload, parts);
    const copied = { source, copyKey: upload.key, parts };
    const { result } = await whileFresh(context, upload.id, () =>
      proveCopy(context, copied, signal),
    );
    const copy = result === "equal" ? await listKey(context, upload.key, signal) : null;
    if (copy?.sizeBytes === size) return { upload, code: null };
    await endUpload(context, upload.id);
    return { upload: null, code: result === "changed" ? "changed" : "copy-differs" };
  } catch (error) {
    if (error instanceof StoreError || error instanceof ExpungeError) {
      await endAfterFailure(context, upload);
    }
    throw error;
  }
}

/** From here on the copy stands by itself. @throws ExpungeError as `keepUnnamed`; then it is removed */
export async function keepAside(context: Context, upload: StoredUpload): Promise<void> {
  try {
    await context.metadata.keepUnnamed(upload.id);
  } catch (error) {
    if (error instanceof ExpungeError) await endAfterFailure(context, upload);
    throw error;
  }
}
