import { itemAt } from "../item-at.ts";
import { INTERNAL_PREFIX } from "../keys.ts";
import { LIMITS } from "../limits.ts";
import { alphabetOf } from "./alphabet.ts";
import { idLengths, LayoutAutomaton, type Move } from "./automaton.ts";
import type { Layout } from "./template.ts";

/** A key that two layouts give to two different projects. */
export interface Conflict {
  readonly key: string;
  /** The id (in the canonical layout: the uid) by the first layout. */
  readonly firstId: string;
  /** The id by the second layout, never the same as the first. */
  readonly secondId: string;
}

/** A layout and its automaton, made once and used for every pair. */
export interface Provable {
  readonly layout: Layout;
  readonly automaton: LayoutAutomaton;
}

export function provable(layout: Layout): Provable {
  return { layout, automaton: new LayoutAutomaton(layout) };
}

/**
 * Decides exactly whether a key exists that both layouts match with two different ids, and answers the
 * shortest in characters, or null. For one layout, pass it twice. Keys below `.expunge/` and keys of
 * more characters than a key may have bytes are no conflicts. Ids never have the shape of a uid, so for
 * the canonical layout every common key is one.
 *
 * It is a search, breadth first, through the product of both automata, beside which a verdict on the
 * ids is carried.
 */
export function findConflict(first: Provable, second: Provable): Conflict | null {
  const same = first.layout === second.layout;
  const canonical = (first.layout.ids === "uid") !== (second.layout.ids === "uid");
  if (!canonical && readSameId(first.layout, second.layout)) return null;
  if (canonical || !same) {
    const common = new Search(first, second, DIFFERENT).run();
    // Most pairs have no key in common, and this is much the smaller search.
    if (common === null || canonical) return common;
  }
  return new Search(first, second, OPEN).run();
}

/**
 * Whether both layouts read the same id in every common key, because it begins at the same place and
 * ends by the same rule: at the fixed length, or before the first character that no id has. This spares
 * the search for most pairs that have keys in common.
 */
function readSameId(first: Layout, second: Layout): boolean {
  return orderOf(first, second) === 0 && !first.openSlot && !second.openSlot;
}

/**
 * What is known of the two ids:
 * - `DIFFERENT`: they differ, or that does not matter
 * - `OPEN`: neither has ended, and nothing is claimed
 * - `ENDED + n`: one of them had n characters, and the other has not ended
 * - from `#claims` on: it is claimed that they differ at a place, where the earlier one has a certain
 *   character; the claim holds once the later one has another character there
 */
const DIFFERENT = 0;
const OPEN = 1;
const ENDED = 2;
const ONLY_DIFFERENT = [DIFFERENT];
/** Not a verdict: the ids cannot differ on this way. */
const NEVER = -1;

/** How much of `.expunge/` the key is so far; or the key has left it. */
const OUTSIDE = INTERNAL_PREFIX.length;

class Search {
  readonly #first: LayoutAutomaton;
  readonly #second: LayoutAutomaton;
  readonly #alphabet: readonly string[];
  readonly #claims: number;
  readonly #verdicts: number;
  readonly #initial: number;
  readonly #order: number;
  readonly #prefixLength: number;

  // The states that were reached, in order, field by field: this holds hundreds of thousands.
  readonly #seen = new Set<number>();
  readonly #a: number[] = [];
  readonly #b: number[] = [];
  readonly #verdict: number[] = [];
  readonly #internal: number[] = [];
  readonly #parent: number[] = [];
  readonly #char: number[] = [];

  constructor(first: Provable, second: Provable, initial: number) {
    this.#first = first.automaton;
    this.#second = second.automaton;
    this.#order = orderOf(first.layout, second.layout);
    const compared = initial === OPEN && this.#order !== 0;
    this.#alphabet = alphabetOf(
      [first.layout, second.layout],
      [first.automaton, second.automaton],
      compared ? 2 : 1,
    );
    const { ids } = first.layout;
    const { max } = idLengths(ids);
    this.#prefixLength = ids === "uid" ? 0 : ids.prefix.length;
    this.#claims = ENDED + max + 1;
    // Small numbers for states where nothing is claimed: a set of them is several times faster.
    this.#verdicts = this.#claims + (compared ? max * this.#alphabet.length : 0);
    this.#initial = initial;
  }

  run(): Conflict | null {
    for (const a of this.#first.starts) {
      for (const b of this.#second.starts) this.#reach(a, b, this.#initial, 0, -1, -1);
    }
    let levelEnd = this.#a.length;
    let length = 0;
    for (let node = 0; node < this.#a.length; node++) {
      if (node === levelEnd) {
        levelEnd = this.#a.length;
        length++;
        if (length >= LIMITS.keyBytesMax) return null;
      }
      const found = this.#expand(node);
      if (found !== null) return found;
    }
    return null;
  }

  /** Reaches what one more character leads to; answers when the key is a conflict. */
  #expand(node: number): Conflict | null {
    const a = itemAt(this.#a, node);
    const b = itemAt(this.#b, node);
    const verdict = itemAt(this.#verdict, node);
    for (let symbol = 0; symbol < this.#alphabet.length; symbol++) {
      const char = itemAt(this.#alphabet, symbol);
      const movesA = this.#first.step(a, char);
      if (movesA.length === 0) continue;
      const internal = nextInternal(itemAt(this.#internal, node), char);
      if (internal === null) continue;
      for (const moveB of this.#second.step(b, char)) {
        for (const moveA of movesA) {
          for (const next of this.#verdictsAfter(verdict, moveA, moveB, symbol)) {
            this.#reach(moveA.to, moveB.to, next, internal, node, symbol);
            const accepted = next === DIFFERENT && this.#first.accepts(moveA.to);
            if (accepted && this.#second.accepts(moveB.to)) return this.#conflict();
          }
        }
      }
    }
    return null;
  }

  #reach(
    a: number,
    b: number,
    verdict: number,
    internal: number,
    parent: number,
    char: number,
  ): void {
    const pair = a * this.#second.size + b;
    const state = (pair * this.#verdicts + verdict) * (OUTSIDE + 1) + internal;
    if (this.#seen.has(state)) return;
    this.#seen.add(state);
    this.#a.push(a);
    this.#b.push(b);
    this.#verdict.push(verdict);
    this.#internal.push(internal);
    this.#parent.push(parent);
    this.#char.push(char);
  }

  /** The verdicts that are possible after both layouts went on with a character; none is a dead end. */
  #verdictsAfter(verdict: number, a: Move, b: Move, symbol: number): readonly number[] {
    if (verdict === DIFFERENT) return ONLY_DIFFERENT;
    const [earlier, later] = this.#order <= 0 ? [a, b] : [b, a];
    if (verdict >= this.#claims) {
      const claimed = this.#afterClaim(verdict, later, symbol);
      return claimed === NEVER ? [] : [claimed];
    }
    const verdicts: number[] = [];
    const byLength = afterEnds(verdict, a.ended, b.ended);
    if (byLength !== NEVER) verdicts.push(byLength);
    // With a common beginning the ids are the same character by character: only lengths can differ.
    const claimable = this.#order !== 0 && verdict === OPEN && later.ended === 0;
    if (claimable && earlier.at >= this.#prefixLength) {
      verdicts.push(this.#claims + earlier.at * this.#alphabet.length + symbol);
    }
    return verdicts;
  }

  #afterClaim(verdict: number, later: Move, symbol: number): number {
    const claim = verdict - this.#claims;
    const at = Math.floor(claim / this.#alphabet.length);
    if (later.at === at) return claim % this.#alphabet.length === symbol ? NEVER : DIFFERENT;
    // An id that ends before the place is shorter than the other, which needs no claim.
    return later.ended > 0 ? NEVER : verdict;
  }

  /** Reads the key and both ids off the way to the state that was reached last. */
  #conflict(): Conflict {
    let key = "";
    let firstId = "";
    let secondId = "";
    for (let node = this.#a.length - 1; ;) {
      const parent = itemAt(this.#parent, node);
      if (parent < 0) return { key, firstId, secondId };
      const char = itemAt(this.#alphabet, itemAt(this.#char, node));
      key = char + key;
      if (this.#first.placeIn(itemAt(this.#a, parent)) >= 0) firstId = char + firstId;
      if (this.#second.placeIn(itemAt(this.#b, parent)) >= 0) secondId = char + secondId;
      node = parent;
    }
  }
}

/** Whether in every common key the first id begins before the second: -1, with it: 0, after it: 1. */
function orderOf(first: Layout, second: Layout): number {
  const bySegment = first.slotAt - second.slotAt;
  return Math.sign(bySegment || first.slot.before.length - second.slot.before.length);
}

/** The verdict by the lengths of ids that end now, 0 for one that does not. */
function afterEnds(verdict: number, first: number, second: number): number {
  if (first > 0 && second > 0) return first === second ? NEVER : DIFFERENT;
  const ended = first + second;
  if (ended === 0) return verdict;
  if (verdict === OPEN) return ENDED + ended;
  return verdict - ENDED === ended ? NEVER : DIFFERENT;
}

/** How much of `.expunge/` the key is with one more character; null when it lies below. */
function nextInternal(internal: number, char: string): number | null {
  if (internal === OUTSIDE || INTERNAL_PREFIX[internal] !== char) return OUTSIDE;
  return internal + 1 === OUTSIDE ? null : internal + 1;
}
