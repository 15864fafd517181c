import type { ErrorCode } from "../../core/errors.ts";
import { itemAt } from "../../core/item-at.ts";
import type { Residue } from "../../core/model.ts";

/** What keeps a deletion from its end. */
export interface Cause {
  readonly code: Residue["code"] | ErrorCode;
  readonly reason: string;
}

/** Of residue, of which there is some. */
export function blockedBy(residue: readonly Residue[]): Cause {
  const { code, message, surface } = itemAt(residue, 0);
  if (surface === "cdn") {
    const what = residue.length === 1 ? "1 purge" : `${residue.length} purges`;
    const was = residue.length === 1 ? "was" : "were";
    return {
      code,
      reason: `everything is removed, but ${what} of the CDN ${was} not accepted: ${message}`,
    };
  }
  const what = residue.length === 1 ? "1 key" : `${residue.length} keys`;
  return { code, reason: `${what} could not be removed: ${message}` };
}
