import { sha256 } from "@noble/hashes/sha2.js";
import type { Right } from "./caller.ts";
import { fromBase64Url, toBase64Url, toHex } from "./encoding.ts";
import { isUid } from "./ids.ts";
import type { Instant } from "./model.ts";

/** Random bytes of a secret: 256 bits, so that its plain SHA-256 cannot be guessed back. */
export const SECRET_BYTES = 32;

/** What is known of an API token, its secret excepted. */
export interface ApiToken {
  /** Shaped as a uid: ids sort by time of creation. */
  readonly id: string;
  readonly name: string;
  /** Whose projects it sees, and who owns what it makes. */
  readonly owner: string;
  readonly rights: readonly Right[];
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  /** As exact as `LIMITS.tokenUseRecordedEveryMs`. */
  readonly lastUsedAt: Instant | null;
}

/** Somebody who signed in at the console. */
export interface Session {
  readonly id: string;
  readonly owner: string;
  readonly rights: readonly Right[];
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

/** The kinds of secrets that callers show; each has its prefix, by which scanners and logs know it. */
export type CredentialKind = "token" | "session" | "code";

/** `xp_token_<id>_<secret>`: the id finds the row, the secret proves the right to it. */
export function formatCredential(kind: CredentialKind, id: string, secret: Uint8Array): string {
  return `xp_${kind}_${id}_${toBase64Url(secret)}`;
}

/** Reads what `formatCredential` wrote; null for every other text. */
export function parseCredential(
  kind: CredentialKind,
  text: string,
): { readonly id: string; readonly secret: Uint8Array } | null {
  const [, named, id = "", encoded = ""] =
    /^xp_([a-z]+)_([0-9a-z]{26})_([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (named !== kind || !isUid(id)) return null;
  try {
    return { id, secret: fromBase64Url(encoded) };
  } catch {
    // Bits beyond the last byte: no spelling that we gave out.
    return null;
  }
}

/** Where the console signs in with a code: behind the `#`, which no browser sends and no server logs. */
export function signInPath(code: string): string {
  return `/#code=${code}`;
}

/** What is stored of a secret, in hex. */
export function hashOfSecret(secret: Uint8Array): string {
  return toHex(sha256(secret));
}
