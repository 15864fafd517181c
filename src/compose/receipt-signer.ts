import { createPrivateKey } from "node:crypto";
import { signerOf, verifyJws } from "../adapters/ed25519-signer.ts";
import { ExpungeError } from "../core/errors.ts";
import type { ReceiptPayload } from "../core/receipt.ts";
import type { PublicKey, Signer } from "../ports/signer.ts";
import { verifyReceipt } from "../services/receipts.ts";

/**
 * A signer of receipts. Keep its `publicKey`: receipts are verified with it.
 * @param pem an Ed25519 private key, PKCS #8 (`openssl genpkey -algorithm ed25519`)
 * @throws ExpungeError `invalid-config`; the message says nothing of the key
 */
export async function openReceiptSigner(pem: string): Promise<Signer> {
  try {
    return await signerOf(createPrivateKey(pem));
  } catch {
    throw new ExpungeError(
      "invalid-config",
      "The signing key is no Ed25519 private key in PEM form.",
    );
  }
}

/**
 * The statement of a receipt that one of these keys signed. Offline; a key inside it is never trusted.
 * @throws ExpungeError `invalid-receipt`
 */
export async function readReceipt(
  jws: string,
  keys: readonly PublicKey[],
): Promise<ReceiptPayload> {
  return await verifyReceipt({ verify: verifyJws }, jws, keys);
}
