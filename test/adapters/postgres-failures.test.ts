import { DatabaseError as ServerError } from "pg";
import { describe, expect, it } from "vitest";
import { databaseErrorOf, endsConnection } from "../../src/adapters/postgres/failures.ts";

/** As the driver throws what the server says of a statement. */
function said(code: string, severity = "ERROR"): ServerError {
  return Object.assign(new ServerError("so it is", 8, "error"), { code, severity });
}

describe("what a database server says of a statement", () => {
  it.each([
    ["disk full", "53100", "out-of-resources"],
    ["out of memory", "53200", "out-of-resources"],
    ["too many connections", "53300", "out-of-resources"],
    ["query cancelled", "57014", "timeout"],
    ["read-only transaction", "25006", "read-only"],
    ["connection failure", "08006", "connection-lost"],
  ])("tells of the server: %s (%s) is %s", (_what, state, code) => {
    expect(databaseErrorOf(said(state))).toMatchObject({ code, effectUnknown: false });
  });

  it("tells of the statement itself with any other code, and that is no error of the server", () => {
    for (const state of ["23505", "40001", "42601"]) {
      expect(databaseErrorOf(said(state))).toBeNull();
    }
  });

  it("leaves the effect of a COMMIT open only where the server hung up in the midst of it", () => {
    expect(databaseErrorOf(said("57P01", "FATAL"), true)).toMatchObject({
      code: "connection-lost",
      effectUnknown: true,
    });
    expect(databaseErrorOf(said("53100"), true)).toMatchObject({ effectUnknown: false });
  });

  it("ends the connection where nothing more can be expected of it", () => {
    const ends = ["57P01", "57014", "25006", "53100"].map((state) => {
      const error = databaseErrorOf(said(state, state === "57P01" ? "FATAL" : "ERROR"));
      return error !== null && endsConnection(error);
    });
    expect(ends).toEqual([true, true, true, false]);
  });
});
