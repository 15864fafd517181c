import { expect, test } from "vitest";
import { refuseAtCap } from "../../src/core/deletion-cap.ts";

const CAP = { deletions: 2, withinMs: 10_000 };

test("below the cap one more deletion is taken", () => {
  expect(() => refuseAtCap(CAP, [], 50_000)).not.toThrow();
  expect(() => refuseAtCap(CAP, [49_000], 50_000)).not.toThrow();
});

test("at the cap a deletion is refused until the oldest that counts is old enough", () => {
  expect(() => refuseAtCap(CAP, [49_000, 42_500, 41_000], 50_000)).toThrow(
    expect.objectContaining({ code: "too-many-deletions", details: { retryAfterSeconds: 3 } }),
  );
});
