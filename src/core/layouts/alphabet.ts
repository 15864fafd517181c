import { INTERNAL_PREFIX } from "../keys.ts";
import { inUid, knowsUids, type LayoutAutomaton } from "./automaton.ts";
import type { Layout } from "./template.ts";

const PREFERRED = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

/**
 * The characters that the search for a counter-example has to try. What stands literally somewhere
 * stands for itself. All others are told apart only by the sets that they are in, so a few of each
 * class are enough: where two ids differ, they differ in one pair of characters, and every other
 * character can be exchanged for the first of its class without a change to what matches.
 * @param perClass 2 where two characters of the ids are compared with each other, else 1
 */
export function alphabetOf(
  layouts: readonly Layout[],
  automata: readonly LayoutAutomaton[],
  perClass: 1 | 2,
): readonly string[] {
  const literals = new Set(["/", ...automata.flatMap((one) => one.literals())]);
  if (automata.every((one) => one.canBeginWith(INTERNAL_PREFIX))) {
    for (const char of INTERNAL_PREFIX) literals.add(char);
  }
  const candidates = new Set(PREFERRED);
  for (const { ids } of layouts) {
    if (ids === "uid") continue;
    for (const char of ids.prefix) literals.add(char);
    for (const char of [...ids.chars, ...ids.separators]) candidates.add(char);
  }
  const taken = new Map<string, number>();
  const representatives: string[] = [];
  for (const char of candidates) {
    const name = classOf(layouts, char);
    const count = taken.get(name) ?? 0;
    if (literals.has(char) || count >= perClass) continue;
    taken.set(name, count + 1);
    representatives.push(char);
  }
  return [...representatives, ...literals, neitherOf(candidates, literals)];
}

/** The sets that a character is in, of those that any of the automata asks about. */
function classOf(layouts: readonly Layout[], char: string): string {
  return layouts
    .map(({ ids }) => {
      const uid = knowsUids(ids) ? `${inUid(char, 0)},${inUid(char, 1)}` : "";
      return ids === "uid" ? uid : `${uid},${ids.chars.has(char)},${ids.separators.has(char)}`;
    })
    .join(";");
}

/** A character that only `*` and `**` match. */
function neitherOf(candidates: ReadonlySet<string>, literals: ReadonlySet<string>): string {
  let code = "!".charCodeAt(0);
  for (;;) {
    const char = String.fromCharCode(code);
    if (!candidates.has(char) && !literals.has(char)) return char;
    code++;
  }
}
