import { describe, expect, it } from "vitest";
import {
  type AmendmentPayload,
  type AmendmentStatement,
  buildAmendment,
  parseAmendment,
} from "../../src/core/amendment.ts";
import { utf8 } from "../../src/core/encoding.ts";
import {
  buildReceipt,
  guaranteeOf,
  parseReceipt,
  type ReceiptFacts,
  type ReceiptPayload,
} from "../../src/core/receipt.ts";
import { canonicalBytes, parseCanonical } from "../../src/core/statement.ts";

const DAY = Date.UTC(2030, 0, 1);
const PROJECT = { id: "p1", uid: "01m883zwgtfm0agnw9md24pkrw" };
const INVALID = expect.objectContaining({ code: "invalid-receipt" }) as Error;

const FACTS: ReceiptFacts = {
  deletionId: "DELETE-0fc2a5q8mx1z",
  lacking: [],
  project: PROJECT,
  store: { kind: "s3", bucket: "files", prefix: "" },
  surfaces: [
    {
      surface: "tracked",
      found: 3,
      deleted: 3,
      absent: 1,
      failed: 0,
      blocked: 0,
      unknown: 0,
      bytes: 9,
    },
    {
      surface: "legacy:old",
      found: 2,
      deleted: 2,
      absent: 0,
      failed: 0,
      blocked: 0,
      unknown: 0,
      bytes: 4,
    },
  ],
  leaves: 5,
  merkleRoot: Uint8Array.of(1, 255),
  evidence: [{ surface: "tracked", prefix: "", at: DAY, pages: 1, entries: 0 }],
  sequence: 7,
  previousHash: "hash",
  times: {
    requestedAt: DAY,
    purgeStartedAt: DAY + 1,
    fencedAt: DAY + 2,
    verifiedAt: DAY + 3,
    issuedAt: DAY + 4,
  },
  capabilities: { versioning: "off" },
};

const AMENDED: AmendmentStatement = {
  deletionId: FACTS.deletionId,
  project: PROJECT,
  receiptHash: "receipt",
  surfaces: [
    { surface: "canonical", found: 2, deleted: 1, residue: 1, bytes: 5 },
    { surface: "legacy:old", found: 1, deleted: 1, residue: 0, bytes: 3 },
  ],
  leaves: 3,
  merkleRoot: Uint8Array.of(2),
  sequence: 8,
  previousHash: null,
  verifiedAt: DAY,
  issuedAt: DAY + 1,
};

/** Each of these, in place of any field, makes no statement. */
const WRONG: readonly unknown[] = [undefined, null, 7.5, true];

function fieldsOf(payload: ReceiptPayload | AmendmentPayload): Record<string, unknown> {
  return { ...payload };
}

describe("a receipt's payload", () => {
  it("sums what the surfaces count, and reads back as it was built", () => {
    const payload = buildReceipt(FACTS);
    expect(payload.totals).toEqual({ deleted: 5, absent: 1, bytes: 13 });
    expect(payload.merkle).toEqual({ algorithm: "RFC 9162 SHA-256", leaves: 5, root: "01ff" });
    expect(parseReceipt(canonicalBytes(payload))).toEqual(payload);
  });

  it("is none of a known version without each of its parts", () => {
    const scalars = "version deletion".split(" ");
    const objects = "project store totals merkle times capabilities".split(" ");
    const names = [...scalars, ...objects, ..."surfaces sweeps notCovered".split(" ")];
    for (const name of names) {
      for (const wrong of WRONG) {
        const bytes = canonicalBytes({ ...fieldsOf(buildReceipt(FACTS)), [name]: wrong });
        expect(() => parseReceipt(bytes), `${name}: ${String(wrong)}`).toThrow(INVALID);
      }
    }
    for (const other of [null, 7, "text", []]) {
      expect(() => parseReceipt(canonicalBytes(other))).toThrow(INVALID);
    }
  });

  it("calls a surface fenced only where nobody else can write", () => {
    expect(buildReceipt(FACTS).surfaces.map(({ guarantee }) => guarantee)).toEqual([
      "emptied",
      "emptied",
    ]);
    const own = ["tracked", "canonical", "multipart", "versions"] as const;
    const all = [...own, "legacy:old"] as const;
    expect(own.map((surface) => guaranteeOf(surface, own))).toEqual(own.map(() => "fenced"));
    expect(all.map((surface) => guaranteeOf(surface, all))).toEqual([
      "emptied",
      "fenced",
      "emptied",
      "emptied",
      "emptied",
    ]);
  });
});

describe("an amendment's payload", () => {
  it("sums what came back, and reads back as it was built", () => {
    const payload = buildAmendment(AMENDED);
    expect(payload).toMatchObject({ found: 3, deleted: 2, residue: 1, receiptHash: "receipt" });
    expect(parseAmendment(canonicalBytes(payload))).toEqual(payload);
  });

  it("is none of a known version without each of its parts, and no receipt", () => {
    const scalars = "version deletion receiptHash verifiedAt issuedAt".split(" ");
    const counts = "sequence found deleted residue".split(" ");
    const names = [...scalars, ...counts, ..."surfaces merkle project".split(" ")];
    for (const name of names) {
      for (const wrong of WRONG) {
        const bytes = canonicalBytes({ ...fieldsOf(buildAmendment(AMENDED)), [name]: wrong });
        expect(() => parseAmendment(bytes), `${name}: ${String(wrong)}`).toThrow(INVALID);
      }
    }
    for (const other of [null, 7, buildReceipt(FACTS)]) {
      expect(() => parseAmendment(canonicalBytes(other))).toThrow(INVALID);
    }
  });
});

describe("signed bytes", () => {
  it("are one spelling of one value: any other is refused", () => {
    expect(new TextDecoder().decode(canonicalBytes({ b: 1, a: [2] }))).toBe('{"a":[2],"b":1}');
    for (const text of ['{"b":1,"a":2}', '{"a":1} ', '{"a":1.0}', "{", ""]) {
      expect(() => parseCanonical(utf8(text)), text).toThrow(INVALID);
    }
    expect(() => parseCanonical(Uint8Array.of(0xff))).toThrow(INVALID);
  });

  it("cannot be made of what has no JSON form", () => {
    expect(() => canonicalBytes(undefined)).toThrow("no JSON form");
  });
});
