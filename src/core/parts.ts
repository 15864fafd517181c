import { ExpungeError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

export interface PartPlan {
  readonly partSizeBytes: number;
  readonly partCount: number;
}

/**
 * Divides a file into parts: all equal but the last (R2 demands it), within the store's bounds, and
 * no more than the 10,000 that S3 allows.
 * @throws ExpungeError `file-too-large`
 */
export function planParts(
  sizeBytes: number,
  store: { readonly partBytesMin: number; readonly partBytesMax: number },
  wishedBytes: number = LIMITS.partBytesDefault,
): PartPlan {
  const fewest = Math.ceil(sizeBytes / LIMITS.partsMax);
  const partSizeBytes = Math.max(
    Math.min(wishedBytes, store.partBytesMax),
    store.partBytesMin,
    fewest,
    1,
  );
  if (sizeBytes > LIMITS.fileBytesMax || partSizeBytes > store.partBytesMax) {
    throw new ExpungeError(
      "file-too-large",
      `A file of ${sizeBytes} bytes is larger than the store allows.`,
    );
  }
  return { partSizeBytes, partCount: Math.ceil(sizeBytes / partSizeBytes) };
}

/** How many bytes the part of this number (from 1) has; 0 where the plan has no such part. */
export function partBytes(sizeBytes: number, partSizeBytes: number, partNumber: number): number {
  const before = (partNumber - 1) * partSizeBytes;
  if (!Number.isInteger(partNumber) || partNumber < 1 || before >= sizeBytes) return 0;
  return Math.min(partSizeBytes, sizeBytes - before);
}
