import { describe, expect, it } from "vitest";
import { endOf, keysOf, pattern, read, sendPart, type StoreFixture, uploadsOf } from "./fixture.ts";

const ROUNDS = 200;

/** Shares of a completion's time by which the abort comes before it, all through it, and after it. */
const SHIFTS = 40;
const SHIFT_MIN = -1.5;
const SHIFT_MAX = 3;
/** Few rounds, too, are spread over all shifts: it has no divisor in common with them. */
const SHIFT_STEP = 13;

/** How long after the completion the abort begins in this round; before it where negative. */
function shiftMs(durationMs: number, round: number): number {
  const share = ((round * SHIFT_STEP) % SHIFTS) / SHIFTS;
  return durationMs * (SHIFT_MIN + (SHIFT_MAX - SHIFT_MIN) * share);
}

/** Waits without the coarseness of timers. */
async function waitMs(durationMs: number): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) await wait(1);
}

/** How long a completion takes here: the middle one of several. */
async function completionMs(store: StoreFixture["store"]): Promise<number> {
  const durationsMs: number[] = [];
  for (let i = 0; i < 7; i++) {
    const uploadId = await store.createUpload("measured", "text/plain");
    const part = await sendPart(store, "measured", uploadId, 1, "content");
    const startMs = performance.now();
    await store.completeUpload("measured", uploadId, [part]);
    durationsMs.push(performance.now() - startMs);
  }
  await store.remove(["measured"]);
  return durationsMs.sort((a, b) => a - b)[3] ?? 0;
}

/** Lets so many other things happen first: shifts the one call against the other. */
async function wait(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

export function racesContract(fixture: StoreFixture): void {
  describe("races", () => {
    it("lets exactly one of complete and abort win an upload", async () => {
      const { store, differences } = fixture;
      const rounds = differences.raceRounds ?? ROUNDS;
      const { partBytesMin } = await store.capabilities();
      const durationMs = await completionMs(store);
      const wins = { complete: 0, abort: 0 };
      for (let round = 0; round < rounds; round++) {
        const key = `race/${round % 2}/${round}`;
        const uploadId = await store.createUpload(key, "text/plain");
        const parts = [await sendPart(store, key, uploadId, 1, pattern(partBytesMin + 9, round))];
        if (round % 4 > 1) parts.push(await sendPart(store, key, uploadId, 2, "second"));
        const shift = shiftMs(durationMs, round);
        const [completed, aborted] = await Promise.all([
          waitMs(-shift)
            .then(() => wait(round % 3))
            .then(() => endOf(store.completeUpload(key, uploadId, parts))),
          waitMs(shift).then(() => endOf(store.abortUpload(key, uploadId))),
        ]);
        if (completed !== "done" || aborted !== "done" || !differences.abortsMayLose) {
          expect([completed, aborted].sort()).toEqual(["done", "no-such-upload"]);
        }
        expect(await keysOf(store, key)).toEqual(completed === "done" ? [key] : []);
        wins[completed === "done" ? "complete" : "abort"]++;
      }
      expect(wins.complete, "a race that complete never wins is none").toBeGreaterThan(0);
      expect(wins.abort, "a race that abort never wins is none").toBeGreaterThan(0);
      expect(await keysOf(store, "race/")).toHaveLength(wins.complete);
      expect(await uploadsOf(store, "")).toEqual([]);
    });

    it("shows nothing new under a key once an abort has answered, whatever it answered", async () => {
      const { store, differences } = fixture;
      const rounds = differences.raceRounds ?? ROUNDS / 4;
      const durationMs = await completionMs(store);
      for (let round = 0; round < rounds; round++) {
        const key = `fenced/${round}`;
        const uploadId = await store.createUpload(key, "text/plain");
        const part = await sendPart(store, key, uploadId, 1, "content");
        const shift = shiftMs(durationMs, round);
        const completing = waitMs(-shift).then(() =>
          endOf(store.completeUpload(key, uploadId, [part])),
        );
        await waitMs(shift);
        await endOf(store.abortUpload(key, uploadId));
        const atAnswer = await keysOf(store, key);
        await completing;
        expect(await keysOf(store, key)).toEqual(atAnswer);
      }
    });

    it("lets exactly one of several completions make the object", async () => {
      const { store, differences } = fixture;
      const rounds = differences.raceRounds ?? ROUNDS / 4;
      for (let round = 0; round < rounds; round++) {
        const key = `once/${round}`;
        const uploadId = await store.createUpload(key, "text/plain");
        const bytes = pattern(5000, round);
        const part = await sendPart(store, key, uploadId, 1, bytes);
        const ends = await Promise.all(
          [0, 1, 2].map(() => endOf(store.completeUpload(key, uploadId, [part]))),
        );
        if (differences.repeatsCompletions) {
          // Which of them made it cannot be seen. One that finds another under way may say so.
          expect(ends).toContain("done");
          const others = ends.filter((end) => end !== "done" && end !== "no-such-upload");
          expect(others.filter((end) => end !== "store-unavailable")).toEqual([]);
        } else expect(ends.sort()).toEqual(["done", "no-such-upload", "no-such-upload"]);
        expect(Buffer.from(await read(store, key)).equals(bytes)).toBe(true);
        expect(await uploadsOf(store, key)).toEqual([]);
      }
    });

    it("keeps one whole part of several that are sent under one number at once", async () => {
      const { store } = fixture;
      const key = "contested";
      const uploadId = await store.createUpload(key, "text/plain");
      const bodies = [1, 2, 3, 4].map((seed) => pattern(40_000 + seed, seed));
      const sent = await Promise.all(bodies.map((body) => sendPart(store, key, uploadId, 1, body)));
      const [held, ...others] = await store.listParts(key, uploadId);
      expect(others).toEqual([]);
      const winner = sent.findIndex(({ etag }) => etag === held?.etag);
      expect(winner).not.toBe(-1);
      await store.completeUpload(key, uploadId, held ? [held] : []);
      const expected = bodies[winner] ?? new Uint8Array();
      expect(Buffer.from(await read(store, key)).equals(expected)).toBe(true);
    });
  });
}
