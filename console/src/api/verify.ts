import type { DeletionJson } from "expunge/client";
import { api } from "./client.ts";

/** What looking at the signatures of a receipt and its amendments came to. */
export interface Verification {
  readonly isValid: boolean;
  /** Of the key that signed what is meant. */
  readonly keyId: string | null;
  /** In a sentence. */
  readonly reason: string;
}

type Json = Readonly<Record<string, unknown>>;

const RECEIPT = "expunge-receipt+jws";
const AMENDMENT = "expunge-amendment+jws";

/**
 * Verifies a receipt, and that each amendment is one of it, in this browser: by WebCrypto, with the keys that
 * the service serves. A key inside a receipt counts for nothing.
 */
export async function verifyReceipt(
  receipt: string,
  { projectUid, amendments }: Pick<DeletionJson, "projectUid" | "amendments">,
): Promise<Verification> {
  const known = await api.receipts.keys();
  const verified = await verify(receipt, RECEIPT, projectUid, known);
  if (!verified.isValid) return verified;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(receipt));
  for (const amendment of amendments) {
    const amended = await verify(amendment, AMENDMENT, projectUid, known);
    if (!amended.isValid) return amended;
    if (payloadOf(amendment)?.["receiptHash"] !== encode(hash)) {
      return invalid(amended.keyId, "An amendment is one of another receipt.");
    }
  }
  return verified;
}

async function verify(
  jws: string,
  type: string,
  projectUid: string,
  known: Awaited<ReturnType<typeof api.receipts.keys>>,
): Promise<Verification> {
  const [head = "", payload = "", signature = "", ...rest] = jws.split(".");
  const [header, signatureBytes] = [parse(head), decode(signature)];
  if (rest.length > 0 || header === null || signatureBytes === null) {
    return invalid(null, "It does not have the form of a signed receipt.");
  }
  const keyId = typeof header["kid"] === "string" ? header["kid"] : null;
  if (header["alg"] !== "EdDSA" || header["typ"] !== type) {
    return invalid(keyId, "It is signed in a way that receipts of expunge never are.");
  }
  const jwk = known.find(({ kid }) => kid === keyId);
  if (!jwk) return invalid(keyId, "It is signed with a key that this service does not know.");
  const key = await crypto.subtle.importKey(
    "jwk",
    { kty: "OKP", crv: jwk.crv, x: jwk.x },
    "Ed25519",
    false,
    ["verify"],
  );
  const signed = new TextEncoder().encode(`${head}.${payload}`);
  if (!(await crypto.subtle.verify("Ed25519", key, signatureBytes, signed))) {
    return invalid(
      keyId,
      "The signature does not fit: the receipt was changed after it was signed.",
    );
  }
  const project = parse(payload)?.["project"] as { readonly uid?: unknown } | undefined;
  if (project?.uid !== projectUid) return invalid(keyId, "It is the receipt of another project.");
  return { isValid: true, keyId, reason: "The signature fits, and nothing was changed since." };
}

/** What the statement says, null where it cannot be read; for showing, so verify it first. */
export function payloadOf(jws: string): Json | null {
  return parse(jws.split(".")[1] ?? "");
}

function invalid(keyId: string | null, reason: string): Verification {
  return { isValid: false, keyId, reason };
}

function parse(part: string): Json | null {
  const bytes = decode(part);
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" ? (value as Json | null) : null;
  } catch {
    return null;
  }
}

function decode(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (char) => char.codePointAt(0) ?? 0);
  } catch {
    return null;
  }
}

function encode(bytes: ArrayBuffer): string {
  const binary = String.fromCodePoint(...new Uint8Array(bytes));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
