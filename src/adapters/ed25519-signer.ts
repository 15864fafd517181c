import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { calculateJwkThumbprint, CompactSign, compactVerify } from "jose";
import { fromBase64Url, fromUtf8 } from "../core/encoding.ts";
import { canonicalBytes } from "../core/statement.ts";
import { ExpungeError } from "../core/errors.ts";
import type { Log } from "../ports/log.ts";
import type { PublicKey, Signer } from "../ports/signer.ts";
import { createSecretFile, readSecretFile } from "./secret-file.ts";

const ALGORITHM = "EdDSA";

/** All that a header may hold. Anything else (`crit`, `jwk`, `jku`, `b64`...) is refused, not ignored. */
const HEADER_NAMES: ReadonlySet<string> = new Set(["alg", "kid", "typ"]);

/** Signs receipts with an Ed25519 key that stays in here. Made by `openSigner` and `signerOf`. */
export class Ed25519Signer implements Signer {
  readonly publicKey: PublicKey;
  readonly #privateKey: KeyObject;

  constructor(privateKey: KeyObject, publicKey: PublicKey) {
    this.#privateKey = privateKey;
    this.publicKey = publicKey;
  }

  async sign(payload: Uint8Array, type: string): Promise<string> {
    return new CompactSign(payload)
      .setProtectedHeader({ alg: ALGORITHM, kid: this.publicKey.kid, typ: type })
      .sign(this.#privateKey);
  }

  async verify(jws: string, keys: readonly PublicKey[]): Promise<Uint8Array> {
    return verifyJws(jws, keys);
  }

  /** 256 bits for one other purpose, the same in every process that has this key (RFC 5869). */
  deriveKey(purpose: string): Uint8Array {
    const { d: seed } = this.#privateKey.export({ format: "jwk" });
    if (seed === undefined) throw new TypeError("an Ed25519 private key has a seed");
    return new Uint8Array(hkdfSync("sha256", fromBase64Url(seed), new Uint8Array(), purpose, 32));
  }
}

/**
 * Opens the signing key: a PKCS #8 PEM of an Ed25519 key. With `create` it is made where there is none.
 * @throws ExpungeError `invalid-config` or `data-dir-unusable`
 */
export async function openSigner(options: {
  readonly path: string;
  readonly create: boolean;
  readonly log: Log;
}): Promise<Ed25519Signer> {
  const { path, create, log } = options;
  let pem = await readSecretFile(path, log);
  if (pem === null && create) {
    const { privateKey } = generateKeyPairSync("ed25519");
    await createSecretFile(path, String(privateKey.export({ format: "pem", type: "pkcs8" })));
    // Another process may have been faster; what lies there now is the key.
    pem = await readSecretFile(path, log);
  }
  if (pem === null) {
    throw badKey(path, "is not there; make it with 'openssl genpkey -algorithm ed25519 -out FILE'");
  }
  return signerOf(readKey(pem, path));
}

/** A signer for a key that is in memory already. */
export async function signerOf(privateKey: KeyObject): Promise<Ed25519Signer> {
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  if (privateKey.asymmetricKeyType !== "ed25519" || x === undefined) {
    throw new TypeError("the signer needs an Ed25519 private key");
  }
  const kid = await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x });
  return new Ed25519Signer(privateKey, {
    kty: "OKP",
    crv: "Ed25519",
    x,
    kid,
    use: "sig",
    alg: ALGORITHM,
  });
}

function readKey(pem: string, path: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause is not passed on: OpenSSL's messages help nobody, and the text around is a secret.
    throw badKey(path, "holds no private key in PEM form without a passphrase (PKCS #8)");
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw badKey(path, `holds a key of the type ${key.asymmetricKeyType}; receipts need ed25519`);
}

function badKey(path: string, why: string): ExpungeError {
  return new ExpungeError("invalid-config", `The signing key ${path} ${why}.`);
}

/**
 * Checks a compact JWS strictly. It needs no private key, so receipts can be verified offline.
 * @throws ExpungeError `invalid-receipt`
 */
export async function verifyJws(jws: string, keys: readonly PublicKey[]): Promise<Uint8Array> {
  const parts = jws.split(".");
  const [header, payload, signature] = parts.map((part) => decode(part));
  if (parts.length !== 3 || !header || !payload || !signature) {
    throw invalid("It is not three parts of base64url.");
  }
  const kid = kidOf(header);
  const key = keys.find((each) => each.kid === kid);
  if (key === undefined)
    throw new ExpungeError(
      "invalid-receipt",
      `None of the keys that it was held against has its kid '${kid.slice(0, 80)}'.`,
      {
        remedy:
          "Give the keys of the service that issued it: --jwks FILE (its /.well-known/jwks.json), or EXPUNGE_DATA_DIR. If it has none of this kid, the receipt is not its.",
      },
    );
  try {
    const { kty, crv, x } = key;
    const publicKey = createPublicKey({ format: "jwk", key: { kty, crv, x } });
    const verified = await compactVerify(jws, publicKey, { algorithms: [ALGORITHM] });
    return verified.payload;
  } catch (cause) {
    throw invalid("Its signature does not fit its content and key.", cause);
  }
}

/** Strict, so that one statement has one spelling: libraries ignore the unused bits of the last character. */
function decode(part: string): Uint8Array | null {
  try {
    return fromBase64Url(part);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function kidOf(bytes: Uint8Array): string {
  const header = parseHeader(bytes);
  const strange = [...header.keys()].find((name) => !HEADER_NAMES.has(name));
  if (strange !== undefined) throw invalid(`Its header has '${strange.slice(0, 80)}'.`);
  if (header.get("alg") !== ALGORITHM) throw invalid(`Its algorithm is not ${ALGORITHM}.`);
  const kid = header.get("kid");
  if (typeof kid !== "string" || kid === "") throw invalid("Its header has no kid.");
  return kid;
}

function parseHeader(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw invalid("Its header is not JSON.", cause);
  }
  // Of a name that is there twice, readers take the first or the last (RFC 7515 section 4).
  if (fromUtf8(canonicalBytes(value)) !== fromUtf8(bytes)) {
    throw invalid("Its header is not in canonical form.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid("Its header is not an object.");
  }
  return new Map<string, unknown>(Object.entries(value));
}

function invalid(reason: string, cause?: unknown): ExpungeError {
  return new ExpungeError("invalid-receipt", `The signature is refused. ${reason}`, { cause });
}
