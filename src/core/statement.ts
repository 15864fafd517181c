import canonicalize from "canonicalize";
import { fromUtf8, utf8 } from "./encoding.ts";
import { ExpungeError } from "./errors.ts";

/** The bytes that are signed: JSON in the canonical form of RFC 8785. */
export function canonicalBytes(value: unknown): Uint8Array {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("this value has no JSON form");
  return utf8(text);
}

/**
 * The value of signed bytes, which must be canonical: one statement, one spelling.
 * @throws ExpungeError `invalid-receipt`
 */
export function parseCanonical(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw new ExpungeError("invalid-receipt", "The receipt's payload is not JSON.", { cause });
  }
  const canonical = canonicalBytes(value);
  if (canonical.length !== bytes.length || canonical.some((byte, i) => byte !== bytes[i])) {
    throw new ExpungeError("invalid-receipt", "The receipt's payload is not in canonical form.");
  }
  return value;
}
