import { describe, expect, test } from "vitest";
import type { SweepEnd } from "../../../src/ports/metadata/index.ts";
import {
  expectAbout,
  expectStale,
  type Fixture,
  LONG_MS,
  next,
  PAST_SHORT_MS,
  SHORT_MS,
} from "./fixture.ts";

const END: SweepEnd = {
  outcome: "residue",
  found: 3,
  deleted: 2,
  failed: 0,
  blocked: 1,
  unknown: 0,
  bytes: 7,
  verified: false,
  residue: [{ key: "old/é\u0001", outcome: "blocked", code: "object-locked", message: "locked" }],
  error: null,
};

export function sweepsContract(fixture: Fixture): void {
  const make = (id = `SWEEP-${String(next()).padStart(12, "0")}`) =>
    fixture.store.createSweep({ id, prefix: "old/", requestedBy: "root" });

  describe("sweeps of prefixes", () => {
    test("are kept as they were asked for", async () => {
      const { store } = fixture;
      const sweep = await make();
      expect(sweep).toEqual({
        id: sweep.id,
        prefix: "old/",
        requestedBy: "root",
        requestedAt: sweep.requestedAt,
        completedAt: null,
        attempts: 0,
        found: 0,
        end: null,
      });
      expectAbout(sweep.requestedAt, await store.now());
      expect(await store.findSweep(sweep.id)).toEqual(sweep);
      expect(await store.findSweep("SWEEP-none")).toBeNull();
    });

    test("are due, oldest first, until somebody claims them, and again when the lease is over", async () => {
      const { store } = fixture;
      const first = await make();
      await fixture.advance(10);
      const second = await make();
      expect(await store.dueSweeps(10)).toEqual([first.id, second.id]);
      expect(await store.dueSweeps(1)).toEqual([first.id]);
      const claim = await store.claimSweep(first.id, SHORT_MS);
      expect(claim?.sweep.attempts).toBe(1);
      expect(await store.claimSweep(first.id, SHORT_MS)).toBeNull();
      expect(await store.dueSweeps(10)).toEqual([second.id]);
      await fixture.advance(PAST_SHORT_MS);
      const again = await store.claimSweep(first.id, LONG_MS);
      expect(again?.sweep.attempts).toBe(2);
      expect(again?.token).not.toBe(claim?.token);
      expect(await store.claimSweep("SWEEP-none", LONG_MS)).toBeNull();
    });

    test("tell what was found while the claim stands, and a lost claim changes nothing", async () => {
      const { store } = fixture;
      const { id } = await make();
      const lost = await store.claimSweep(id, SHORT_MS);
      expect(await store.extendSweep(id, lost?.token ?? 0, SHORT_MS, 5)).toBe(true);
      expect((await store.findSweep(id))?.found).toBe(5);
      await fixture.advance(PAST_SHORT_MS);
      const held = await store.claimSweep(id, LONG_MS);
      expect(held?.sweep.found).toBe(0);
      expect(await store.extendSweep(id, lost?.token ?? 0, LONG_MS, 9)).toBe(false);
      await store.postponeSweep(id, lost?.token ?? 0, 0);
      expect(await store.dueSweeps(10)).toEqual([]);
      await expectStale(store.finishSweep(id, lost?.token ?? 0, END));
      expect((await store.findSweep(id))?.end).toBeNull();
    });

    test("can be put off, and are then due again", async () => {
      const { store } = fixture;
      const { id } = await make();
      const claim = await store.claimSweep(id, LONG_MS);
      await store.postponeSweep(id, claim?.token ?? 0, SHORT_MS);
      expect(await store.dueSweeps(10)).toEqual([]);
      await fixture.advance(PAST_SHORT_MS);
      expect(await store.dueSweeps(10)).toEqual([id]);
    });

    test("are due at once for the process that has the database for itself", async () => {
      const { store } = fixture;
      const { id } = await make();
      await store.claimSweep(id, LONG_MS);
      expect(await store.dueSweeps(10)).toEqual([]);
      await store.releaseAllClaims();
      expect(await store.dueSweeps(10)).toEqual([id]);
    });

    test("end once, with what they came to, and are not due any more", async () => {
      const { store } = fixture;
      const { id } = await make();
      const claim = await store.claimSweep(id, SHORT_MS);
      const ended = await store.finishSweep(id, claim?.token ?? 0, END);
      expect(ended).toMatchObject({ end: END, found: 3 });
      expectAbout(ended.completedAt, await store.now());
      await fixture.advance(PAST_SHORT_MS);
      expect(await store.dueSweeps(10)).toEqual([]);
      expect(await store.claimSweep(id, LONG_MS)).toBeNull();
      await expectStale(store.finishSweep(id, claim?.token ?? 0, END));
      expect(await store.findSweep(id)).toEqual(ended);
    });
  });
}
