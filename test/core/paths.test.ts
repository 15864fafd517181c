import * as fc from "fast-check";
import { expect, test } from "vitest";
import { normalisePath } from "../../src/core/paths.ts";

const BYTES_MAX = 1024;

test("a path that is stored is stored the same again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
      fc.pre(!/\p{Cc}|^\/|\/\/|\/$|(?:^|\/)\.{1,2}(?:\/|$)/u.test(text));
      const path = normalisePath(text);
      expect(path.normalize("NFC")).toBe(path);
      expect(normalisePath(path)).toBe(path);
    }),
  );
  expect(normalisePath("cafe\u0301")).toBe("caf\u00e9");
});

test.each([
  ["", "it is empty"],
  ["a\ud800b", "not valid Unicode"],
  ["é".repeat(BYTES_MAX / 2 + 1), "it has 1026 bytes"],
  ["a\u0085b", "a control character"],
  ["a//b", "an empty segment"],
  ["/a", "an empty segment"],
  ["a/", "an empty segment"],
  ["a/../b", "the segment '..'"],
  [".", "the segment '.'"],
])("the path %j is refused with its reason", (path, why) => {
  expect(() => normalisePath(path)).toThrow(
    expect.objectContaining({
      code: "invalid-path",
      message: expect.stringContaining(why) as string,
    }),
  );
});
