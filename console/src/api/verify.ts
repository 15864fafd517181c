import type { DeletionJson } from "expunge/client";
import { api } from "./client.ts";

/** What looking at a receipt's signature came to. */
export interface Verification {
  readonly isValid: boolean;
  /** Of the key that signed it. */
  readonly keyId: string | null;
  /** In a sentence. */
  readonly reason: string;
}

const TYPES = new Set(["expunge-receipt+jws", "expunge-amendment+jws"]);

/**
 * Verifies the signature in this browser, by WebCrypto, with the keys that the service serves. A key
 * inside a receipt counts for nothing.
 */
export async function verifyReceipt(
  jws: string,
  { projectUid }: Pick<DeletionJson, "projectUid">,
): Promise<Verification> {
  const [head = "", payload = "", signature = "", ...rest] = jws.split(".");
  if (rest.length > 0) return invalid(null, "It does not have the form of a signed receipt.");
  const header = parse(head);
  const keyId = typeof header["kid"] === "string" ? header["kid"] : null;
  if (header["alg"] !== "EdDSA" || !TYPES.has(String(header["typ"]))) {
    return invalid(keyId, "It is signed in a way that receipts of expunge never are.");
  }
  const keys = await api.receipts.keys();
  const known = keys.find(({ kid }) => kid === keyId);
  if (!known) return invalid(keyId, "It is signed with a key that this service does not know.");
  const key = await crypto.subtle.importKey(
    "jwk",
    { kty: "OKP", crv: known.crv, x: known.x },
    "Ed25519",
    false,
    ["verify"],
  );
  const signed = new TextEncoder().encode(`${head}.${payload}`);
  if (!(await crypto.subtle.verify("Ed25519", key, decode(signature), signed))) {
    return invalid(
      keyId,
      "The signature does not fit: the receipt was changed after it was signed.",
    );
  }
  const project = parse(payload)["project"] as { readonly uid?: unknown } | undefined;
  if (project && project.uid !== projectUid) {
    return invalid(keyId, "It is the receipt of another project.");
  }
  return { isValid: true, keyId, reason: "The signature fits, and nothing was changed since." };
}

/** What the statement says; for showing, so verify it first. */
export function payloadOf(jws: string): Readonly<Record<string, unknown>> {
  return parse(jws.split(".")[1] ?? "");
}

function invalid(keyId: string | null, reason: string): Verification {
  return { isValid: false, keyId, reason };
}

function parse(part: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(new TextDecoder().decode(decode(part))) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.codePointAt(0) ?? 0);
}
