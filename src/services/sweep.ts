import { ExpungeError } from "../core/errors.ts";
import { isKeptByExpunge } from "../core/keys.ts";
import { countingStore } from "./counting-store.ts";
import type { StoreContext } from "./removing.ts";
import { type SweepOptions, type SweepReport, SweepRun } from "./sweep-run.ts";

/** What the caller must say aloud before a prefix is emptied that reaches further than it looks. */
export interface SweepConsent {
  readonly wholeBucket: boolean;
  readonly noBoundary: boolean;
  readonly includeExpunge: boolean;
}

export type { SweepOptions, SweepReport } from "./sweep-run.ts";

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
 * @throws ExpungeError `invalid-request` where the store has nothing of what alone is meant
 * @throws StoreError where it fails before anything was removed
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
