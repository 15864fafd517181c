import { describe, expect, it } from "vitest";
import { CDN_REMEDIES, cdnPrefix, cdnUrl, isCdnUrl, prefixOfKey } from "../../src/core/cdn.ts";
import { keyOfUnit, uploadUnit, versionUnit } from "../../src/core/removal-log.ts";

const CDN = { domain: "cdn.example.org", keyPrefix: "" };

describe("what a CDN is asked to purge", () => {
  it.each([
    ["projects/a/b", "https://cdn.example.org/projects/a/b"],
    ["a b/ü/100%.txt", "https://cdn.example.org/a%20b/%C3%BC/100%25.txt"],
    ["q?x#y", "https://cdn.example.org/q%3Fx%23y"],
    ["half \ud800", "https://cdn.example.org/half%20%EF%BF%BD"],
  ])("spells the key %j as browsers do", (key, url) => {
    expect(cdnUrl(CDN, key)).toBe(url);
    expect(isCdnUrl(url)).toBe(true);
  });

  it("puts the store's prefix before the key", () => {
    const below = { ...CDN, keyPrefix: "media/x y/" };
    expect(cdnUrl(below, "a")).toBe("https://cdn.example.org/media/x%20y/a");
    expect(cdnPrefix(below, "projects/u/")).toBe("cdn.example.org/media/x%20y/projects/u");
  });

  it("takes no prefix that ends within a segment, or is too deep", () => {
    expect(cdnPrefix(CDN, "old/p1/")).toBe("cdn.example.org/old/p1");
    expect(cdnPrefix(CDN, "p1.zip")).toBeNull();
    expect(cdnPrefix(CDN, "")).toBeNull();
    expect(cdnPrefix(CDN, "a/".repeat(31))).not.toBeNull();
    expect(cdnPrefix(CDN, "a/".repeat(32))).toBeNull();
    expect(prefixOfKey(CDN, "p1.zip")).toBe("cdn.example.org/p1.zip");
    expect(isCdnUrl("cdn.example.org/p1.zip")).toBe(false);
  });

  it("has something to do for every failure", () => {
    for (const remedy of Object.values(CDN_REMEDIES)) expect(remedy).toMatch(/^[A-Z].*\.$/);
  });

  it("finds the key of an object, a version and an upload in the log's units", () => {
    expect(keyOfUnit("a/b")).toBe("a/b");
    expect(keyOfUnit(versionUnit("a/b", "v1"))).toBe("a/b");
    expect(keyOfUnit(uploadUnit("a/b", "u1"))).toBe("a/b");
  });
});
