import { describe, expect, it } from "vitest";
import { DEFAULT_ID_FORMAT, parseIdFormat } from "../../src/core/ids.ts";
import { findConflict, provable } from "../../src/core/layouts/overlap.ts";
import { CANONICAL_LAYOUT, parseLayout } from "../../src/core/layouts/template.ts";
import { conflictOf, trySet } from "./layouts-help.ts";

describe("the proof against the canonical layout", () => {
  it("takes every common key for a conflict, for no id has the shape of a uid", () => {
    const layout = parseLayout(DEFAULT_ID_FORMAT, { name: "x", template: "*/*/{project}" });
    const conflict = findConflict(provable(CANONICAL_LAYOUT), provable(layout));
    expect(conflict).toEqual({
      key: "projects/0aaaaaaaaaaaaaaaaaaaaaaaaa/a",
      firstId: "0aaaaaaaaaaaaaaaaaaaaaaaaa",
      secondId: "a",
    });
  });

  it("accepts ids of 26 characters in the very place of the uid", () => {
    for (const declared of ["[0-9a-z]{26}", "[0-9a-z]{20,30}", "0[0-9a-z]{25}"]) {
      const format = parseIdFormat(declared);
      expect(trySet(format, ["projects/{project}/**", "*/{project}"])).toBeNull();
    }
  });

  it("refuses ids that a uid contains or is a part of, where the slots do not align", () => {
    const format = parseIdFormat("[0-9a-z]{25}");
    expect(trySet(format, ["projects/0{project}/**"])?.code).toBe("ambiguous-layouts");
    expect(trySet(format, ["projects/{project}*/**"])?.code).toBe("ambiguous-layouts");
    expect(trySet(format, ["projects/8{project}/**"])).toBeNull();
    expect(trySet(format, ["projects/{project}/**"])).toBeNull();
  });
});

describe("keys below .expunge/", () => {
  it("are no conflict, for no layout matches them", () => {
    // The ids are 'e' and 'f', so '.expunge/f' would be the only key with two of them.
    const format = parseIdFormat("[ef]{1}");
    expect(conflictOf(format, ".expung{project}/f", "*/{project}")).toBeNull();
    expect(conflictOf(format, ".expunh{project}/f", "*/{project}")).toEqual({
      key: ".expunhe/f",
      firstId: "e",
      secondId: "f",
    });
  });

  it("do not hide a conflict that lies outside of it", () => {
    // The first id that the search would try, 'x', makes it '.expunge/'; the others do not.
    const conflict = conflictOf(parseIdFormat("[xyz]{1}"), ".e{project}punge/*", "*/{project}");
    expect(conflict).toEqual({ key: ".eypunge/z", firstId: "y", secondId: "z" });
  });
});

describe("ids in different places of the key", () => {
  it.each([
    ["[ab]{1}", "b/{project}", "{project}/b", null, "", ""],
    ["[b]{1}", "b/{project}", "{project}/b", null, "", ""],
    ["[ab]{3}", "{project}ab*", "a{project}b*", "aabab", "aab", "aba"],
    ["[a]{3}", "{project}/*", "*/{project}", null, "", ""],
    ["[a]{1,3}", "{project}/*", "*/{project}", "aa/a", "aa", "a"],
    ["p_[0-9]{2}", "{project}/*", "*/{project}", "p_00/p_01", "p_00", "p_01"],
  ])("with %s: %s and %s", (declared, one, other, key, firstId, secondId) => {
    const conflict = conflictOf(parseIdFormat(declared), one, other);
    if (key === null) expect(conflict).toBeNull();
    else expect(conflict).toMatchObject({ key, firstId, secondId });
  });
});

describe("a literal that stands for itself", () => {
  it.each([
    ["{project}#*", "*#/{project}"],
    ["{project}#*/**", "x/{project}#*"],
    ["#{project}#*", "#{project}*"],
    ["{project}/#/*", "*/#/{project}"],
  ])("makes the same of %s and %s whichever character it is", (one, other) => {
    const format = parseIdFormat("[ab]{1,2}");
    const withMark = (mark: string): unknown => {
      const [first, second] = [one, other].map((template) => template.replaceAll("#", mark));
      const error = trySet(format, [first ?? "", second ?? ""]);
      return error && [error.code, String(error.details["key"]).replaceAll(mark, "#")];
    };
    expect([withMark("!"), withMark('"')]).toEqual([withMark("#"), withMark("#")]);
  });
});

describe("keys longer than a store can hold", () => {
  it("are no conflict", () => {
    const format = parseIdFormat("proj_[0-9a-f]{12,13}");
    const shortest = (literals: number): string | undefined =>
      conflictOf(format, `${"x".repeat(literals)}{project}*`, `${"x".repeat(literals)}{project}*`)
        ?.key;
    expect(shortest(1024 - 18)).toHaveLength(1024);
    expect(shortest(1024 - 17)).toBeUndefined();
  });
});

describe("the proof's cost", () => {
  it.each([
    ["that differ behind the id", (i: number) => `users/*/projects/{project}/${"*/".repeat(i)}**`],
    ["that differ at the end", (i: number) => `users/*/projects/{project}.*.*${i}`],
    ["with ids at different depths", (i: number) => `u/${"*/".repeat(i)}x/{project}.${i}`],
  ])("is under a second for twenty layouts %s", (_, template) => {
    const templates = Array.from({ length: 20 }, (_, i) => template(i));
    const began = performance.now();
    expect(trySet(DEFAULT_ID_FORMAT, templates)).toBeNull();
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it("is under a second for the longest ids in different segments", () => {
    const began = performance.now();
    const error = trySet(parseIdFormat("[0-9a-z]{63}"), ["x/{project}/**", "x/*/{project}/**"]);
    expect(error?.details["key"]).toHaveLength(2 + 63 + 1 + 63 + 1);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
