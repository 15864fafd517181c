import { generateKeyPairSync } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSigner, signerOf } from "../../src/adapters/ed25519-signer.ts";
import { urlSignerOf } from "../../src/adapters/hmac-url-signer.ts";
import {
  createSecretFile,
  openAdminToken,
  readSecretFile,
} from "../../src/adapters/secret-file.ts";
import { temporaryPath } from "../support/temporary.ts";
import { keptLog } from "./kept-log.ts";

const { log } = keptLog();

function place(name: string): { readonly directory: string; readonly path: string } {
  const directory = temporaryPath("secret");
  return { directory, path: join(directory, name) };
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

describe("the signing key's file", () => {
  it("is made once, for its owner only, and opened again", async () => {
    const { directory, path } = place("keys/signing-key.pem");
    const first = await openSigner({ path, create: true, log });
    expect(modeOf(path)).toBe(0o600);
    expect(modeOf(join(directory, "keys"))).toBe(0o700);
    expect(readdirSync(join(directory, "keys"))).toEqual(["signing-key.pem"]);
    expect(readFileSync(path, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const again = await openSigner({ path, create: false, log });
    expect(again.publicKey).toEqual(first.publicKey);
  });

  it("is the same for processes that start together", async () => {
    const { directory, path } = place("key.pem");
    const signers = await Promise.all(
      Array.from({ length: 20 }, () => openSigner({ path, create: true, log })),
    );
    expect(new Set(signers.map(({ publicKey }) => publicKey.kid)).size).toBe(1);
    expect(readdirSync(directory)).toEqual(["key.pem"]);
  });

  it("is not made where only opening was asked for", async () => {
    const { directory, path } = place("key.pem");
    await expect(openSigner({ path, create: false, log })).rejects.toMatchObject({
      code: "invalid-config",
      message: `The signing key ${path} is not there; make it with 'openssl genpkey -algorithm ed25519 -out FILE'.`,
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([
    ["rsa", /holds a key of the type rsa; receipts need ed25519/],
    ["ed448", /holds a key of the type ed448/],
    ["public", /holds no private key in PEM form/],
    ["encrypted", /without a passphrase/],
    ["rubbish", /holds no private key in PEM form/],
    ["empty", /holds no private key in PEM form/],
  ])("is refused when it is %s, and not replaced", async (kind, message) => {
    const { path } = place("key.pem");
    const text = pemOf(kind);
    writeFileSync(path, text, { mode: 0o600 });
    for (const create of [false, true]) {
      const refusal = openSigner({ path, create, log });
      await expect(refusal).rejects.toMatchObject({ code: "invalid-config" });
      await expect(refusal).rejects.toThrow(message);
    }
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("is refused when it cannot be read or made, with the path and the cause", async () => {
    const { directory, path } = place("file");
    writeFileSync(path, "");
    const unreadable = openSigner({ path: directory, create: true, log });
    await expect(unreadable).rejects.toMatchObject({ code: "invalid-config" });
    await expect(unreadable).rejects.toThrow(`${directory} cannot be read: EISDIR`);
    await expect(createSecretFile(join(path, "key.pem"), "x")).rejects.toMatchObject({
      code: "data-dir-unusable",
    });
  });
});

function pemOf(kind: string): string {
  switch (kind) {
    case "rsa": {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      return String(privateKey.export({ format: "pem", type: "pkcs8" }));
    }
    case "ed448":
      return String(
        generateKeyPairSync("ed448").privateKey.export({ format: "pem", type: "pkcs8" }),
      );
    case "public":
      return String(
        generateKeyPairSync("ed25519").publicKey.export({ format: "pem", type: "spki" }),
      );
    case "encrypted": {
      const { privateKey } = generateKeyPairSync("ed25519");
      const encryption = { cipher: "aes-256-cbc", passphrase: "hunter2" };
      return String(privateKey.export({ format: "pem", type: "pkcs8", ...encryption }));
    }
    case "rubbish":
      return "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    default:
      return "";
  }
}

describe("a secret file", () => {
  it("that others can read is closed to them, and the log says so", async () => {
    const { path } = place("token");
    writeFileSync(path, "secret-text\n");
    chmodSync(path, 0o644);
    const kept = keptLog();
    expect(await readSecretFile(path, kept.log)).toBe("secret-text\n");
    expect(modeOf(path)).toBe(0o600);
    expect(kept.events()).toMatchObject([{ level: "warn", modeBefore: "0644" }]);
    expect(kept.lines.join("")).not.toContain("secret-text");
    await readSecretFile(path, kept.log);
    expect(kept.lines).toHaveLength(1);
  });

  it("is never replaced", async () => {
    const { directory, path } = place("token");
    expect(await createSecretFile(path, "first")).toBe(true);
    expect(await createSecretFile(path, "second")).toBe(false);
    expect(readFileSync(path, "utf8")).toBe("first");
    expect(readdirSync(directory)).toEqual(["token"]);
    expect(await readSecretFile(join(directory, "none"), log)).toBeNull();
  });
});

describe("the admin token", () => {
  it("is made of 256 random bits behind its prefix, for its owner only, and kept", async () => {
    const { path } = place("data/admin-token");
    const token = await openAdminToken({ path, log });
    expect(token).toMatch(/^xp_admin_[\w-]{43}$/);
    expect(modeOf(path)).toBe(0o600);
    expect(readFileSync(path, "utf8")).toBe(`${token}\n`);
    expect(await openAdminToken({ path, log })).toBe(token);
    expect(await openAdminToken({ path: place("token").path, log })).not.toBe(token);
  });

  it("is the same for all that start together", async () => {
    const { path } = place("token");
    const tokens = await Promise.all(
      Array.from({ length: 20 }, () => openAdminToken({ path, log })),
    );
    expect(new Set(tokens).size).toBe(1);
  });

  it.each(["", "\n", "two words"])("is refused when its file holds %j", async (text) => {
    const { path } = place("token");
    writeFileSync(path, text, { mode: 0o600 });
    await expect(openAdminToken({ path, log })).rejects.toMatchObject({ code: "invalid-config" });
  });
});

describe("signed URLs", () => {
  it("are accepted by every process with the same key and by no other", async () => {
    const { path } = place("key.pem");
    const mine = urlSignerOf(await openSigner({ path, create: true, log }));
    const theirs = urlSignerOf(await openSigner({ path, create: false, log }));
    const foreign = urlSignerOf(await signerOf(generateKeyPairSync("ed25519").privateKey));
    const tag = mine.sign("upload=1&part=2");
    expect(tag).toMatch(/^[\w-]{43}$/);
    expect(theirs.verify("upload=1&part=2", tag)).toBe(true);
    expect(foreign.verify("upload=1&part=2", tag)).toBe(false);
    expect(mine.verify("upload=1&part=3", tag)).toBe(false);
  });

  it("are refused with any other spelling of the tag", async () => {
    const urls = urlSignerOf(await signerOf(generateKeyPairSync("ed25519").privateKey));
    const tag = urls.sign("text");
    expect(urls.verify("text", tag)).toBe(true);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (let at = 0; at < tag.length; at++) {
      for (const char of alphabet) {
        if (char === tag.charAt(at)) continue;
        expect(urls.verify("text", tag.slice(0, at) + char + tag.slice(at + 1))).toBe(false);
      }
    }
    for (const changed of ["", `${tag}=`, `${tag}A`, tag.slice(1), ` ${tag}`, "ä".repeat(43)]) {
      expect(urls.verify("text", changed)).toBe(false);
    }
  });

  it("have a key that neither signs receipts nor is the seed", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const signer = await signerOf(privateKey);
    const derived = Buffer.from(signer.deriveKey("expunge url signing v1")).toString("base64url");
    expect(derived).toHaveLength(43);
    expect(derived).not.toBe(privateKey.export({ format: "jwk" }).d);
    expect(Buffer.from(signer.deriveKey("another")).toString("base64url")).not.toBe(derived);
  });
});
