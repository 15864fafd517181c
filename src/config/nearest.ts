import { isSettingName, NAMES, TEST_PREFIX } from "./names.ts";

/** Levenshtein's distance: insertions, removals and replacements of single characters. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The candidate with the smallest distance, case aside; the first of several. */
export function nearest(
  name: string,
  candidates: readonly string[],
): { readonly name: string; readonly distance: number } | null {
  let best: { name: string; distance: number } | null = null;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (best === null || distance < best.distance) best = { name: candidate, distance };
  }
  return best;
}

/** "NAME is not known; did you mean OTHER?" */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const found = nearest(name, candidates);
  const hint = found === null ? "" : `; did you mean ${found.name}?`;
  return `${name} is not known${hint === "" ? "." : hint}`;
}

const EXPUNGE_NAMES = Object.keys(NAMES).filter((name) => name.startsWith("EXPUNGE_"));
const R2_NAMES = Object.keys(NAMES).filter((name) => name.startsWith("R2_"));

/** More edits than these make another word. */
const EDITS_MAX = 2;

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
  if (own !== null && own.distance <= EDITS_MAX) return didYouMean(name, EXPUNGE_NAMES);
  const r2 = nearest(name, R2_NAMES);
  if (r2 === null || r2.distance > EDITS_MAX || isAnotherProducts(name)) return null;
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
