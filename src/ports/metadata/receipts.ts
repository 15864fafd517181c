import type { Instant } from "../../core/model.ts";
import type { PublicKey } from "../signer.ts";

export interface StoredReceipt {
  readonly projectUid: string;
  readonly deletionId: string;
  readonly owner: string;
  readonly sequence: number;
  readonly jws: string;
  readonly hash: string;
  readonly issuedAt: Instant;
}

/** What was found after a receipt, in the same chain. A receipt itself never changes. */
export interface StoredAmendment {
  readonly projectUid: string;
  readonly deletionId: string;
  readonly owner: string;
  readonly sequence: number;
  readonly jws: string;
  readonly hash: string;
  readonly issuedAt: Instant;
}

export interface ReceiptStore {
  findReceipt(projectUid: string): Promise<StoredReceipt | null>;
  /** Receipts whose copy is not in the store yet (R11). */
  uncopiedReceipts(limit: number): Promise<readonly StoredReceipt[]>;
  /** Idempotent. */
  markReceiptCopied(projectUid: string): Promise<void>;
  /** Those of a project, in the order of the chain. */
  listAmendments(projectUid: string): Promise<readonly StoredAmendment[]>;
  /** Amendments whose copy is not in the store yet, in the order of the chain (R11). */
  uncopiedAmendments(limit: number): Promise<readonly StoredAmendment[]>;
  /** Idempotent. */
  markAmendmentCopied(sequence: number): Promise<void>;
  /** Keeps a public key for ever; retired ones stay. Idempotent. */
  keepPublicKey(key: PublicKey): Promise<void>;
  listPublicKeys(): Promise<readonly PublicKey[]>;
}
