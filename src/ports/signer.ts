/** A public key as RFC 8037 writes it, with its id. */
export interface PublicKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "EdDSA";
}

/** Signs receipts. The private key never leaves the adapter. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** A compact JWS (RFC 7515) over exactly these bytes, `alg` EdDSA, with the key's `kid`. */
  sign(payload: Uint8Array, type: string): Promise<string>;
  /**
   * The payload, when one of the keys signed it.
   * @throws ExpungeError `invalid-receipt` for anything else; a key inside the JWS is never trusted
   */
  verify(jws: string, keys: readonly PublicKey[]): Promise<Uint8Array>;
}

/** Signs and checks the URLs of our own server (parts and downloads on the local store). */
export interface UrlSigner {
  /** A base64url tag over the text. */
  sign(text: string): string;
  /** Compares in constant time. */
  verify(text: string, tag: string): boolean;
}
