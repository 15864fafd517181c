import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compareUtf8,
  fromBase64Url,
  fromUtf8,
  toBase64Url,
  toHex,
  utf8,
  utf8Length,
} from "../../src/core/encoding.ts";

/** Well-formed text in which code points around the surrogates and astral ones are not rare. */
const anyChar = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  fc.constantFrom("\u{d7ff}", "\u{e000}", "\u{fffd}", "\u{ffff}", "\u{10000}", "\u{10ffff}", "a"),
);
const anyText = fc.array(anyChar, { maxLength: 12 }).map((chars) => chars.join(""));
const anyBytes = fc.uint8Array({ maxLength: 100 });

describe("UTF-8", () => {
  test("strings are ordered as their UTF-8 bytes are", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (start, a, b) => {
        const [one, two] = [start + a, start + b];
        const wanted = Buffer.compare(Buffer.from(one), Buffer.from(two));
        expect(Math.sign(compareUtf8(one, two))).toBe(wanted);
      }),
      { numRuns: 5000 },
    );
  });

  test("an astral character comes after all of the basic plane, unlike in UTF-16", () => {
    const texts = ["", "a", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}"];
    expect(texts.toReversed().sort(compareUtf8)).toEqual(texts);
    expect(compareUtf8("a\u{1f600}", "a\u{1f600}")).toBe(0);
    expect(compareUtf8("a", "a\u{1f600}")).toBeLessThan(0);
  });

  test("text becomes the bytes that Buffer makes of it, and comes back", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(Buffer.from(utf8(text)).equals(Buffer.from(text))).toBe(true);
        expect(utf8Length(text)).toBe(Buffer.byteLength(text));
        // A byte order mark at the start is a sign for the decoder, not text.
        if (!text.startsWith("\u{feff}")) expect(fromUtf8(utf8(text))).toBe(text);
      }),
    );
  });

  test("bytes that are not UTF-8 are refused", () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(TypeError);
    }
  });
});

describe("hex and base64url", () => {
  test("bytes are written in hex as Buffer writes them", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => toHex(bytes) === Buffer.from(bytes).toString("hex")),
    );
  });

  test("bytes are written in base64url as Buffer writes them, and come back", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = toBase64Url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64url"));
        expect(fromBase64Url(text)).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test("whatever is read as base64url has that one spelling", () => {
    const chars = fc.constantFrom(..."ABab01-_+/= \n".split(""));
    const anySpelling = fc.array(chars, { maxLength: 6 }).map((all) => all.join(""));
    fc.assert(
      fc.property(anySpelling, (text) => {
        const canonical = Buffer.from(text, "base64url").toString("base64url");
        if (canonical === text) expect(toBase64Url(fromBase64Url(text))).toBe(text);
        else expect(() => fromBase64Url(text)).toThrow(RangeError);
      }),
      { numRuns: 3000 },
    );
  });

  test("padding, foreign characters, impossible lengths and stray bits are refused", () => {
    for (const text of ["QQ==", "Q", "QUJDR", "QR", "QUJ", "Q+", "Q/", " QQ", "😀", "QQ\n"]) {
      expect(() => fromBase64Url(text)).toThrow(RangeError);
    }
    expect(fromBase64Url("")).toEqual(new Uint8Array());
    expect(fromBase64Url("QQ")).toEqual(Uint8Array.of(65));
  });
});
