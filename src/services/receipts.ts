import { type Caller, maySee, requireRight } from "../core/caller.ts";
import { ExpungeError } from "../core/errors.ts";
import { receiptKey } from "../core/keys.ts";
import { LIMITS } from "../core/limits.ts";
import { utf8 } from "../core/encoding.ts";
import { parseReceipt, type ReceiptPayload } from "../core/receipt.ts";
import type { PublicKey, Signer } from "../ports/signer.ts";
import type { Context } from "./context.ts";

export interface ReceiptView {
  readonly projectUid: string;
  readonly jws: string;
  readonly payload: ReceiptPayload;
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
    const receipt = await metadata.findReceipt(projectUid);
    if (!receipt || !maySee(caller, receipt.owner)) {
      throw new ExpungeError("receipt-not-found", "There is no receipt for this project uid.");
    }
    const payload = await verifyReceipt(signer, receipt.jws, await metadata.listPublicKeys());
    return { projectUid, jws: receipt.jws, payload };
  }

  /** Every key that ever signed, retired ones included. */
  async publicKeys(): Promise<readonly PublicKey[]> {
    return await this.#context.metadata.listPublicKeys();
  }
}

/** The `receipt-copy` job: puts receipts into the store beside the tombstones (R11). */
export async function copyReceipts(context: Context, signal: AbortSignal): Promise<void> {
  for (;;) {
    const receipts = await context.metadata.uncopiedReceipts(LIMITS.scanItems);
    for (const { projectUid, jws } of receipts) {
      signal.throwIfAborted();
      await context.store.put(receiptKey(projectUid), utf8(jws), signal);
      await context.metadata.markReceiptCopied(projectUid);
    }
    if (receipts.length < LIMITS.scanItems) return;
  }
}
