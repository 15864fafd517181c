import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "./encoding.ts";

/**
 * The Merkle tree hash of RFC 9162 section 2.1.1 over a stream of leaves, in memory that grows with
 * the logarithm of their number: complete subtrees are kept on a stack, as the bits of a counter.
 */
export class MerkleTree {
  readonly #subtrees: { size: number; hash: Uint8Array }[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds the next leaf; the order of leaves matters. */
  add(leaf: Uint8Array): void {
    let node = { size: 1, hash: sha256(concat(LEAF, leaf)) };
    for (;;) {
      const top = this.#subtrees.at(-1);
      if (top?.size !== node.size) break;
      this.#subtrees.pop();
      node = { size: node.size * 2, hash: sha256(concat(NODE, top.hash, node.hash)) };
    }
    this.#subtrees.push(node);
    this.#size++;
  }

  /** The root of what was added; for no leaf at all the hash of the empty string (section 2.1.1). */
  root(): Uint8Array {
    let right: Uint8Array | undefined;
    for (const { hash } of this.#subtrees.toReversed()) {
      right = right === undefined ? hash : sha256(concat(NODE, hash, right));
    }
    return right ?? sha256(new Uint8Array());
  }
}

/** The root over leaves in the order of their own bytes, as a receipt has it. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const tree = new MerkleTree();
  const sorted = leaves
    .map((leaf) => ({ leaf, hex: toHex(leaf) }))
    .sort((a, b) => (a.hex < b.hex ? -1 : Number(a.hex > b.hex)));
  for (const { leaf } of sorted) tree.add(leaf);
  return tree.root();
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
