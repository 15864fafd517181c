import { describe, expect, test } from "vitest";
import { CDN_MODES, type CdnMode } from "../../src/core/cdn.ts";
import type { Cdn } from "../../src/ports/cdn.ts";

/** One CDN under test that accepts everything, and what it was asked for. */
export interface CdnSubject extends AsyncDisposable {
  readonly cdn: Cdn;
  purged(): readonly string[];
}

const TARGETS: Readonly<Record<CdnMode, readonly string[]>> = {
  prefix: ["cdn.example.org/projects/a", "cdn.example.org/old/p1"],
  url: ["https://cdn.example.org/projects/a/1", "https://cdn.example.org/%25"],
};

/** The obligations of the CDN port (ports/cdn.ts). */
export function cdnContract(name: string, make: (mode: CdnMode) => Promise<CdnSubject>): void {
  describe.each(CDN_MODES)(`CDN: ${name}, mode %s`, (mode) => {
    test("takes a purge, whole and as often as it is repeated", async () => {
      await using subject = await make(mode);
      const targets = TARGETS[mode];
      expect(await subject.cdn.purge(targets)).toEqual({ result: "accepted" });
      expect(await subject.cdn.purge(targets)).toEqual({ result: "accepted" });
      expect(subject.purged()).toEqual([...targets, ...targets]);
      expect(subject.cdn.mode).toBe(mode);
    });

    test("throws where the signal aborts, and asks for nothing", async () => {
      await using subject = await make(mode);
      const stopped = AbortSignal.abort(new Error("stopped on purpose"));
      await expect(subject.cdn.purge(TARGETS[mode], stopped)).rejects.toThrow("stopped on purpose");
      expect(subject.purged()).toEqual([]);
    });
  });
}
