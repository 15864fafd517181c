import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUid, makeUid } from "../../src/core/ids.ts";
import {
  canonicalKey,
  canonicalReach,
  canonicalPrefix,
  INTERNAL_PREFIX,
  isInternalKey,
  isQuarantineKey,
  parseCanonicalKey,
  parseTombstoneKey,
  quarantineKey,
  RECEIPT_PREFIX,
  receiptKey,
  TOMBSTONE_PREFIX,
  tombstoneKey,
  tombstonesFrom,
} from "../../src/core/keys.ts";
import { CANONICAL_LAYOUT } from "../../src/core/layouts/template.ts";
import { matchLayout } from "../../src/core/layouts/index.ts";

const FOUR_DIGIT_YEARS_MS = Date.parse("9999-12-31T23:59:59.999Z");
const times = fc.integer({ min: 0, max: FOUR_DIGIT_YEARS_MS });
const uids = fc
  .tuple(times, fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([ms, random]) => makeUid(ms, random));

const P = "0192f3a4b5c6d7e8f9g0h1j2k3";
const F = "0192f3a4b5c6d7e8f9g0h1j2k4";

describe("keys in quarantine", () => {
  it("lie below the prefix of their project and hold the rest of the key that the object had", () => {
    const key = quarantineKey(P, F, `${canonicalPrefix(P)}a/b`);
    expect(key).toBe(`projects/${P}/quarantine/${F}/a/b`);
    expect(isQuarantineKey(key)).toBe(true);
  });

  it("are made of no key of another project, and known from all others", () => {
    expect(() => quarantineKey(P, F, canonicalKey(F, P))).toThrow(RangeError);
    const others = [
      `other/${P}/quarantine/${F}/a`,
      `projects/p/quarantine/${F}/a`,
      `projects/${P}/quarantines/${F}/a`,
      `projects/${P}/quarantine/a/b`,
      `projects/${P}/quarantine/${F}/`,
      `projects/${P}/quarantine/${F}`,
      `projects/${P}`,
      canonicalKey(P, F),
    ];
    expect(others.filter(isQuarantineKey)).toEqual([]);
  });
});

describe("canonical keys", () => {
  it("lie at projects/<project uid>/<file uid>", () => {
    expect(canonicalPrefix(P)).toBe(`projects/${P}/`);
    expect(canonicalKey(P, F)).toBe(`projects/${P}/${F}`);
  });

  it("are read back as they were made", () => {
    fc.assert(
      fc.property(uids, uids, (projectUid, fileUid) => {
        const key = canonicalKey(projectUid, fileUid);
        expect(parseCanonicalKey(key)).toEqual({ projectUid, fileUid });
        expect(matchLayout(CANONICAL_LAYOUT, key)).toBe(projectUid);
        expect(key.startsWith(canonicalPrefix(projectUid))).toBe(true);
      }),
    );
  });

  it("of one project never begin with the prefix of another", () => {
    fc.assert(
      fc.property(uids, uids, uids, (one, other, file) => {
        fc.pre(one !== other);
        expect(canonicalKey(one, file).startsWith(canonicalPrefix(other))).toBe(false);
      }),
    );
  });

  it.each([
    `projects/${P}`,
    `projects/${P}/`,
    `projects/${P}/a.txt`,
    `projects/${P}/${F}/`,
    `projects/${P}/${F}/x`,
    `projects/p1/${F}`,
    `project/${P}/${F}`,
    `/projects/${P}/${F}`,
    `projects/8${P.slice(1)}/${F}`,
    `projects/${P.toUpperCase()}/${F}`,
    "",
  ])("are not what '%s' is", (key) => {
    expect(parseCanonicalKey(key)).toBeNull();
  });

  it.each(["", "p1", "a/b", `${P}/`, P.slice(1), `${P}0`, "..", "*"])(
    "are never made from '%s', which is no uid",
    (text) => {
      expect(() => canonicalPrefix(text)).toThrow(RangeError);
      expect(() => canonicalKey(text, F)).toThrow(RangeError);
      expect(() => canonicalKey(P, text)).toThrow(RangeError);
      expect(() => tombstoneKey(0, text)).toThrow(RangeError);
      expect(() => receiptKey(text)).toThrow(RangeError);
    },
  );
});

describe("keys below .expunge/", () => {
  const at = Date.parse("2026-11-24T01:50:00.123Z");

  it("name a tombstone by the database's time and the uid", () => {
    expect(tombstoneKey(at, P)).toBe(`.expunge/tombstones/20261124T015000.123Z-${P}.json`);
    expect(tombstonesFrom(at)).toBe(".expunge/tombstones/20261124T015000.123Z");
    expect(TOMBSTONE_PREFIX).toBe(".expunge/tombstones/");
  });

  it("name a receipt by the uid", () => {
    expect(receiptKey(P)).toBe(`.expunge/receipts/${P}.jws`);
    expect(receiptKey(P).startsWith(RECEIPT_PREFIX)).toBe(true);
  });

  it("are told from all others", () => {
    expect(isInternalKey(tombstoneKey(at, P))).toBe(true);
    expect(isInternalKey(receiptKey(P))).toBe(true);
    expect(isInternalKey(canonicalKey(P, F))).toBe(false);
    expect(isInternalKey(".expunge")).toBe(false);
    expect(isInternalKey(".expunged/x")).toBe(false);
    expect(INTERNAL_PREFIX).toBe(".expunge/");
  });

  it("of a tombstone are read back as they were made", () => {
    fc.assert(
      fc.property(times, uids, (at, projectUid) => {
        expect(parseTombstoneKey(tombstoneKey(at, projectUid))).toEqual({ at, projectUid });
      }),
    );
  });

  it("of tombstones sort by time", () => {
    fc.assert(
      fc.property(times, times, uids, uids, (one, other, p, q) => {
        fc.pre(one < other);
        expect(tombstoneKey(one, p) < tombstoneKey(other, q)).toBe(true);
        expect(tombstoneKey(one, p) < tombstonesFrom(other)).toBe(true);
        expect(tombstoneKey(one, p) > tombstonesFrom(one)).toBe(true);
      }),
    );
  });

  it.each([
    `.expunge/tombstones/20260230T015000.123Z-${P}.json`,
    `.expunge/tombstones/20261324T015000.123Z-${P}.json`,
    `.expunge/tombstones/20261124T255000.123Z-${P}.json`,
    `.expunge/tombstones/20261124T015000.123Z-p1.json`,
    `.expunge/tombstones/20261124T015000Z-${P}.json`,
    `.expunge/tombstones/20261124T015000.123Z-${P}.json.bak`,
    `x/.expunge/tombstones/20261124T015000.123Z-${P}.json`,
    `.expunge/tombstones/`,
    `.expunge/receipts/${P}.jws`,
  ])("do not take '%s' for a tombstone", (key) => {
    expect(parseTombstoneKey(key)).toBeNull();
  });

  it("are not made for a year of five digits, which would not sort", () => {
    expect(() => tombstoneKey(FOUR_DIGIT_YEARS_MS + 1, P)).toThrow(RangeError);
    expect(() => tombstoneKey(Number.NaN, P)).toThrow(RangeError);
    expect(isUid(P) && isUid(F)).toBe(true);
  });
});

describe("whose canonical keys a prefix reaches", () => {
  it("is all of them, one project's, or nobody's", () => {
    expect(canonicalReach("projects/")).toBe("all");
    expect(canonicalReach(`projects/${P}/`)).toEqual({ projectUid: P });
    expect(canonicalReach(`projects/${P}/${F}/`)).toEqual({ projectUid: P });
    for (const prefix of ["projects/other/", "audio/", `x/projects/${P}/`, "projectsx/", "/"]) {
      expect(canonicalReach(prefix)).toBe("none");
    }
  });
});
