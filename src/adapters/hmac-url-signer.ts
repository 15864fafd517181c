import { createHmac, timingSafeEqual } from "node:crypto";
import type { UrlSigner } from "../ports/signer.ts";
import type { Ed25519Signer } from "./ed25519-signer.ts";

/** What separates this use of the signing key from every other. Changing it ends all URLs in use. */
const PURPOSE = "expunge url signing v1";

/** Signs the URLs of our own server by HMAC-SHA256. */
export class HmacUrlSigner implements UrlSigner {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  sign(text: string): string {
    return createHmac("sha256", this.#key).update(text, "utf8").digest("base64url");
  }

  verify(text: string, tag: string): boolean {
    // The texts are compared, not the bytes they stand for, so that one tag has one spelling.
    const expected = Buffer.from(this.sign(text), "utf8");
    const given = Buffer.from(tag, "utf8");
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

/** The URL signer of every process that shares the signing key. */
export function urlSignerOf(signer: Ed25519Signer): HmacUrlSigner {
  return new HmacUrlSigner(signer.deriveKey(PURPOSE));
}
