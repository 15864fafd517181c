import type { Instant } from "../core/model.ts";
import type { Refusal } from "./removing.ts";
import type { Unit } from "./sweep-units.ts";

/** How far a sweep has come: what another process needs to go on where this one was killed. */
export interface SweepStand {
  /** What was removed in pages that are through. */
  readonly removed: number;
  readonly bytes: number;
  /** All objects up to this key are through; null where a listing begins at its start. */
  readonly behind: string | null;
  /** What was being removed: some of it may be gone, and none of it is in the counts above. */
  readonly inHand: readonly Unit[];
}

export const NOTHING_YET: SweepStand = { removed: 0, bytes: 0, behind: null, inHand: [] };

/** What became of one object, version or upload, as a line of a report. */
export interface SweepLine {
  readonly key: string;
  readonly versionId?: string;
  readonly uploadId?: string;
  readonly sizeBytes: number;
  readonly at: Instant;
  /** Null in a dry run. `deleted` is what the store says until a listing confirms it (R5, R6). */
  readonly outcome: "deleted" | Refusal["outcome"] | null;
  readonly code?: string;
  readonly message?: string;
}

/** Where a sweep writes down what it does. Calls of `report` may overlap. */
export interface SweepRecord {
  /** What an earlier process left, where this one goes on. */
  readonly from: SweepStand;
  /** Durable before it returns: the units in hand are removed then. */
  readonly save: (stand: SweepStand) => Promise<void>;
  readonly report: (lines: readonly SweepLine[]) => Promise<void>;
}

export interface PageInHand {
  readonly units: readonly Unit[];
  /** Of the listing's page, also where nothing of it is taken. */
  readonly lastKey: string | null;
  isThrough: boolean;
}

/** Keeps the stand of one pass after the other. */
export class StandKeeper {
  readonly #record: SweepRecord;
  #removed: number;
  #bytes: number;
  #behind: string | null;
  /** What an earlier process had in hand, until a listing shows what is left of it. */
  readonly #carried: Map<string, Unit>;
  readonly #pages: PageInHand[] = [];
  #keepsPlace = true;

  constructor(record: SweepRecord) {
    const { from } = record;
    this.#record = record;
    this.#removed = from.removed;
    this.#bytes = from.bytes;
    this.#behind = from.behind;
    this.#carried = new Map(from.inHand.map((unit) => [unit.id, unit]));
  }

  get behind(): string | null {
    return this.#behind;
  }

  /** Before any unit of the page is removed. */
  async begin(units: readonly Unit[], lastKey: string | null): Promise<PageInHand> {
    const page = { units, lastKey, isThrough: units.length === 0 };
    this.#pages.push(page);
    this.#advance();
    await this.#save();
    return page;
  }

  /** The store has answered for each of the page; refused is what it keeps, by the units' ids. */
  async end(page: PageInHand, refused: ReadonlyMap<string, Refusal>): Promise<void> {
    await this.#record.report(page.units.map((unit) => lineOf(unit, refused.get(unit.id))));
    for (const unit of page.units) {
      this.#carried.delete(unit.id);
      if (!refused.has(unit.id)) this.#count(unit);
    }
    page.isThrough = true;
    this.#advance();
  }

  /** A listing was gone through: the next one begins at the start, and what it did not show is gone. */
  async passed(): Promise<void> {
    const gone = [...this.#carried.values()];
    await this.#record.report(gone.map((unit) => lineOf(unit, undefined)));
    for (const unit of gone) this.#count(unit);
    this.#carried.clear();
    this.#behind = null;
    this.#keepsPlace = false;
    await this.#save();
  }

  #count({ sizeBytes }: Unit): void {
    this.#removed++;
    this.#bytes += sizeBytes;
  }

  #advance(): void {
    while (this.#pages[0]?.isThrough === true) {
      const { lastKey } = this.#pages[0];
      if (this.#keepsPlace && lastKey !== null) this.#behind = lastKey;
      this.#pages.shift();
    }
  }

  async #save(): Promise<void> {
    const inHand = new Map(this.#carried);
    for (const { units, isThrough } of this.#pages) {
      if (!isThrough) for (const unit of units) inHand.set(unit.id, unit);
    }
    await this.#record.save({
      removed: this.#removed,
      bytes: this.#bytes,
      behind: this.#behind,
      inHand: [...inHand.values()],
    });
  }
}

export function lineOf(unit: Unit, refusal: Refusal | null | undefined): SweepLine {
  const { key, versionId, uploadId, sizeBytes, at } = unit;
  return {
    key,
    ...(versionId === undefined ? {} : { versionId }),
    ...(uploadId === undefined ? {} : { uploadId }),
    sizeBytes,
    at,
    ...(refusal
      ? { outcome: refusal.outcome, code: refusal.code, message: refusal.message }
      : { outcome: refusal === null ? null : "deleted" }),
  };
}
