import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "./encoding.ts";
import type { Surface } from "./model.ts";

export interface LogEntry {
  readonly keyHash: Uint8Array;
  readonly leaf: Uint8Array;
  readonly bytes: number;
}

/**
 * One entry of a deletion's removal log (R5, docs/receipts.md): the leaf is
 * SHA-256(HMAC-SHA-256(salt, key) || surface || bytes), the bytes as 64 bits, big-endian. The salt
 * stays in the database, so that a receipt says nothing about names to who does not know the key.
 */
export function logEntry(
  salt: Uint8Array,
  surface: Surface,
  unit: string,
  bytes: number,
): LogEntry {
  const keyHash = hmac(sha256, salt, utf8(unit));
  const name = utf8(surface);
  const data = new Uint8Array(keyHash.length + name.length + 8);
  data.set(keyHash);
  data.set(name, keyHash.length);
  new DataView(data.buffer).setBigUint64(keyHash.length + name.length, BigInt(bytes));
  return { keyHash, leaf: sha256(data), bytes };
}

/**
 * What stands for a version in the log, but for the one of each key for which the key itself stands. No
 * id of an upload begins so.
 */
export function versionUnit(key: string, versionId: string): string {
  return `${key}\0v\0${versionId}`;
}

/** The key that a unit is of; of an upload too. */
export function keyOfUnit(unit: string): string {
  const end = unit.indexOf("\0");
  return end < 0 ? unit : unit.slice(0, end);
}

/** What stands for an upload in the log: no object key holds a NUL, so it meets none. */
export function uploadUnit(key: string, uploadId: string): string {
  return `${key}\0${uploadId}`;
}
