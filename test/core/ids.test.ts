import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assertProjectId,
  CROCKFORD,
  DEFAULT_ID_FORMAT,
  isDeletionId,
  isProjectId,
  isUid,
  makeDeletionId,
  makeProjectId,
  makeUid,
  parseIdFormat,
  randomText,
  UID_LENGTH,
} from "../../src/core/ids.ts";

const anyTime = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const anyRandom = fc.uint8Array({ minLength: 10, maxLength: 16 });
const bytes64 = fc.uint8Array({ minLength: 64, maxLength: 64 });

/** The 128 bits of a uid, as hex. */
function bitsOf(uid: string): string {
  let value = 0n;
  for (const char of uid) value = value * 32n + BigInt(CROCKFORD.indexOf(char));
  return value.toString(16).padStart(32, "0");
}

describe("uids", () => {
  test("a uid has its shape, whatever time and random bytes it is made of", () => {
    fc.assert(
      fc.property(anyTime, anyRandom, (time, random) => {
        const uid = makeUid(time, random);
        expect(uid).toHaveLength(UID_LENGTH);
        expect(isUid(uid)).toBe(true);
      }),
    );
  });

  test("a uid holds the bits of a UUIDv7: time, version, variant and the random rest", () => {
    fc.assert(
      fc.property(anyTime, anyRandom, (time, random) => {
        const hex = bitsOf(makeUid(time, random));
        expect(Number.parseInt(hex.slice(0, 12), 16)).toBe(time);
        expect(hex.charAt(12)).toBe("7");
        expect(["8", "9", "a", "b"]).toContain(hex.charAt(16));
        const given = Buffer.from(random).toString("hex");
        expect(hex.slice(13, 16)).toBe(given.slice(1, 4));
        expect(hex.slice(17)).toBe(given.slice(5, 20));
      }),
    );
  });

  test("uids sort by the time they were made at, as text and as bytes", () => {
    fc.assert(
      fc.property(anyTime, anyTime, anyRandom, anyRandom, (one, two, a, b) => {
        fc.pre(one < two);
        expect(makeUid(one, a) < makeUid(two, b)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("different random bytes make different uids of one millisecond", () => {
    const uids = new Set<string>();
    for (let i = 0; i < 256; i++) {
      uids.add(makeUid(1, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, i)));
    }
    expect(uids.size).toBe(256);
    expect(makeUid(1.9, new Uint8Array(10))).toBe(makeUid(1, new Uint8Array(10)));
    expect(() => makeUid(1, new Uint8Array(9))).toThrow(RangeError);
  });

  test("what is no uid is not taken for one", () => {
    const uid = makeUid(1_760_000_000_000, new Uint8Array(10));
    const others = [
      uid.slice(1),
      `${uid}0`,
      uid.toUpperCase(),
      `8${uid.slice(1)}`,
      ...["i", "l", "o", "u", "-"].map((char) => `${uid.slice(0, -1)}${char}`),
      `${uid}\n`,
      "",
    ];
    for (const other of others) expect(isUid(other)).toBe(false);
  });
});

describe("deletion ids", () => {
  test("a deletion id has its shape and uses every random byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (random) => {
        const id = makeDeletionId(random);
        expect(isDeletionId(id)).toBe(true);
        const back = Array.from(id.slice("DELETE-".length), (char) => CROCKFORD.indexOf(char));
        expect(back).toEqual([...random].map((byte) => byte % 32));
      }),
    );
    expect(() => makeDeletionId(new Uint8Array(11))).toThrow(RangeError);
    expect(() => randomText(new Uint8Array(3), 4)).toThrow(RangeError);
  });

  test("what is no deletion id is not taken for one", () => {
    const others = ["DELETE-0fc2a5", "delete-000000000000", "DELETE-00000000000i", "DELETE-"];
    for (const id of [...others, "DELETE-0000000000000", " DELETE-000000000000", ""]) {
      expect(isDeletionId(id)).toBe(false);
    }
  });
});

describe("project ids of the default form", () => {
  test("exactly the strings of the documented expression are project ids, uids excepted", () => {
    const pattern = /^[A-Za-z0-9]([-_]?[A-Za-z0-9])*$/;
    const uid = makeUid(1_760_000_000_000, new Uint8Array(10).fill(255));
    const chars = fc.constantFrom(..."aZ09-_./ é".split(""));
    const text = fc.oneof(
      fc.array(chars, { maxLength: 70 }).map((all) => all.join("")),
      fc
        .array(fc.constantFrom(..."aZ09".split("")), { minLength: 60, maxLength: 66 })
        .map((all) => all.join("")),
      fc.constantFrom(uid, `${uid}0`, uid.toUpperCase()),
    );
    fc.assert(
      fc.property(text, (id) => {
        const wanted = pattern.test(id) && id.length <= 63 && id !== uid;
        expect(isProjectId(DEFAULT_ID_FORMAT, id)).toBe(wanted);
      }),
      { numRuns: 5000 },
    );
  });

  test("a refused id is named with the reason, an allowed one passes", () => {
    assertProjectId(DEFAULT_ID_FORMAT, "my-project_1");
    const refuse = (id: string): unknown => {
      try {
        assertProjectId(DEFAULT_ID_FORMAT, id);
      } catch (error) {
        return error;
      }
      return null;
    };
    expect(refuse("a--b")).toMatchObject({ code: "invalid-project-id" });
    const uid = makeUid(1, new Uint8Array(10));
    expect(refuse(uid)).toMatchObject({ code: "invalid-project-id" });
    expect(refuse(uid)).toHaveProperty("message", expect.stringContaining("shape of a uid"));
  });
});

describe("declared forms of project ids", () => {
  test("a form tells its ids from all others", () => {
    const fixed = parseIdFormat("proj_[0-9a-f]{12}");
    expect(fixed).toMatchObject({ prefix: "proj_", minLength: 12, maxLength: 12 });
    expect([...fixed.chars].join("")).toBe("0123456789abcdef");
    expect(isProjectId(fixed, "proj_0123456789ab")).toBe(true);
    for (const id of [
      "proj_0123456789a",
      "proj_0123456789abc",
      "proj_0123456789aB",
      "0123456789ab",
    ]) {
      expect(isProjectId(fixed, id)).toBe(false);
    }
    const range = parseIdFormat("p[a-z0-9]{4,20}");
    expect([3, 4, 20, 21].map((n) => isProjectId(range, `p${"x".repeat(n)}`))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("a class may hold '-' and '_' as they are, and then they stand anywhere", () => {
    const format = parseIdFormat("[a_-]{1,5}");
    expect([...format.chars].toSorted()).toEqual(["-", "_", "a"]);
    expect(isProjectId(format, "-_a--")).toBe(true);
    expect(isProjectId(format, "b")).toBe(false);
    expect(isProjectId(parseIdFormat("[-a-c]{2}"), "-b")).toBe(true);
  });

  test("forms that cannot be used are refused", () => {
    const refused = [
      "",
      "[a-z]",
      "[a-z]{}",
      "[]{3}",
      "[a-z]{0}",
      "[a-z]{0,4}",
      "[a-z]{5,4}",
      "[z-a]{4}",
      "[Z-a]{4}",
      "[a-z]{64}",
      "proj_[a-z]{59}",
      "a/b[a-z]{4}",
      "[a-z.]{4}",
      "[a-z]{4}x",
      "[é]{4}",
      "[a-z]{4,}",
    ];
    for (const text of refused) {
      expect(() => parseIdFormat(text)).toThrow(
        expect.objectContaining({ code: "invalid-config" }),
      );
    }
    expect(parseIdFormat("proj_[a-z]{58}").maxLength).toBe(58);
  });

  test("a form whose every id has the shape of a uid is refused", () => {
    for (const text of ["[0-7]{26}", "0[0-9a-f]{25}", `${"7".repeat(25)}[a]{1}`]) {
      expect(() => parseIdFormat(text)).toThrow(
        expect.objectContaining({ code: "invalid-config" }),
      );
    }
    expect(parseIdFormat("[0-7]{25,26}").minLength).toBe(25);
    expect(parseIdFormat("[0-8]{26}").minLength).toBe(26);
  });

  test("an id that is made has the declared form, whatever the random bytes are", () => {
    const anyFormat = fc.constantFrom(
      DEFAULT_ID_FORMAT,
      ...[
        "proj_[0-9a-f]{12}",
        "p[a-z0-9]{4,20}",
        "[0-9a-f]{26}",
        "[0-7]{25,26}",
        "0[0-9a-z]{25}",
        "000000[0-9a-f]{5,20}",
        "[A-Z_]{3,63}",
        "[a]{1}",
        "[a-b]{63}",
      ].map(parseIdFormat),
    );
    const anyRandom = fc.oneof(
      bytes64,
      fc.nat(255).map((byte) => new Uint8Array(64).fill(byte)),
    );
    fc.assert(
      fc.property(anyFormat, anyRandom, (format, random) => {
        const id = makeProjectId(format, random);
        expect([format.text, id, isProjectId(format, id)]).toEqual([format.text, id, true]);
      }),
      { numRuns: 5000 },
    );
    expect(() => makeProjectId(DEFAULT_ID_FORMAT, new Uint8Array(5))).toThrow(RangeError);
  });

  test("an id is made longer where it would have the length of a uid, if the form allows it", () => {
    const made = (form: string): string => makeProjectId(parseIdFormat(form), new Uint8Array(64));
    expect(made("projct[0-9a-z]{1,40}")).toBe(`projct${"0".repeat(21)}`);
    expect(made("pqrxyz[0-9a-z]{1,20}")).toMatch(/^pqrxyz[0-9a-z]{20}$/);
  });
});
