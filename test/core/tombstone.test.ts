import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/core/encoding.ts";
import { parseTombstone, type Tombstone, tombstoneBytes } from "../../src/core/tombstone.ts";

const TOMBSTONE: Tombstone = {
  deletionId: "DELETE-0fc2a5q8mx1z",
  project: { id: "p1", uid: "01m883zwgtfm0agnw9md24pkrw" },
  owner: "alice",
  requestedAt: Date.UTC(2030, 0, 1),
  requestedBy: "bob",
  purgeStartedAt: Date.UTC(2030, 0, 2),
};

const changed = (change: (value: Record<string, unknown>) => void): Uint8Array => {
  const value = JSON.parse(new TextDecoder().decode(tombstoneBytes(TOMBSTONE))) as Record<
    string,
    unknown
  >;
  change(value);
  return utf8(JSON.stringify(value));
};

describe("a tombstone", () => {
  it("reads as what was written, whatever the names are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (owner, requestedBy) => {
        const tombstone = { ...TOMBSTONE, owner, requestedBy };
        expect(parseTombstone(tombstoneBytes(tombstone))).toEqual(tombstone);
      }),
    );
  });

  it("is not read from anything that lacks a part or has another version", () => {
    for (const name of ["deletion", "owner", "requestedAt", "requestedBy", "purgeStartedAt"]) {
      expect(parseTombstone(changed((value) => delete value[name])), name).toBeNull();
    }
    expect(parseTombstone(changed((value) => (value["version"] = 2)))).toBeNull();
    expect(parseTombstone(changed((value) => (value["project"] = { id: "p1" })))).toBeNull();
    expect(parseTombstone(changed((value) => (value["project"] = { uid: "x" })))).toBeNull();
    expect(
      parseTombstone(changed((value) => (value["project"] = { id: "p1", uid: "../p2" }))),
    ).toBeNull();
    expect(parseTombstone(changed((value) => (value["project"] = null)))).toBeNull();
    expect(parseTombstone(changed((value) => (value["deletion"] = "D")))).toBeNull();
    expect(parseTombstone(changed((value) => (value["requestedAt"] = "once")))).toBeNull();
    expect(parseTombstone(changed((value) => (value["purgeStartedAt"] = 1)))).toBeNull();
    for (const text of ["", "{", "null", "[]", "7", "\u0000"]) {
      expect(parseTombstone(utf8(text)), text).toBeNull();
    }
    expect(parseTombstone(Uint8Array.of(0xff, 0xfe))).toBeNull();
  });
});
