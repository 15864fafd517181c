import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MerkleTree } from "../../src/core/merkle.ts";
import { merkleTreeHash } from "./rfc9162.ts";

function rootOf(leaves: readonly Uint8Array[]): string {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.add(leaf);
  expect(tree.size).toBe(leaves.length);
  return Buffer.from(tree.root()).toString("hex");
}

const expectedRoot = (leaves: readonly Uint8Array[]): string =>
  merkleTreeHash(leaves).toString("hex");

/**
 * Leaves and roots of the reference implementation of Certificate Transparency.
 * Source: https://github.com/google/certificate-transparency/blob/master/cpp/merkletree/merkle_tree_test.cc
 */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map((hex) => Buffer.from(hex, "hex"));
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

describe("the Merkle tree of RFC 9162", () => {
  test("the known roots of none to eight leaves come out", () => {
    for (const [count, root] of ROOTS.entries()) {
      expect(rootOf(LEAVES.slice(0, count))).toBe(root);
      expect(expectedRoot(LEAVES.slice(0, count))).toBe(root);
    }
  });

  test("every number of leaves up to three hundred gives the root of the recursive definition", () => {
    const leaves = Array.from({ length: 300 }, (_, i) => Buffer.from(`leaf ${i}`));
    for (let count = 0; count <= leaves.length; count++) {
      expect(rootOf(leaves.slice(0, count))).toBe(expectedRoot(leaves.slice(0, count)));
    }
  });

  test("any leaves of any lengths give the root of the recursive definition", () => {
    const anyLeaves = fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 70 });
    fc.assert(fc.property(anyLeaves, (leaves) => rootOf(leaves) === expectedRoot(leaves)));
  });

  test("asking for the root changes nothing, so that leaves may be added after it", () => {
    const tree = new MerkleTree();
    for (const [i, leaf] of LEAVES.entries()) {
      tree.add(leaf);
      tree.root();
      expect(Buffer.from(tree.root()).toString("hex")).toBe(ROOTS[i + 1]);
    }
  });

  test("the order of the leaves, and what is a leaf and what a node, is told apart", () => {
    const [a, b] = [Buffer.from("a"), Buffer.from("b")];
    expect(rootOf([a, b])).not.toBe(rootOf([b, a]));
    const inner = Buffer.concat([merkleTreeHash([a]), merkleTreeHash([b])]);
    expect(rootOf([inner])).not.toBe(rootOf([a, b]));
  });

  test("a leaf that is changed after it was added does not change the root", () => {
    const tree = new MerkleTree();
    const leaf = Uint8Array.of(1, 2, 3);
    tree.add(leaf);
    leaf[0] = 9;
    expect(Buffer.from(tree.root()).equals(merkleTreeHash([Uint8Array.of(1, 2, 3)]))).toBe(true);
  });
});
