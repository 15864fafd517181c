import type { IncomingHttpHeaders } from "node:http";
import { ExpungeError } from "../core/errors.ts";

interface Checksums {
  readonly sha256?: Uint8Array;
  readonly md5?: Uint8Array;
}

const SHA256_BYTES = 32;
const MD5_BYTES = 16;

/**
 * The checksums that a request announces for its body: `Content-MD5` (RFC 1864), `Repr-Digest` and
 * `Content-Digest` with sha-256 (RFC 9530; nothing is coded here, so both mean the same bytes), and
 * `x-checksum-sha256` in hex or base64. Digests by other algorithms are passed over, as RFC 9530 says.
 * @throws ExpungeError `invalid-request` where one cannot be read, `checksum-mismatch` where two differ
 */
export function checksumsOf(headers: IncomingHttpHeaders): Checksums {
  const sha256 = [
    digestOf(headers["repr-digest"], "Repr-Digest"),
    digestOf(headers["content-digest"], "Content-Digest"),
    plainSha256(headers["x-checksum-sha256"]),
  ].filter((bytes) => bytes !== null);
  const md5 = textOf(headers["content-md5"]);
  const [first, ...others] = sha256;
  if (first && others.some((bytes) => !first.equals(bytes))) {
    throw new ExpungeError("checksum-mismatch", "The headers announce different checksums.");
  }
  return {
    ...(first ? { sha256: first } : {}),
    ...(md5 === null ? {} : { md5: fromBase64(md5, MD5_BYTES, "Content-MD5") }),
  };
}

/** A dictionary of byte sequences (RFC 9651): `sha-256=:BASE64:`. */
function digestOf(header: string | string[] | undefined, name: string): Buffer | null {
  const text = textOf(header);
  if (text === null) return null;
  for (const member of text.split(",")) {
    const [, algorithm = "", value = ""] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(member) ?? [];
    if (algorithm.toLowerCase() !== "sha-256") continue;
    const inner = /^:([^:]*):/.exec(value)?.[1];
    if (inner === undefined) throw unreadable(name);
    return fromBase64(inner, SHA256_BYTES, name);
  }
  return null;
}

function plainSha256(header: string | string[] | undefined): Buffer | null {
  const text = textOf(header);
  if (text === null) return null;
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  return fromBase64(text, SHA256_BYTES, "x-checksum-sha256");
}

function fromBase64(text: string, length: number, name: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  // Node passes over what is not base64, so the text is held against its own reading.
  const same = bytes.toString("base64").replaceAll("=", "") === text.replaceAll("=", "");
  if (bytes.length !== length || !same) throw unreadable(name);
  return bytes;
}

function textOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  return (typeof header === "string" ? header : header.join(",")).trim();
}

function unreadable(name: string): ExpungeError {
  return new ExpungeError("invalid-request", `The checksum in the header ${name} cannot be read.`);
}
