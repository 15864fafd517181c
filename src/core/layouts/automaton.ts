import { CROCKFORD, type IdFormat, UID_LENGTH } from "../ids.ts";
import type { Layout } from "./template.ts";

/**
 * Layouts as small automata, for the proof in overlap.ts. An id is read by a deterministic automaton
 * whose state is a number: how many characters were read, whether the last one was a separator, and
 * whether the text can still become a uid (which no id may be).
 */
const AFTER_SEPARATOR = 2;
const UID_SO_FAR = 1;
const FLAGS = 4;
const CHAR_CODES = 0x10000;

const FIRST_OF_UID = new Set(CROCKFORD.slice(0, 8));
const REST_OF_UID = new Set(CROCKFORD);

/** Whether the character can stand at a place of a uid. */
export function inUid(char: string, at: number): boolean {
  return (at === 0 ? FIRST_OF_UID : REST_OF_UID).has(char);
}

/** How many characters an id of the format (or a uid) may have, its literal prefix included. */
export function idLengths(ids: IdFormat | "uid"): { min: number; max: number } {
  if (ids === "uid") return { min: UID_LENGTH, max: UID_LENGTH };
  return { min: ids.prefix.length + ids.minLength, max: ids.prefix.length + ids.maxLength };
}

/** Whether the shape of a uid matters: the slot holds uids, or ids of the same length. */
export function knowsUids(ids: IdFormat | "uid"): boolean {
  const { min, max } = idLengths(ids);
  return min <= UID_LENGTH && UID_LENGTH <= max;
}

class IdAutomaton {
  readonly #ids: IdFormat | "uid";
  readonly #max: number;
  readonly #min: number;
  readonly start: number;

  constructor(ids: IdFormat | "uid") {
    this.#ids = ids;
    const { min, max } = idLengths(ids);
    this.#min = min;
    this.#max = max;
    // An id begins as after a separator: none may stand there.
    this.start = AFTER_SEPARATOR + (knowsUids(ids) ? UID_SO_FAR : 0);
  }

  get size(): number {
    return (this.#max + 1) * FLAGS;
  }

  /** The next state, or -1. */
  step(state: number, char: string): number {
    const read = readBy(state);
    if (read >= this.#max) return -1;
    const uid = (state & UID_SO_FAR) !== 0 && read < UID_LENGTH && inUid(char, read);
    const next = (read + 1) * FLAGS + (uid ? UID_SO_FAR : 0);
    const ids = this.#ids;
    if (ids === "uid") return uid ? next : -1;
    if (read < ids.prefix.length) return ids.prefix[read] === char ? next + AFTER_SEPARATOR : -1;
    if (ids.chars.has(char)) return next;
    const separates = ids.separators.has(char) && (state & AFTER_SEPARATOR) === 0;
    return separates ? next + AFTER_SEPARATOR : -1;
  }

  accepts(state: number): boolean {
    const read = readBy(state);
    if (this.#ids === "uid") return read === UID_LENGTH;
    const isUid = read === UID_LENGTH && (state & UID_SO_FAR) !== 0;
    return read >= this.#min && (state & AFTER_SEPARATOR) === 0 && !isUid;
  }
}

function readBy(idState: number): number {
  return Math.floor(idState / FLAGS);
}

type Token = { readonly char: string } | "any" | "slot" | "rest";

function tokensOf(layout: Layout): Token[] {
  const tokens: Token[] = [];
  const literal = (text: string): void => {
    for (let i = 0; i < text.length; i++) tokens.push({ char: text.charAt(i) });
  };
  for (const [i, segment] of layout.segments.entries()) {
    if (i > 0) literal("/");
    if (segment.kind === "any") tokens.push("any");
    else if (segment.kind === "literal") literal(segment.text);
    else {
      literal(segment.before);
      tokens.push("slot");
      for (const [k, piece] of segment.after.entries()) {
        if (k > 0) tokens.push("any");
        literal(piece);
      }
    }
  }
  if (layout.rest) {
    literal("/");
    tokens.push("rest");
  }
  return tokens;
}

/** How a layout goes on with a character. */
export interface Move {
  readonly to: number;
  /** The place in the project's id that the character takes, or -1. */
  readonly at: number;
  /** The id's length when it ends with the character, or 0. */
  readonly ended: number;
}

/**
 * The nondeterministic automaton of a layout's keys, a character (UTF-16 unit) at a time. A state is a
 * place between tokens, 0 to their number, or beyond that a state of the id in the slot.
 */
export class LayoutAutomaton {
  readonly #tokens: readonly Token[];
  readonly #slotAt: number;
  readonly #id: IdAutomaton;
  readonly #steps = new Map<number, readonly Move[]>();
  readonly size: number;
  readonly starts: readonly number[];

  constructor(layout: Layout) {
    this.#tokens = tokensOf(layout);
    this.#slotAt = this.#tokens.indexOf("slot");
    this.#id = new IdAutomaton(layout.ids);
    this.size = this.#tokens.length + 1 + this.#id.size;
    this.starts = this.#reach([0]);
  }

  /** The characters that stand literally in the layout. */
  literals(): string[] {
    return this.#tokens.flatMap((token) => (typeof token === "object" ? [token.char] : []));
  }

  /** Whether a key may end in this state. */
  accepts(state: number): boolean {
    return state === this.#tokens.length;
  }

  /** The place in the id that the next character takes, or -1 when none of it is due. */
  placeIn(state: number): number {
    if (state === this.#slotAt) return 0;
    return state > this.#tokens.length ? readBy(state - this.#tokens.length - 1) : -1;
  }

  /** What a character leads to. */
  step(state: number, char: string): readonly Move[] {
    const memo = state * CHAR_CODES + char.charCodeAt(0);
    let moves = this.#steps.get(memo);
    if (moves === undefined) {
      const at = this.placeIn(state);
      moves = this.#stepAnew(state, char).map((to) => {
        const ended = at >= 0 && to <= this.#tokens.length ? at + 1 : 0;
        return { to, at, ended };
      });
      this.#steps.set(memo, moves);
    }
    return moves;
  }

  /** Whether some key begins with the text. */
  canBeginWith(text: string): boolean {
    let states: readonly number[] = this.starts;
    for (let i = 0; i < text.length; i++) {
      const char = text.charAt(i);
      states = states.flatMap((state) => this.step(state, char).map(({ to }) => to));
    }
    return states.length > 0;
  }

  #stepAnew(state: number, char: string): readonly number[] {
    const count = this.#tokens.length;
    if (state > count) return this.#stepId(state - count - 1, char);
    const token = this.#tokens[state];
    if (token === undefined) return [];
    if (token === "slot") return this.#stepId(this.#id.start, char);
    if (token === "rest") return this.#reach([state]);
    if (token === "any") return char === "/" ? [] : this.#reach([state]);
    return token.char === char ? this.#reach([state + 1]) : [];
  }

  #stepId(idState: number, char: string): readonly number[] {
    const next = this.#id.step(idState, char);
    if (next < 0) return [];
    const going = this.#tokens.length + 1 + next;
    return this.#id.accepts(next) ? [going, ...this.#reach([this.#slotAt + 1])] : [going];
  }

  /** Adds the states that are reached without a character: `*` and `**` also match nothing. */
  #reach(states: readonly number[]): readonly number[] {
    const all = [...states];
    for (const state of all) {
      const token = this.#tokens[state];
      if (token === "any" || token === "rest") all.push(state + 1);
    }
    return all;
  }
}
