import { expect, test } from "vitest";
import { known } from "../../src/core/known.ts";

test("what is known is handed on, falsy values too, and what is not is an error", () => {
  expect([known(0, "count"), known("", "text"), known(false, "flag")]).toEqual([0, "", false]);
  for (const value of [null, undefined]) {
    expect(() => known(value, "the time of the fence")).toThrow(
      "the time of the fence is not known",
    );
  }
});
