import { ExpungeError } from "../core/errors.ts";
import { isKeptByExpunge } from "../core/keys.ts";
import { LIMITS } from "../core/limits.ts";
import { isStoreError, type StoreError } from "../core/store-errors.ts";
import { countingStore, type RequestCounts } from "./counting-store.ts";
import { objectPages } from "./listing.ts";
import { inPool } from "./pool.ts";
import type { Refusal, StoreContext } from "./removing.ts";
import { removeUnits, type Unit, unitPages } from "./sweep-units.ts";
import { listsUploadsBy } from "./versions.ts";

/** What the caller must say aloud before a prefix is emptied that reaches further than it looks. */
export interface SweepConsent {
  readonly wholeBucket: boolean;
  readonly noBoundary: boolean;
  readonly includeExpunge: boolean;
}

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
  /** The first keys that remain. */
  readonly residue: readonly Refusal[];
}

export interface SweepOptions {
  readonly prefix: string;
  readonly includeExpunge: boolean;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  /** Called after each page with what was found so far. */
  readonly onProgress?: (found: number) => void;
}

/**
 * Refuses a prefix that would take more than its writer may mean: everything, the keys of siblings
 * (`p1` is also the beginning of `p10/`), or what expunge keeps for itself.
 * @throws ExpungeError `confirmation-needed`, naming the flag
 */
export function refuseReckless(prefix: string, consent: SweepConsent): void {
  if (prefix === "" && !consent.wholeBucket) {
    throw needs("The prefix is empty, which is the whole store", "--whole-bucket");
  }
  if (isKeptByExpunge(prefix) && !consent.includeExpunge) {
    throw needs(
      `'${prefix}' is where expunge keeps tombstones, receipts and uploads`,
      "--include-expunge",
    );
  }
  if (prefix !== "" && !prefix.endsWith("/") && !consent.noBoundary) {
    throw new ExpungeError(
      "confirmation-needed",
      `'${prefix}' does not end in '/' and would take its siblings too ('${prefix}1/...').`,
      {
        details: { flag: "--no-boundary" },
        remedy: `Write the prefix with a '/' at its end: '${prefix}/'. Only if the siblings are meant as well, add --no-boundary.`,
      },
    );
  }
}

function needs(why: string, flag: string): ExpungeError {
  return new ExpungeError("confirmation-needed", `${why}; add ${flag} if you mean it.`, {
    details: { flag },
  });
}

/**
 * Empties a prefix of a store, objects and incomplete uploads, and verifies it by listing again (R6).
 * It knows no rows and asks no service: the bulk tool for operators.
 */
export async function sweepPrefix(
  context: StoreContext,
  options: SweepOptions,
): Promise<SweepReport> {
  const counted = countingStore(context.store);
  const startedAt = context.clock.now();
  const run = new SweepRun({ ...context, store: counted.store }, options);
  const outcome = options.dryRun ? await run.count() : await run.empty();
  const seconds = (context.clock.now() - startedAt) / 1000;
  return { ...outcome, absent: 0, requests: counted.requests, seconds };
}

type Outcome = Omit<SweepReport, "absent" | "requests" | "seconds">;

class SweepRun {
  readonly #context: StoreContext;
  readonly #options: SweepOptions;
  #found = 0;
  #bytes = 0;
  /** Of the last pass. */
  #kept = 0;
  /** What is known to remain, by unit: refused, listed again, or not checked. */
  #left = new Map<string, Refusal>();

  constructor(context: StoreContext, options: SweepOptions) {
    this.#context = context;
    this.#options = options;
  }

  async count(): Promise<Outcome> {
    await this.#pass(new Set(), async () => {});
    return { ...this.#outcome(false), deleted: 0 };
  }

  /**
   * Each pass lists everything and removes what it sees, so that the pass that sees nothing is the
   * evidence. It gives up once a pass sees only what it cannot remove. A key that comes back is found
   * anew; in which pass, is remembered from the second pass on, which sees little.
   */
  async empty(): Promise<Outcome> {
    let known: ReadonlySet<string> = new Set();
    for (let pass = 1; ; pass++) {
      const left = new Map<string, Refusal>();
      const ids = new Set<string>();
      let seen: number;
      try {
        seen = await this.#pass(known, async (units) => {
          if (pass > 1) for (const { id } of units) ids.add(id);
          const refused = await removeUnits(this.#context, units, this.#options.signal);
          for (const [id, refusal] of refused) left.set(id, refusal);
        });
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        // Before the first removal there is nothing to report but the failure itself.
        if (!isStoreError(error) || this.#found === 0) throw error;
        return this.#unchecked(error, left);
      }
      this.#left = left;
      if (seen === 0) return this.#outcome(true);
      if (pass > 1 && left.size === seen) return this.#outcome(false);
      if (pass >= LIMITS.sweepPassesMax) return this.#endless(ids, known);
      known = new Set([...ids, ...left.keys()]);
    }
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
  #endless(ids: ReadonlySet<string>, known: ReadonlySet<string>): Outcome {
    for (const id of ids) {
      if (this.#left.has(id)) continue;
      const [key = ""] = id.split("\0");
      const message = "still listed after the last pass";
      const outcome = known.has(id) ? "failed" : "unknown";
      this.#left.set(id, { key, outcome, code: "reappeared", message });
    }
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
      residue: [...this.#left.values()].slice(0, LIMITS.residueShown),
    };
  }

  #leftWith(outcome: Refusal["outcome"]): number {
    return [...this.#left.values()].filter((one) => one.outcome === outcome).length;
  }

  /** Lists objects and uploads once, and hands each page on; answers how many it saw. */
  async #pass(
    known: ReadonlySet<string>,
    take: (units: readonly Unit[]) => Promise<void>,
  ): Promise<number> {
    const { prefix, signal, onProgress } = this.#options;
    let seen = 0;
    this.#kept = 0;
    // Asked anew for each pass: what a plain removal hid since versions are kept is found then.
    const capabilities = await this.#context.store.capabilities({ fresh: true });
    const what = {
      versions: capabilities.versioning !== "none",
      uploads: listsUploadsBy(capabilities),
    };
    await inPool(LIMITS.sweepPagesInFlight, async (add) => {
      for await (const units of unitPages(this.#context, prefix, what, signal)) {
        const own = units.filter(({ key }) => this.#covers(key));
        this.#kept += units.length - own.length;
        seen += own.length;
        for (const unit of own) {
          if (known.has(unit.id)) continue;
          this.#found++;
          this.#bytes += unit.sizeBytes;
        }
        onProgress?.(this.#found);
        if (own.length > 0) await add(() => take(own));
      }
    });
    return what.versions && seen === 0 ? await this.#objectsLeft() : seen;
  }

  /** Where no version is listed there can be no object; the evidence is a listing of both (R6). */
  async #objectsLeft(): Promise<number> {
    const { prefix, signal } = this.#options;
    let left = 0;
    for await (const entries of objectPages(this.#context, prefix, signal)) {
      left += entries.filter(({ key }) => this.#covers(key)).length;
    }
    return left;
  }

  #covers(key: string): boolean {
    return this.#options.includeExpunge || !isKeptByExpunge(key);
  }
}
