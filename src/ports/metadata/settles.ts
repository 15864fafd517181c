import type { Deletion, Instant, SettleResult, Surface } from "../../core/model.ts";
import type { Claim, RemovalEntry, Sealed } from "./deletions.ts";

/** What came back on one surface after a receipt, and what became of it. */
export interface ReturnedCounts {
  readonly surface: Surface;
  readonly found: number;
  readonly deleted: number;
  /** Listed still after the attempt to remove it. */
  readonly residue: number;
  readonly bytes: number;
}

/** What the transaction that ends a settle hands to the one who writes the amendment. */
export interface AmendmentFacts {
  readonly deletion: Deletion;
  /** SHA-256 of the receipt that is amended, base64url. */
  readonly receiptHash: string;
  readonly surfaces: readonly ReturnedCounts[];
  readonly leaves: number;
  readonly merkleRoot: Uint8Array;
  /** Before the listing that was looked at last. */
  readonly verifiedAt: Instant;
  readonly sequence: number;
  readonly previousHash: string | null;
  readonly now: Instant;
}

/** How a settle ended: `left` are the keys still listed per surface, null where that is not known. */
export interface SettleEnd {
  readonly left: ReadonlyMap<Surface, number> | null;
  readonly verifiedAt: Instant;
  /** After this it is looked again, where the end is not known or something is left. */
  readonly retryInMs: number;
}

export interface SettleClaim extends Claim {
  /** Looks at the same thing before this one that ended unknown or with something left. */
  readonly tries: number;
}

/** The later looks at completed deletions. Their tokens are those of the deletion. */
export interface SettleStore {
  /** Ids of completed deletions whose next look is due, with no lease that stands. */
  dueSettles(limit: number): Promise<readonly string[]>;
  /** Takes the lease and raises the token; null when none is due. */
  claimSettle(id: string, leaseMs: number): Promise<SettleClaim | null>;
  /**
   * Inserts a page of what came back, in one statement, before the request that removes it (R5): an
   * entry counts once until an amendment states it. @throws StaleClaimError
   */
  recordReturned(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly RemovalEntry[],
  ): Promise<void>;
  /** Takes an entry back that no amendment states yet. @throws StaleClaimError */
  retractReturned(id: string, token: number, keyHash: Uint8Array): Promise<void>;
  /**
   * Ends the look in one transaction: `clean` when nothing came back; `amended` with an amendment in
   * the chain when something did; `unknown` when it could not be seen whole, or when all that is left
   * was stated before. After `unknown`, or with something left, the same look is due again after
   * `retryInMs`; else the next one, those that passed meanwhile left out. Lets go of the lease.
   * @throws StaleClaimError
   */
  finishSettle(
    id: string,
    token: number,
    end: SettleEnd,
    seal: (facts: AmendmentFacts) => Promise<Sealed>,
  ): Promise<SettleResult>;
  /** In the order in which they happened. */
  listSettles(id: string): Promise<readonly SettleResult[]>;
}
