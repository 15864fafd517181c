import { expect, test } from "vitest";
import { EXIT, exitCodeOf, failureOf } from "../../src/cli/exit-codes.ts";
import { type ErrorCode, ERRORS, ExpungeError } from "../../src/core/errors.ts";
import { DatabaseError } from "../../src/core/database-errors.ts";
import { StoreError } from "../../src/core/store-errors.ts";

test("the exit codes are the numbers that docs/cli.md promises", () => {
  expect(EXIT).toEqual({
    done: 0,
    unexpected: 1,
    usage: 2,
    residue: 3,
    problems: 4,
    unauthorised: 5,
    notFound: 6,
    refused: 7,
    accepted: 8,
    unreachable: 10,
    interrupted: 130,
  });
});

test("every error of the catalogue has an exit code, and none of them is success", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    expect([1, 2, 3, 4, 5, 6, 7, 10], code).toContain(exitCodeOf(code));
  }
});

test.each<[ErrorCode, number]>([
  ["invalid-config", 2],
  ["data-dir-locked", 2],
  ["deletion-blocked", 3],
  ["invalid-receipt", 4],
  ["unauthorized", 5],
  ["forbidden", 5],
  ["project-not-found", 6],
  ["file-not-found", 6],
  ["project-held", 7],
  ["too-many-objects", 7],
  ["confirmation-needed", 7],
  ["store-unavailable", 10],
  ["database-unavailable", 10],
  ["service-unreachable", 10],
  ["internal", 1],
])("the error %s ends a command with the exit code %i", (code, exitCode) => {
  expect(failureOf(new ExpungeError(code, "so it is")).exitCode).toBe(exitCode);
});

test("an error of the store that is down ends a command with the exit code of an unreachable store", () => {
  const error = new StoreError("timeout", "retryable", "no answer");
  expect(failureOf(error)).toMatchObject({ exitCode: 10, error: { code: "store-unavailable" } });
});

test("an error of the database that is down ends a command with the exit code of an unreachable database", () => {
  const error = new DatabaseError("connection-lost", "it hung up", { effectUnknown: true });
  expect(failureOf(error)).toMatchObject({
    exitCode: 10,
    error: { code: "database-unavailable", details: { effectUnknown: true } },
  });
});

test("anything else that is thrown is reported as an unexpected error with its message", () => {
  expect(failureOf(new TypeError("oh"))).toMatchObject({
    exitCode: 1,
    error: { code: "internal", message: "oh" },
  });
});
