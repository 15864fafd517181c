import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ExpungeError } from "../core/errors.ts";
import type { PublicKey } from "../ports/signer.ts";

const FILE = "public-keys.json";

/** Writes all public keys, retired ones too, as a JWKS beside the data: receipts verify offline. */
export async function keepPublicKeys(dataDir: string, keys: readonly PublicKey[]): Promise<void> {
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify({ keys }, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** The keys of a JWKS file, by default that of the data dir. @throws ExpungeError `invalid-request` */
export async function loadPublicKeys(source: {
  readonly dataDir: string;
  readonly jwksPath?: string;
}): Promise<readonly PublicKey[]> {
  const path = source.jwksPath ?? join(source.dataDir, FILE);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new ExpungeError(
      "invalid-request",
      `No public keys can be read from ${path}; name a JWKS file with --jwks.`,
      { cause },
    );
  }
  const keys = typeof value === "object" && value !== null && "keys" in value ? value.keys : null;
  if (!Array.isArray(keys)) {
    throw new ExpungeError("invalid-request", `${path} is not a JWKS: it has no list of keys.`);
  }
  return keys.filter(isPublicKey);
}

function isPublicKey(value: unknown): value is PublicKey {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return (
    fields.get("kty") === "OKP" &&
    fields.get("crv") === "Ed25519" &&
    typeof fields.get("x") === "string" &&
    typeof fields.get("kid") === "string"
  );
}
