import { assert, integer, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/core/backoff.ts";
import { LIMITS } from "../../src/core/limits.ts";

const NONE = Uint8Array.of(0, 0);
const ALL = Uint8Array.of(255, 255);

describe("the pause before a call is repeated", () => {
  it("has a ceiling that doubles from attempt to attempt, up to a limit", () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 20].map((attempt) => backoffMs(attempt, ALL));
    expect(ceilings).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(ceilings.at(-1)).toBe(LIMITS.retryDelayMaxMs);
  });

  it("is anything from nothing to the ceiling (full jitter), and never more", () => {
    assert(
      property(
        integer({ min: 1, max: 100 }),
        uint8Array({ minLength: 2, maxLength: 2 }),
        (attempt, random) => {
          const pauseMs = backoffMs(attempt, random);
          expect(pauseMs).toBeGreaterThanOrEqual(0);
          expect(pauseMs).toBeLessThanOrEqual(backoffMs(attempt, ALL));
        },
      ),
    );
    expect(backoffMs(9, NONE)).toBe(0);
    const spread = Array.from({ length: 256 }, (_, high) => backoffMs(6, Uint8Array.of(high, 0)));
    expect(new Set(spread).size).toBe(256);
  });
});
