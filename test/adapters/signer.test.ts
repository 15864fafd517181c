import { execFileSync, spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryPath } from "../support/temporary.ts";
import { base64url, CompactSign } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Ed25519Signer,
  openSigner,
  signerOf,
  verifyJws,
} from "../../src/adapters/ed25519-signer.ts";
import { RECEIPT_TYPE } from "../../src/core/receipt.ts";
import type { PublicKey } from "../../src/ports/signer.ts";
import { keptLog } from "./kept-log.ts";

const PAYLOAD = Buffer.from('{"a":1,"b":"ä"}', "utf8");
const CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

let privateKey: KeyObject;
let signer: Ed25519Signer;
let other: Ed25519Signer;
let jws: string;

beforeAll(async () => {
  ({ privateKey } = generateKeyPairSync("ed25519"));
  signer = await signerOf(privateKey);
  other = await signerOf(generateKeyPairSync("ed25519").privateKey);
  jws = await signer.sign(PAYLOAD, RECEIPT_TYPE);
});

/** A JWS over these texts, signed rightly by the signer's key, whatever they say. */
function signedRaw(header: string, payload = PAYLOAD.toString("utf8")): string {
  const input = `${base64url.encode(header)}.${base64url.encode(payload)}`;
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
}

function header(more: object): string {
  return JSON.stringify({ alg: "EdDSA", kid: signer.publicKey.kid, typ: RECEIPT_TYPE, ...more });
}

async function isRefused(
  text: string,
  keys: readonly PublicKey[] = [signer.publicKey],
): Promise<boolean> {
  return verifyJws(text, keys).then(
    () => false,
    (error: unknown) => {
      expect(error).toMatchObject({ name: "ExpungeError", code: "invalid-receipt" });
      return true;
    },
  );
}

describe("a signed statement", () => {
  it("is verified by the key that signed it, byte for byte", async () => {
    expect(Buffer.from(await signer.verify(jws, [other.publicKey, signer.publicKey]))).toEqual(
      PAYLOAD,
    );
    expect(Buffer.from(await other.verify(jws, [signer.publicKey]))).toEqual(PAYLOAD);
  });

  it("names algorithm, key and type, and nothing else", () => {
    const [first = ""] = jws.split(".");
    expect(JSON.parse(Buffer.from(first, "base64url").toString())).toEqual({
      alg: "EdDSA",
      kid: signer.publicKey.kid,
      typ: "expunge-receipt+jws",
    });
  });

  it("has the id of RFC 7638 for the key of RFC 8037's example", async () => {
    const key = {
      kty: "OKP",
      crv: "Ed25519",
      d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
      x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    };
    const { createPrivateKey } = await import("node:crypto");
    const example = await signerOf(createPrivateKey({ format: "jwk", key }));
    // RFC 8037 appendix A.3.
    expect(example.publicKey.kid).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    expect(example.publicKey).toEqual({
      kty: "OKP",
      crv: "Ed25519",
      x: key.x,
      kid: example.publicKey.kid,
      use: "sig",
      alg: "EdDSA",
    });
    // RFC 8037 appendix A.4: the signature is deterministic.
    const input = `${base64url.encode('{"alg":"EdDSA"}')}.${base64url.encode("Example of Ed25519 signing")}`;
    const signature = sign(null, Buffer.from(input), createPrivateKey({ format: "jwk", key }));
    expect(signature.toString("base64url")).toBe(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    );
  });

  it("is refused with any one character changed, anywhere", async () => {
    for (let at = 0; at < jws.length; at++) {
      for (const char of [neighbour(jws.charAt(at), 1), neighbour(jws.charAt(at), 32), "."]) {
        if (char === jws.charAt(at)) continue;
        const changed = jws.slice(0, at) + char + jws.slice(at + 1);
        expect(await isRefused(changed), `changed at ${at} to ${char}`).toBe(true);
      }
    }
  });

  it("is refused with any one character left out or added", async () => {
    for (let at = 0; at <= jws.length; at++) {
      for (const added of ["A", ".", "=", " ", "\n"]) {
        expect(await isRefused(jws.slice(0, at) + added + jws.slice(at)), `added at ${at}`).toBe(
          true,
        );
      }
      if (at < jws.length) expect(await isRefused(jws.slice(0, at) + jws.slice(at + 1))).toBe(true);
    }
  });

  it("is refused by another key, by none, and by another key under the same id", async () => {
    expect(await isRefused(jws, [other.publicKey])).toBe(true);
    expect(await isRefused(jws, [])).toBe(true);
    expect(await isRefused(jws, [{ ...other.publicKey, kid: signer.publicKey.kid }])).toBe(true);
  });

  it("is accepted with a header written by hand, so that the refusals below are due to what they add", async () => {
    expect(await isRefused(signedRaw(header({})))).toBe(false);
  });

  it.each<[string, object]>([
    ["no algorithm", { alg: "none" }],
    ["no algorithm, in capitals", { alg: "NONE" }],
    ["HS256", { alg: "HS256" }],
    ["the new name Ed25519", { alg: "Ed25519" }],
    ["an algorithm that is not text", { alg: ["EdDSA"] }],
    ["a critical extension", { crit: ["exp"], exp: 1 }],
    ["an empty list of critical extensions", { crit: [] }],
    ["an unencoded payload", { b64: false, crit: ["b64"] }],
    ["a key address", { jku: "https://evil.example/jwks.json" }],
    ["certificates", { x5c: ["AAAA"] }],
    ["an unknown parameter", { cty: "json" }],
    ["no key id", { kid: undefined }],
    ["an empty key id", { kid: "" }],
    ["a key id that is not text", { kid: 1 }],
  ])("is refused with %s in its header", async (_name, more) => {
    expect(await isRefused(signedRaw(header(more)))).toBe(true);
  });

  it("is refused with a key of its own inside, though that key signed it", async () => {
    const { kty, crv, x } = other.publicKey;
    const evil = generateKeyPairSync("ed25519");
    const jwk = evil.publicKey.export({ format: "jwk" });
    for (const embedded of [jwk, { kty, crv, x }]) {
      const text = await new CompactSign(PAYLOAD)
        .setProtectedHeader({ alg: "EdDSA", kid: signer.publicKey.kid, jwk: embedded })
        .sign(evil.privateKey);
      expect(await isRefused(text)).toBe(true);
    }
  });

  it("is refused when it is unsigned, or signed by HMAC with the public key", async () => {
    const unsigned = `${base64url.encode('{"alg":"none"}')}.${base64url.encode(PAYLOAD)}.`;
    expect(await isRefused(unsigned)).toBe(true);
    const secret = Buffer.from(signer.publicKey.x, "base64url");
    const hmac = await new CompactSign(PAYLOAD)
      .setProtectedHeader({ alg: "HS256", kid: signer.publicKey.kid })
      .sign(secret);
    expect(await isRefused(hmac)).toBe(true);
  });

  it.each([
    "",
    ".",
    "..",
    "a.b",
    "a.b.c.d",
    "e30.e30.e30",
    "bnVsbA.e30.e30",
    "W10.e30.e30",
    "{}",
    "\u0000..",
    "/w.e30.AA",
  ])("is not this: %j", async (text) => {
    expect(await isRefused(text)).toBe(true);
  });
});

function neighbour(char: string, distance: number): string {
  const at = CHARACTERS.indexOf(char);
  return CHARACTERS.charAt((at + distance) % (CHARACTERS.length - 1));
}

describe("other implementations", () => {
  it("agree: node:crypto verifies the signature over the first two parts", () => {
    const [head = "", payload = "", signature = ""] = jws.split(".");
    const { kty, crv, x } = signer.publicKey;
    const key = createPublicKey({ format: "jwk", key: { kty, crv, x } });
    const input = Buffer.from(`${head}.${payload}`);
    expect(verify(null, input, key, Buffer.from(signature, "base64url"))).toBe(true);
    expect(
      verify(
        null,
        Buffer.concat([input, Buffer.from("A")]),
        key,
        Buffer.from(signature, "base64url"),
      ),
    ).toBe(false);
  });

  it("agree: the openssl command verifies it, and refuses a changed one", () => {
    const directory = temporaryPath("openssl");
    const file = (name: string, content: string | Buffer): string => {
      writeFileSync(join(directory, name), content);
      return join(directory, name);
    };
    const [head = "", payload = "", signature = ""] = jws.split(".");
    const { kty, crv, x } = signer.publicKey;
    const key = createPublicKey({ format: "jwk", key: { kty, crv, x } });
    const pem = file("key.pem", key.export({ format: "pem", type: "spki" }));
    const tag = file("signature", Buffer.from(signature, "base64url"));
    const check = (input: string): number | null => {
      const data = ["-rawin", "-in", file("input", input), "-sigfile", tag];
      const run = spawnSync("openssl", ["pkeyutl", "-verify", "-pubin", "-inkey", pem, ...data], {
        encoding: "utf8",
      });
      if (run.error !== undefined)
        throw new Error("this test needs openssl: apt-get install openssl", { cause: run.error });
      return run.status;
    };
    expect(check(`${head}.${payload}`)).toBe(0);
    expect(check(`${head}.${payload}A`)).toBe(1);
  });

  it("agree: a key that openssl made is opened, with a warning when others could read it", async () => {
    const path = join(temporaryPath("openssl"), "key.pem");
    execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", path]);
    const { log } = keptLog();
    const opened = await openSigner({ path, create: false, log });
    const text = await opened.sign(PAYLOAD, RECEIPT_TYPE);
    const key = createPublicKey(readFileSync(path, "utf8"));
    const [head, payload, signature = ""] = text.split(".");
    expect(
      verify(null, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url")),
    ).toBe(true);
  });
});
