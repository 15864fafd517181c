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
  const { code, message } = itemAt(residue, 0);
  const what = residue.length === 1 ? "1 key" : `${residue.length} keys`;
  return { code, reason: `${what} could not be removed: ${message}` };
}
