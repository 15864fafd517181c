import { utf8Length } from "../encoding.ts";
import { ExpungeError } from "../errors.ts";
import type { IdFormat } from "../ids.ts";
import { itemAt } from "../item-at.ts";
import { INTERNAL_PREFIX } from "../keys.ts";
import { LIMITS } from "../limits.ts";

/** A layout as it is declared in the configuration. */
export interface LayoutDefinition {
  readonly name: string;
  readonly template: string;
}

/** A segment that is matched as it is written. */
export interface LiteralSegment {
  readonly kind: "literal";
  readonly text: string;
}

/** The segment `*`: any characters but `/`, also none. */
export interface AnySegment {
  readonly kind: "any";
}

/** The segment that holds `{project}`. */
export interface SlotSegment {
  readonly kind: "slot";
  /** What stands before `{project}`. */
  readonly before: string;
  /** What follows `{project}`, cut at each `*`: `_*.mp4` is `["_", ".mp4"]`, nothing is `[""]`. */
  readonly after: readonly string[];
}

export type Segment = LiteralSegment | AnySegment | SlotSegment;

/** A compiled layout: which keys may belong to a project, and to which. */
export interface Layout {
  readonly name: string;
  readonly template: string;
  /** The segments without a closing `**`. */
  readonly segments: readonly Segment[];
  readonly slot: SlotSegment;
  /** The number of the slot's segment, from 0. */
  readonly slotAt: number;
  /** Whether it ends with `**`: any rest, also an empty one, after the `/` before it. */
  readonly rest: boolean;
  /** What may stand in the slot: a project's id, or in the canonical layout its uid. */
  readonly ids: IdFormat | "uid";
  /**
   * Whether an id could go on in what follows the slot, so that the key alone does not show where it
   * ends. `createLayoutSet` refuses such a layout, with a counter-example where there is one.
   */
  readonly openSlot: boolean;
}

/** The name of the layout that new files are written in; no legacy layout may have it. */
export const CANONICAL_NAME = "canonical";

const SLOT = "{project}";
const NAME = /^[a-z0-9-]{1,40}$/;

/** The layout that new files are written in: everything below `projects/<project uid>/` (R3). */
export const CANONICAL_LAYOUT: Layout = compile(CANONICAL_NAME, `projects/${SLOT}/**`, "uid");

/**
 * Compiles a declared layout. The grammar: `/`-separated segments with exactly one `{project}`; a
 * segment is a literal, `*`, or a literal prefix, `{project}`, then nothing or literals and `*`; `**`
 * may be the last segment only.
 * @throws ExpungeError `invalid-layout`
 */
export function parseLayout(idFormat: IdFormat, definition: LayoutDefinition): Layout {
  const problem = problemOfName(definition.name);
  if (problem !== null) throw invalidLayout(definition, problem);
  return parseTemplate(idFormat, definition);
}

/**
 * The same for a layout whose name is given by us.
 * @throws ExpungeError `invalid-layout`
 */
export function parseTemplate(idFormat: IdFormat, definition: LayoutDefinition): Layout {
  const problem = problemOfTemplate(definition.template);
  if (problem !== null) throw invalidLayout(definition, problem);
  return compile(definition.name, definition.template, idFormat);
}

/** The error for a layout that cannot be used. */
export function invalidLayout(definition: LayoutDefinition, why: string): ExpungeError {
  const { name, template } = definition;
  const message = `The layout '${name.slice(0, 80)}' ('${template}') cannot be used: ${why}.`;
  return new ExpungeError("invalid-layout", message, { details: { layout: name, template } });
}

/** Whether every id of the format has the same length, so that its end needs no mark. */
export function hasFixedLength(format: IdFormat): boolean {
  return format.minLength === format.maxLength && format.separators.size === 0;
}

function problemOfName(name: string): string | null {
  if (!NAME.test(name)) return "a name has 1 to 40 characters of a-z, 0-9 and '-'";
  return name === CANONICAL_NAME ? `the name '${CANONICAL_NAME}' is expunge's own` : null;
}

function problemOfTemplate(template: string): string | null {
  if (!template.isWellFormed()) return "it is not valid Unicode";
  if (utf8Length(template) > LIMITS.keyBytesMax) {
    return `no key is longer than ${LIMITS.keyBytesMax} bytes`;
  }
  // Cc is the Unicode category of control characters, U+0000 to U+001F and U+007F to U+009F.
  if (/\p{Cc}/u.test(template)) return "it has a control character";
  const slots = template.split(SLOT).length - 1;
  if (slots !== 1) {
    return `it needs ${SLOT} exactly once and has it ${slots === 0 ? "nowhere" : `${slots} times`}`;
  }
  if (/[{}]/.test(template.replace(SLOT, ""))) {
    return `${SLOT} is all that braces can mean; write one layout per alternative`;
  }
  const segments = template.split("/");
  if (`${segments[0]}/` === INTERNAL_PREFIX) {
    return `what lies below '${INTERNAL_PREFIX}' is expunge's own and belongs to no project`;
  }
  for (const [i, segment] of segments.entries()) {
    const problem = problemOfSegment(segment, i === segments.length - 1);
    if (problem !== null) return `in segment ${i + 1}, '${segment}', ${problem}`;
  }
  return null;
}

function problemOfSegment(segment: string, last: boolean): string | null {
  if (segment === "") {
    return last
      ? "nothing follows the '/'; for everything below it write '/**'"
      : "there is nothing";
  }
  if (segment === "*" || (segment === "**" && last)) return null;
  if (segment.includes("**")) return "'**' does not stand alone as the last segment";
  const slotAt = segment.indexOf(SLOT);
  const starAt = segment.indexOf("*");
  if (slotAt < 0) return starAt < 0 ? null : "'*' stands neither alone nor after {project}";
  return starAt < 0 || starAt > slotAt ? null : `'*' stands before ${SLOT}`;
}

function compile(name: string, template: string, ids: IdFormat | "uid"): Layout {
  const texts = template.split("/");
  const rest = texts.at(-1) === "**";
  if (rest) texts.pop();
  const slotAt = texts.findIndex((text) => text.includes(SLOT));
  const slot = compileSlot(itemAt(texts, slotAt));
  const segments = texts.map((text, i) => (i === slotAt ? slot : compileSegment(text)));
  const openSlot = canContinue(ids, slot.after);
  return { name, template, segments, slot, slotAt, rest, ids, openSlot };
}

function compileSegment(text: string): LiteralSegment | AnySegment {
  return text === "*" ? { kind: "any" } : { kind: "literal", text };
}

function compileSlot(text: string): SlotSegment {
  const at = text.indexOf(SLOT);
  const after = text.slice(at + SLOT.length).split("*");
  return { kind: "slot", before: text.slice(0, at), after };
}

function canContinue(ids: IdFormat | "uid", after: readonly string[]): boolean {
  if (ids === "uid" || hasFixedLength(ids)) return false;
  const [first = ""] = after;
  // Empty means that the segment ends here, or that a `*` follows, which can be anything.
  if (first === "") return after.length > 1;
  return ids.chars.has(first.charAt(0)) || ids.separators.has(first.charAt(0));
}
