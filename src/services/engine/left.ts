import { LIMITS } from "../../core/limits.ts";
import type { Evidence, Residue, Surface } from "../../core/model.ts";

/** What the last listings of a run left: the residue, and whether everything else is known to be gone. */
export class Left {
  readonly residue: readonly Residue[];
  /** Whether every surface was listed whole, so that what is no residue is gone (R6). */
  readonly isSure: boolean;
  readonly #byPlace: ReadonlyMap<string, Residue>;

  /**
   * @param refused what the sweep could not remove, and why
   * @param look what every surface showed after it
   */
  constructor(
    refused: readonly Residue[],
    {
      evidence,
      found,
    }: { readonly evidence: readonly Evidence[]; readonly found: readonly Residue[] },
  ) {
    const isWhole = found.every(({ outcome }) => outcome !== "unknown");
    // Of a surface that shows more, only so many keys are named.
    this.isSure = isWhole && evidence.every(({ entries }) => entries <= LIMITS.listPageKeys);
    const reasons = new Map(refused.map((residue) => [placeOf(residue), residue]));
    const all = new Map<string, Residue>();
    for (const residue of found) {
      const place = placeOf(residue);
      all.set(place, reasons.get(place) ?? residue);
    }
    if (!this.isSure) for (const [place, residue] of reasons) all.set(place, residue);
    this.residue = [...all.values()];
    this.#byPlace = all;
  }

  /** The residue at a key; its uploads are told apart from its objects. */
  at(surface: Surface, key: string): Residue | undefined {
    return this.#byPlace.get(placeOf({ surface, key }));
  }
}

/** One place for all surfaces that an object shows on; another one for the uploads to its key. */
export function placeOf({ surface, key }: Pick<Residue, "surface" | "key">): string {
  return surface === "multipart" ? `\0${key}` : key;
}
