import { LIMITS } from "../../core/limits.ts";
import { partBytes } from "../../core/parts.ts";
import type { ObjectEntry, Part } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import type { StoredUpload } from "./making.ts";

/**
 * Fills an upload with the bytes of another object, part by part, which do not leave the store.
 * @throws StoreError; the signal's reason
 */
export async function copyParts(
  { store }: Pick<Context, "store">,
  { key, storeUploadId, partSizeBytes }: StoredUpload,
  source: Pick<ObjectEntry, "key" | "sizeBytes">,
  signal: AbortSignal,
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for (let number = 1; number <= LIMITS.partsMax; number++) {
    signal.throwIfAborted();
    const sizeBytes = partBytes(source.sizeBytes, partSizeBytes, number);
    if (sizeBytes === 0) break;
    const start = (number - 1) * partSizeBytes;
    const range = { start, end: start + sizeBytes - 1 };
    parts.push(await store.copyPart(key, storeUploadId, number, { key: source.key, range }));
  }
  return parts;
}
