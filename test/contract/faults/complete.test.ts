import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { CALLS } from "./calls.ts";
import { ELSEWHERE, FAULTS } from "./kinds.ts";
import { expected, RULES, unknownNames } from "./table.ts";

/** Every call of the port that asks the store something; a new one fails to compile until it is here. */
const PORT: Readonly<
  Record<Exclude<keyof ObjectStore, "identity" | "presignPart" | "presignGet">, true>
> = {
  capabilities: true,
  list: true,
  put: true,
  get: true,
  head: true,
  remove: true,
  listVersions: true,
  removeVersions: true,
  createUpload: true,
  uploadPart: true,
  copyPart: true,
  listParts: true,
  completeUpload: true,
  abortUpload: true,
  listUploads: true,
};

describe("the table of faults", () => {
  it("has every call of the port", () => {
    const called = new Set(CALLS.map(({ name }) => name.replace(/ of .*/, "")));
    expect([...called].sort()).toEqual(Object.keys(PORT).sort());
  });

  it("has of every call and every fault either a row or the reason why there is none", () => {
    const pairs = FAULTS.flatMap((kind) => CALLS.map((call) => ({ kind, call })));
    const rows = pairs.filter(({ kind, call }) => kind.cannot(call) === null);
    const missing = rows.filter(
      ({ kind, call }) => expected(kind.name, call, { completesAgain: true }) === "no rule",
    );
    expect(missing.map(({ kind, call }) => `${call.name}: ${kind.name}`)).toEqual([]);
    const reasons = pairs.map(({ kind, call }) => kind.cannot(call)).filter((why) => why !== null);
    expect(reasons.every((why) => why.length > 10)).toBe(true);
    expect(rows.length + reasons.length).toBe(FAULTS.length * CALLS.length);
    expect(rows.length).toBeGreaterThan(400);
  });

  it("has no rule without a fault, no fault twice, and no name that no call has", () => {
    const names = FAULTS.map(({ name }) => name);
    expect(Object.keys(RULES).sort()).toEqual([...names].sort());
    expect(new Set(names).size).toBe(names.length);
    expect(unknownNames()).toEqual([]);
  });

  it("names a test that is there for each fault that it cannot show", () => {
    for (const [fault, why] of Object.entries(ELSEWHERE)) {
      const path = /test\/[\w/.-]+\.ts/.exec(why)?.[0] ?? "";
      expect(existsSync(new URL(`../../../${path}`, import.meta.url)), fault).toBe(true);
    }
  });
});
