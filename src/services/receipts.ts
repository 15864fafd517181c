import { type Caller, maySee, requireRight } from "../core/caller.ts";
import { type AmendmentPayload, parseAmendment } from "../core/amendment.ts";
import { ExpungeError } from "../core/errors.ts";
import { isUid } from "../core/ids.ts";
import { amendmentKey, receiptKey } from "../core/keys.ts";
import { LIMITS } from "../core/limits.ts";
import { utf8 } from "../core/encoding.ts";
import { parseReceipt, receiptHash, type ReceiptPayload } from "../core/receipt.ts";
import type { PublicKey, Signer } from "../ports/signer.ts";
import type { Context } from "./context.ts";

export interface ReceiptView {
  readonly projectUid: string;
  readonly jws: string;
  readonly payload: ReceiptPayload;
  /** What was stated since, in the order of the chain. */
  readonly amendments: readonly string[];
}

/**
 * Checks a receipt against keys that the caller trusts; a key inside the receipt is never trusted.
 * Needs no service and no network.
 * @throws ExpungeError `invalid-receipt`
 */
export async function verifyReceipt(
  signer: Pick<Signer, "verify">,
  jws: string,
  keys: readonly PublicKey[],
): Promise<ReceiptPayload> {
  return parseReceipt(await signer.verify(jws.trim(), keys));
}

/**
 * Checks an amendment in the same way, and that it is one of this receipt.
 * @throws ExpungeError `invalid-receipt`
 */
export async function verifyAmendment(
  signer: Pick<Signer, "verify">,
  jws: string,
  receiptJws: string,
  keys: readonly PublicKey[],
): Promise<AmendmentPayload> {
  const payload = parseAmendment(await signer.verify(jws.trim(), keys));
  if (payload.receiptHash === receiptHash(receiptJws.trim())) return payload;
  throw new ExpungeError("invalid-receipt", "The amendment is one of another receipt.");
}

/** Receipts: found, checked, and copied into the store. */
export class Receipts {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** @throws ExpungeError `receipt-not-found`, also for the projects of others (I10) */
  async get(caller: Caller, projectUid: string): Promise<ReceiptView> {
    requireRight(caller, "projects:read");
    const { metadata, signer } = this.#context;
    const receipt = isUid(projectUid) ? await metadata.findReceipt(projectUid) : null;
    if (!receipt || !maySee(caller, receipt.owner)) {
      throw new ExpungeError("receipt-not-found", "There is no receipt for this project uid.");
    }
    const payload = await verifyReceipt(signer, receipt.jws, await metadata.listPublicKeys());
    const amendments = await metadata.listAmendments(projectUid);
    return {
      projectUid,
      jws: receipt.jws,
      payload,
      amendments: amendments.map(({ jws }) => jws),
    };
  }

  /** Every key that ever signed, retired ones included. */
  async publicKeys(): Promise<readonly PublicKey[]> {
    return await this.#context.metadata.listPublicKeys();
  }
}

/** The `receipt-copy` job: puts receipts and amendments into the store beside the tombstones (R11). */
export async function copyReceipts(context: Context, signal: AbortSignal): Promise<void> {
  for (;;) {
    const receipts = await context.metadata.uncopiedReceipts(LIMITS.scanItems);
    for (const { projectUid, jws } of receipts) {
      signal.throwIfAborted();
      await context.store.put(receiptKey(projectUid), utf8(jws), signal);
      await context.metadata.markReceiptCopied(projectUid);
    }
    if (receipts.length < LIMITS.scanItems) break;
  }
  for (;;) {
    const amendments = await context.metadata.uncopiedAmendments(LIMITS.scanItems);
    for (const { projectUid, sequence, jws } of amendments) {
      signal.throwIfAborted();
      await context.store.put(amendmentKey(projectUid, sequence), utf8(jws), signal);
      await context.metadata.markAmendmentCopied(sequence);
    }
    if (amendments.length < LIMITS.scanItems) return;
  }
}
