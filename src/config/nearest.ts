import { LIMITS } from "../core/limits.ts";
import { nearest } from "../core/nearest.ts";
import { isSettingName, NAMES, TEST_PREFIX } from "./names.ts";

/** "NAME is not known; did you mean OTHER?" */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const found = nearest(name, candidates);
  const hint = found === null ? "" : `; did you mean ${found.name}?`;
  return `${name} is not known${hint === "" ? "." : hint}`;
}

const EXPUNGE_NAMES = Object.keys(NAMES).filter((name) => name.startsWith("EXPUNGE_"));
const R2_NAMES = Object.keys(NAMES).filter((name) => name.startsWith("R2_"));

/** Stores whose names keep the `2` of R2: Backblaze's and IDrive's settings are not misspelt R2 ones. */
const OTHER_STORES: ReadonlySet<string> = new Set(["B2", "E2"]);

/**
 * What is wrong with a name of the environment, or null. A setting that nobody reads is the original's
 * defect 0, so a name that can only be meant for expunge, and is none of its own, is refused.
 */
export function problemOfName(name: string): string | null {
  if (isSettingName(name) || name.startsWith(TEST_PREFIX)) return null;
  if (/^expunge_/i.test(name)) return didYouMean(name, EXPUNGE_NAMES);
  const own = nearest(name, EXPUNGE_NAMES);
  if (own !== null && own.distance <= LIMITS.nameEditsMax) return didYouMean(name, EXPUNGE_NAMES);
  const r2 = nearest(name, R2_NAMES);
  if (r2 === null || r2.distance > LIMITS.nameEditsMax || isAnotherProducts(name)) return null;
  return didYouMean(name, R2_NAMES);
}

/**
 * S3_ENDPOINT and CF_ACCOUNT_ID are two edits from a name of R2, and innocent: a first word that keeps
 * neither the R nor the 2 is a prefix of something else, no misspelling.
 */
function isAnotherProducts(name: string): boolean {
  const prefix = /^[A-Z0-9]{2}(?=_)/.exec(name.toUpperCase())?.[0];
  if (prefix === undefined) return false;
  return OTHER_STORES.has(prefix) || !/[R2]/.test(prefix);
}
