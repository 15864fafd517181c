import { sha256 } from "@noble/hashes/sha2.js";
import { fromUtf8, toBase64Url, toHex, utf8 } from "../../src/core/encoding.ts";
import type { Signer, UrlSigner } from "../../src/ports/signer.ts";

/** Deterministic and synchronous inside; the real signer is held to its own tests. */
export const SIGNER: Signer = {
  publicKey: { kty: "OKP", crv: "Ed25519", x: "", kid: "sim", use: "sig", alg: "EdDSA" },
  sign: (payload) => Promise.resolve(`sim.${toBase64Url(payload)}.${toHex(sha256(payload))}`),
  verify: (jws) => {
    const [, payload = "", tag] = jws.split(".");
    const bytes = Buffer.from(payload, "base64url");
    if (toHex(sha256(bytes)) !== tag) throw new Error(`bad tag: ${fromUtf8(bytes)}`);
    return Promise.resolve(bytes);
  },
};

export const URL_SIGNER: UrlSigner = {
  sign: (text) => toHex(sha256(utf8(text))),
  verify: (text, tag) => toHex(sha256(utf8(text))) === tag,
};
