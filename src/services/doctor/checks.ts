import { ERRORS, isExpungeError, messageOf } from "../../core/errors.ts";
import { isStoreError } from "../../core/store-errors.ts";
import { STORE_REMEDIES } from "../../core/store-remedies.ts";
import { DeniedCall } from "./rights.ts";

/** One look at the set-up. `ok` is null where it does not apply; that is no failure. */
export interface Check {
  readonly name: string;
  readonly ok: boolean | null;
  readonly detail: string;
  /** What to do; null unless it failed. */
  readonly remedy: string | null;
}

/** What is asked for: a sentence about what was seen, or null where it does not apply. */
export type Look = () => Promise<{ readonly ok: boolean | null; readonly detail: string }>;

export function passed(detail: string): { ok: true; detail: string } {
  return { ok: true, detail };
}

/** @param why why it does not apply */
export function notApplicable(why: string): { ok: null; detail: string } {
  return { ok: null, detail: why };
}

/** Takes one look; whatever it throws is a failed check that says what to do. */
export async function look(name: string, remedy: string, take: Look): Promise<Check> {
  try {
    const { ok, detail } = await take();
    return { name, ok, detail, remedy: ok === false ? remedy : null };
  } catch (error) {
    return failed(name, error, remedy);
  }
}

export function failed(name: string, error: unknown, remedy: string): Check {
  const code = isStoreError(error) ? ` (${error.code})` : "";
  return { name, ok: false, detail: messageOf(error) + code, remedy: remedyOf(error) ?? remedy };
}

/** What is known of this very failure. */
function remedyOf(error: unknown): string | null {
  if (error instanceof DeniedCall) return error.remedy;
  if (isStoreError(error)) return STORE_REMEDIES[error.code];
  if (!isExpungeError(error) || error.remedy === ERRORS[error.code]) return null;
  return error.remedy;
}

/** Thrown by a look that saw something wrong. */
export class Unexpected extends Error {
  override readonly name = "Unexpected" as const;
}
