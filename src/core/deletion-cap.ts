import { ExpungeError } from "./errors.ts";
import type { Instant } from "./model.ts";

/**
 * Refuses one more deletion where as many as are allowed were requested lately.
 * @param lately when, the newest first
 * @throws ExpungeError `too-many-deletions`
 */
export function refuseAtCap(
  cap: { readonly deletions: number; readonly withinMs: number },
  lately: readonly Instant[],
  now: Instant,
): void {
  const oldest = lately[cap.deletions - 1];
  if (oldest === undefined) return;
  throw new ExpungeError(
    "too-many-deletions",
    `The deletion of ${cap.deletions} projects was requested lately, and no more are taken for a while.`,
    { details: { retryAfterSeconds: Math.ceil((oldest + cap.withinMs - now) / 1000) } },
  );
}
