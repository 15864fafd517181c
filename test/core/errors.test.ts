import { expect, test } from "vitest";
import { DatabaseError } from "../../src/core/database-errors.ts";
import { ExpungeError, messageOf } from "../../src/core/errors.ts";
import { StoreError } from "../../src/core/store-errors.ts";

test("anything thrown has a message", () => {
  expect([new TypeError("wrong"), "text", 7, null].map((thrown) => messageOf(thrown))).toEqual([
    "wrong",
    "text",
    "7",
    "null",
  ]);
});

test("an error keeps what caused it, and has no cause where there was none", () => {
  const cause = new Error("first");
  const caused = [
    new ExpungeError("internal", "m", { cause }),
    new StoreError("timeout", "retryable", "m", { cause }),
    new DatabaseError("busy", "m", { cause }),
  ];
  expect(caused.map((error) => error.cause)).toEqual([cause, cause, cause]);
  const plain = [
    new ExpungeError("internal", "m"),
    new StoreError("timeout", "retryable", "m"),
    new DatabaseError("busy", "m"),
  ];
  for (const error of plain) expect(Object.hasOwn(error, "cause")).toBe(false);
});
