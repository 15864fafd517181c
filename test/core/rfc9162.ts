import { createHash } from "node:crypto";

/**
 * The Merkle tree hash as RFC 9162 section 2.1.1 writes it, by recursion and with another
 * implementation of SHA-256: what the stack of core/merkle.ts is held against.
 */
export function merkleTreeHash(leaves: readonly Uint8Array[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return createHash("sha256").digest();
  if (leaves.length === 1) return createHash("sha256").update("\0").update(only).digest();
  const k = largestPowerOfTwoBelow(leaves.length);
  return createHash("sha256")
    .update("\u0001")
    .update(merkleTreeHash(leaves.slice(0, k)))
    .update(merkleTreeHash(leaves.slice(k)))
    .digest();
}

function largestPowerOfTwoBelow(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
