import { expect, test } from "vitest";
import { itemAt } from "../../src/core/item-at.ts";

test("a place holds its item, falsy ones too, and one without an item is an error", () => {
  expect([itemAt([7, 0], 1), itemAt(Uint8Array.of(3), 0), itemAt([null], 0)]).toEqual([0, 3, null]);
  for (const place of [-1, 2, Number.NaN]) {
    expect(() => itemAt([7, 0], place)).toThrow(`nothing at ${place} of 2`);
  }
});
