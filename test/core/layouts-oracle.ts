/**
 * A second opinion on layouts, written so that it shares nothing with the source: it puts every
 * substring of a key that looks like an id into the template and asks a regular expression.
 */
export interface OracleFormat {
  /** What `parseIdFormat` reads; null is the default format. */
  readonly declared: string | null;
  /** The ids as a regular expression, uids aside. */
  readonly pattern: RegExp;
}

export const DEFAULT_ORACLE: OracleFormat = {
  declared: null,
  pattern: /^(?=.{1,63}$)[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$/,
};

const UID_PATTERN = /^[0-7][0123456789abcdefghjkmnpqrstvwxyz]{25}$/;
const CANONICAL_PATTERN = /^projects\/([0-7][0123456789abcdefghjkmnpqrstvwxyz]{25})\/.*$/s;

/** All ids to which a template gives a key. */
export function idsByOracle(format: OracleFormat, template: string, key: string): Set<string> {
  const ids = new Set<string>();
  if (key.startsWith(".expunge/") || !patternFor(template, "[^/]+").test(key)) return ids;
  for (let from = 0; from < key.length; from++) {
    for (let to = from + 1; to <= Math.min(key.length, from + 63); to++) {
      const id = key.slice(from, to);
      if (!format.pattern.test(id) || UID_PATTERN.test(id)) continue;
      if (patternFor(template, id).test(key)) ids.add(id);
    }
  }
  return ids;
}

/** The uid that the canonical layout gives a key, in a set like that of `idsByOracle`. */
export function uidsByOracle(key: string): Set<string> {
  const uid = CANONICAL_PATTERN.exec(key)?.[1];
  return new Set(uid === undefined ? [] : [uid]);
}

/** Whether a template gives a key to an id. */
export function isOwnerByOracle(
  format: OracleFormat,
  template: string,
  key: string,
  id: string,
): boolean {
  if (key.startsWith(".expunge/") || UID_PATTERN.test(id)) return false;
  return format.pattern.test(id) && patternFor(template, id).test(key);
}

/** The keys of one id, as a regular expression. */
export function patternFor(template: string, id: string): RegExp {
  const source = template
    .split(/(\{project\}|\*\*|\*)/)
    .map((part) => {
      if (part === "{project}") return id;
      if (part === "**") return "[\\s\\S]*";
      if (part === "*") return "[^/]*";
      return part.replaceAll(/[.$^()[\]{}|?+\\]/g, String.raw`\$&`);
    })
    .join("");
  return new RegExp(`^${source}$`);
}
