import { describe, expect, it } from "vitest";
import { hunt } from "./campaign.ts";
import { MUTANTS, REDUNDANCIES } from "./mutants.ts";

const HUNT_TIMEOUT_MS = 600_000;
const MUTANTS_MIN = 20;

describe("the simulation finds out a protocol in which", () => {
  it.for(MUTANTS)("$name", { timeout: HUNT_TIMEOUT_MS, concurrent: false }, async (mutant) => {
    const { invariant, seeds } = await hunt(mutant);
    expect(invariant, `no violation in ${seeds} seeds`).not.toBeNull();
  });

  it("something is wrong, in at least twenty ways", () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(MUTANTS_MIN);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  it("nothing is changed: a text that is not there is no mutant", async () => {
    const change = { file: "src/services/listing.ts", from: "no such text", to: "" };
    await expect(hunt({ name: "a mutant of nothing", change })).rejects.toThrow("0 times");
    const unread = { file: "src/no/such/file.ts", from: "x", to: "" };
    await expect(hunt({ name: "a mutant of no file", change: unread })).rejects.toThrow(
      "nothing loads",
    );
  });
});

describe("the simulation shows no difference when", () => {
  it.for(REDUNDANCIES)(
    "a rule is left out that another covers: $name",
    { timeout: HUNT_TIMEOUT_MS },
    async (mutant) => {
      const { invariant, what } = await hunt(mutant);
      expect({ invariant, what }).toEqual({ invariant: null, what: "" });
    },
  );
});
