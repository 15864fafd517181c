import { timingSafeEqual } from "node:crypto";

/** Compares hashes of secrets in constant time. */
export function isSameHash(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
