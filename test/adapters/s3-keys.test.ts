import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BrokenReply } from "../../src/adapters/s3/failures.ts";
import {
  copySourceOf,
  decodeListed,
  etagOf,
  instantOf,
  isPlainInXml,
  KeySpace,
  quoted,
  sizeOf,
} from "../../src/adapters/s3/keys.ts";
import { StoreError } from "../../src/core/store-errors.ts";

const anyKey = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });

describe("listed keys", () => {
  it("are what forms make of them: a plus is a space, and %XX a byte", () => {
    expect(decodeListed("a+b%20c%2Bd", "url")).toBe("a b c+d");
    expect(decodeListed("%C3%A9%f0%9f%98%80", "url")).toBe("\u00e9\u{1F600}");
    expect(decodeListed("plain/\u00e9~!*'()", "url")).toBe("plain/\u00e9~!*'()");
    expect(decodeListed("%2525%00%01", "url")).toBe("%25\0\u0001");
  });

  it("come back as they were, however a store encodes them", () => {
    const byForm = (key: string): string => new URLSearchParams([["k", key]]).toString().slice(2);
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(decodeListed(encodeURIComponent(key), "url")).toBe(key);
        expect(decodeListed(encodeURIComponent(key).replaceAll("%2F", "/"), "url")).toBe(key);
        expect(decodeListed(byForm(key), "url")).toBe(key);
      }),
      { numRuns: 2000 },
    );
  });

  it("are left alone where the store does not say that it encoded them", () => {
    expect(decodeListed("a+b%20c", undefined)).toBe("a+b%20c");
  });

  it("are refused where they are not encoded as the store says", () => {
    for (const text of ["%", "a%2", "%zz", "%C3", "%C3%28", "%ED%A0%80"]) {
      expect(() => decodeListed(text, "url"), text).toThrow(BrokenReply);
    }
    expect(() => decodeListed("a", "base64")).toThrow(BrokenReply);
  });
});

describe("keys in XML", () => {
  it("are those that come through as they are", () => {
    for (const key of ["a", "a b", "a&b<c>", "\u00e9\u{1F600}", "a/b//c", "]]>", "x\u200dy"]) {
      expect(isPlainInXml(key), JSON.stringify(key)).toBe(true);
    }
    const ends = [" a", "a ", "\u00a0a", "\uFEFFa", "a\u2028"];
    const controls = ["a\rb", "a\nb", "a\tb", "a\u0001", "a\u007f", "a\u0085b", "\uFFFE"];
    for (const key of [...ends, ...controls]) {
      expect(isPlainInXml(key), JSON.stringify(key)).toBe(false);
    }
  });
});

describe("the store's own keys", () => {
  it("lie behind its prefix, and what lies beside it is refused", () => {
    const keys = new KeySpace("our/");
    expect(keys.of("a/b")).toBe("our/a/b");
    expect(keys.prefixOf("")).toBe("our/");
    expect(keys.fromListed("our/a/b", "a/")).toBe("a/b");
    for (const listed of ["a/b", "our", "ours/a/b", "our/ab", "OUR/a/b", ""]) {
      expect(() => keys.fromListed(listed, "a/"), listed).toThrow(BrokenReply);
    }
    // A console's folder: the prefix itself is the key of an object.
    expect(keys.fromListed("our/", "")).toBeNull();
    expect(() => new KeySpace("our")).toThrow(RangeError);
  });

  it("leave room for the prefix, and hold no NUL", () => {
    const keys = new KeySpace("our/");
    expect(keys.problem("k".repeat(1020))).toBeNull();
    expect(keys.problem("k".repeat(1021))).toContain("1025 bytes");
    expect(keys.problem("a\0b")).toContain("NUL");
    expect(keys.problem("")).toContain("0 bytes");
    expect(() => keys.of("a\uD800")).toThrow(StoreError);
    expect(new KeySpace("").problem("k".repeat(1024))).toBeNull();
  });

  it("are encoded in the source of a copy, but for their slashes", () => {
    expect(copySourceOf("bucket", "a/b c+%\u00e9?x&y")).toBe("bucket/a/b%20c%2B%25%C3%A9%3Fx%26y");
  });
});

describe("facts of a reply", () => {
  it("have one form, wherever they come from", () => {
    for (const text of ['"abc"', "abc", 'W/"abc"']) expect(etagOf(text)).toBe("abc");
    expect(quoted("abc")).toBe('"abc"');
    expect(instantOf(new Date("2026-01-02T03:04:05.678Z"))).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(sizeOf(0)).toBe(0);
  });

  it("are missed where they are not there", () => {
    expect(() => etagOf(undefined)).toThrow(BrokenReply);
    expect(() => etagOf('""')).toThrow(BrokenReply);
    expect(() => instantOf(undefined)).toThrow(BrokenReply);
    expect(() => instantOf(new Date("no date"))).toThrow(BrokenReply);
    for (const size of [undefined, -1, 1.5, Number.NaN]) {
      expect(() => sizeOf(size)).toThrow(BrokenReply);
    }
  });
});
