import { ExpungeError } from "../core/errors.ts";
import type { Instant } from "../core/model.ts";

/**
 * Until when something is kept: for so long, or until then; for ever where neither is given.
 * @throws ExpungeError `invalid-request` where both are: the one that was not meant would be lost
 */
export function lifeOf(given: { readonly ttlMs?: number; readonly expiresAt?: Instant }): {
  readonly ttlMs: number | null;
  readonly expiresAt: Instant | null;
} {
  const { ttlMs = null, expiresAt = null } = given;
  if (ttlMs !== null && expiresAt !== null) {
    throw new ExpungeError(
      "invalid-request",
      "Give a time to live or 'expiresAt', not both: they may not agree.",
    );
  }
  return { ttlMs, expiresAt };
}
