import { ExpungeError } from "../core/errors.ts";
import { isKeptByExpunge } from "../core/keys.ts";
import { LIMITS } from "../core/limits.ts";
import type { Instant } from "../core/model.ts";
import { isStoreError, type StoreError } from "../core/store-errors.ts";
import { objectPages } from "./listing.ts";
import { inPool } from "./pool.ts";
import type { Refusal, StoreContext } from "./removing.ts";
import type { RequestCounts } from "./counting-store.ts";
import type { SweepFilter } from "./sweep-filter.ts";
import {
  lineOf,
  NOTHING_YET,
  type SweepLine,
  type SweepRecord,
  StandKeeper,
} from "./sweep-stand.ts";
import { removeUnits, type Unit, type UnitListing, unitPages } from "./sweep-units.ts";
import { listsUploadsBy } from "./versions.ts";

export interface SweepReport {
  readonly found: number;
  readonly deleted: number;
  /** Always 0: without rows there is no key that could be missing. */
  readonly absent: number;
  readonly failed: number;
  readonly blocked: number;
  readonly unknown: number;
  /** Of the objects found; the parts of uploads are not counted. */
  readonly bytes: number;
  /** Whether a listing from the start to the end, after the removal, showed nothing (R6). */
  readonly verified: boolean;
  readonly requests: RequestCounts;
  readonly seconds: number;
  /** Objects below the prefix that some expunge keeps for itself, and that were spared. */
  readonly kept: number;
  /** Objects, versions and uploads below the prefix that are not meant: the filter leaves them. */
  readonly spared: number;
  /** The first keys that remain. */
  readonly residue: readonly Refusal[];
}

export interface SweepOptions {
  readonly prefix: string;
  readonly includeExpunge: boolean;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  /** Only what it takes is found, removed, and looked for in the end. */
  readonly filter?: SweepFilter;
  /**
   * Only incomplete uploads; or only versions that are not the newest of their key, so that no reader
   * sees a difference: an object stays, and so does the marker that hides one.
   */
  readonly only?: "uploads" | "old-versions";
  /** Where it writes down how far it has come and what became of each key. */
  readonly record?: SweepRecord;
  /** Called after each page with what was found so far, and for how much of it the store has answered. */
  readonly onProgress?: (found: number, through: number) => void;
}

type Outcome = Omit<SweepReport, "absent" | "requests" | "seconds">;

type Take = (
  units: readonly Unit[],
  lastKey: string | null,
) => Promise<(() => Promise<void>) | null>;

const NO_RECORD: SweepRecord = {
  from: NOTHING_YET,
  save: async () => {},
  report: async () => {},
};

/** One sweep of a prefix: see `sweepPrefix`. */
export class SweepRun {
  readonly #context: StoreContext;
  readonly #options: SweepOptions;
  readonly #record: SweepRecord;
  readonly #stand: StandKeeper;
  /** What an earlier process found. */
  readonly #foundBefore: number;
  #found: number;
  #through: number;
  #bytes: number;
  /** Of the last pass. */
  #kept = 0;
  #spared = 0;
  /** What is known to remain, by unit: refused, listed again, or not checked. */
  #left = new Map<string, Refusal>();

  constructor(context: StoreContext, options: SweepOptions) {
    this.#context = context;
    this.#options = options;
    this.#record = options.record ?? NO_RECORD;
    this.#stand = new StandKeeper(this.#record);
    const { removed, bytes, inHand } = this.#record.from;
    this.#found = removed + inHand.length;
    this.#foundBefore = this.#found;
    this.#through = removed;
    this.#bytes = inHand.reduce((sum, { sizeBytes }) => sum + sizeBytes, bytes);
  }

  async count(): Promise<Outcome> {
    await this.#pass(new Set(), null, async (units) => {
      await this.#record.report(units.map((unit) => lineOf(unit, null)));
      return null;
    });
    return { ...this.#outcome(false), deleted: 0 };
  }

  /**
   * Each pass lists everything and removes what it sees, so that the pass that sees nothing is the
   * evidence; one that went on behind another process is none. It gives up once a pass sees only what
   * it cannot remove. A key that comes back is found anew; in which pass, is remembered from the
   * second pass on, which sees little.
   */
  async empty(): Promise<Outcome> {
    let known: ReadonlySet<string> = new Set(this.#record.from.inHand.map(({ id }) => id));
    for (let pass = 1; ; pass++) {
      const left = new Map<string, Refusal>();
      const shown = new Map<string, Unit>();
      const startAfter = this.#stand.behind;
      let seen: number;
      try {
        seen = await this.#pass(known, startAfter, async (units, lastKey) => {
          if (pass > 1) for (const unit of units) shown.set(unit.id, unit);
          return await this.#removal(units, lastKey, left);
        });
        await this.#stand.passed();
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        // Before the first removal there is nothing to report but the failure itself.
        if (!isStoreError(error) || this.#found === this.#foundBefore) throw error;
        return this.#unchecked(error, left);
      }
      this.#left = left;
      if (seen === 0 && startAfter === null) return this.#outcome(true);
      if (pass > 1 && left.size === seen) return this.#outcome(false);
      if (pass >= LIMITS.sweepPassesMax) return await this.#endless(shown, known);
      known = new Set([...shown.keys(), ...left.keys()]);
    }
  }

  /** Writes the page down; the removal that it answers runs while the next page is listed. */
  async #removal(
    units: readonly Unit[],
    lastKey: string | null,
    left: Map<string, Refusal>,
  ): Promise<(() => Promise<void>) | null> {
    const page = await this.#stand.begin(units, lastKey);
    if (units.length === 0) return null;
    return async () => {
      const refused = await removeUnits(this.#context, units, this.#options.signal);
      for (const [id, refusal] of refused) left.set(id, refusal);
      await this.#stand.end(page, refused);
      this.#through += units.length;
      this.#options.onProgress?.(this.#found, this.#through);
    };
  }

  /** Nothing is called deleted that no later listing could confirm (R5). */
  #unchecked(error: StoreError, left: Map<string, Refusal>): Outcome {
    const { code, message } = error;
    this.#left = left;
    const outcome = this.#outcome(false);
    const residue = [
      ...outcome.residue,
      { key: this.#options.prefix, outcome: "unknown" as const, code, message },
    ];
    const unknown = this.#found - outcome.failed - outcome.blocked;
    return { ...outcome, deleted: 0, unknown, residue };
  }

  /** What the last pass still saw: it came back every time, or nobody looked again. */
  async #endless(shown: ReadonlyMap<string, Unit>, known: ReadonlySet<string>): Promise<Outcome> {
    const lines: SweepLine[] = [];
    for (const [id, unit] of shown) {
      if (this.#left.has(id)) continue;
      const message = "still listed after the last pass";
      const outcome = known.has(id) ? "failed" : "unknown";
      const refusal: Refusal = { key: unit.key, outcome, code: "reappeared", message };
      this.#left.set(id, refusal);
      lines.push(lineOf(unit, refusal));
    }
    await this.#record.report(lines);
    return this.#outcome(false);
  }

  #outcome(verified: boolean): Outcome {
    return {
      found: this.#found,
      deleted: this.#found - this.#left.size,
      failed: this.#leftWith("failed"),
      blocked: this.#leftWith("blocked"),
      unknown: this.#leftWith("unknown"),
      bytes: this.#bytes,
      verified,
      kept: this.#kept,
      spared: this.#spared,
      residue: [...this.#left.values()].slice(0, LIMITS.residueShown),
    };
  }

  #leftWith(outcome: Refusal["outcome"]): number {
    return [...this.#left.values()].filter((one) => one.outcome === outcome).length;
  }

  /** Lists what is meant once, and hands each page on; answers how much it saw. */
  async #pass(known: ReadonlySet<string>, startAfter: string | null, take: Take): Promise<number> {
    let seen = 0;
    this.#kept = 0;
    this.#spared = 0;
    const listing = await this.#listing(startAfter);
    await inPool(LIMITS.sweepPagesInFlight, async (add) => {
      for await (const units of unitPages(this.#context, listing)) {
        const own = this.#own(units);
        seen += own.length;
        for (const unit of own) {
          if (known.has(unit.id)) continue;
          this.#found++;
          this.#bytes += unit.sizeBytes;
        }
        this.#options.onProgress?.(this.#found, this.#through);
        const last = listing.what === "objects" ? units.at(-1) : undefined;
        const removal = await take(own, last?.uploadId === undefined ? (last?.key ?? null) : null);
        if (removal) await add(removal);
      }
    });
    const isAll = listing.what === "versions" && this.#options.only === undefined;
    return isAll && seen === 0 ? await this.#objectsLeft() : seen;
  }

  /** Asked anew for each pass: what a plain removal hid since versions are kept is found then. */
  async #listing(startAfter: string | null): Promise<UnitListing> {
    const { prefix, signal, only } = this.#options;
    const capabilities = await this.#context.store.capabilities({ fresh: true });
    const hasUploads = listsUploadsBy(capabilities);
    const hasVersions = capabilities.versioning !== "none";
    if (only === "uploads" && !hasUploads) {
      throw new ExpungeError("invalid-request", "The store is declared to list no uploads.", {
        remedy: "Take multipart-listing out of EXPUNGE_S3_WITHOUT if the store does list them.",
      });
    }
    if (only === "old-versions" && !hasVersions) {
      throw new ExpungeError("invalid-request", "The store keeps no versions.", {
        remedy: "Leave --versions out: there is nothing older than what a listing shows.",
      });
    }
    const what = only === "uploads" ? "nothing" : hasVersions ? "versions" : "objects";
    const uploads = hasUploads && only !== "old-versions";
    return { prefix, what, uploads, startAfter, signal };
  }

  /** Those that are meant; the others are counted by what spares them. */
  #own(units: readonly Unit[]): readonly Unit[] {
    const covered = units.filter(({ key }) => this.#covers(key));
    const own = covered.filter((unit) => this.#isMeant(unit) && this.#takes(unit.key, unit.at));
    this.#kept += units.length - covered.length;
    this.#spared += covered.length - own.length;
    return own;
  }

  /** Where no version is listed there can be no object; the evidence is a listing of both (R6). */
  async #objectsLeft(): Promise<number> {
    const { prefix, signal } = this.#options;
    let left = 0;
    for await (const entries of objectPages(this.#context, prefix, signal)) {
      left += entries.filter(
        ({ key, modifiedAt }) => this.#covers(key) && this.#takes(key, modifiedAt),
      ).length;
    }
    return left;
  }

  #covers(key: string): boolean {
    return this.#options.includeExpunge || !isKeptByExpunge(key);
  }

  #isMeant({ isLatest }: Unit): boolean {
    return this.#options.only !== "old-versions" || isLatest === false;
  }

  #takes(key: string, at: Instant): boolean {
    const { filter, prefix } = this.#options;
    return filter === undefined || filter.takes(key.slice(prefix.length), at);
  }
}
