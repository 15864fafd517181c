import { describe, expect, it } from "vitest";
import type { Context } from "../../../src/services/context.ts";
import { DeletionWatch } from "../../../src/services/deletion-watch.ts";
import { InFlight } from "../../../src/services/in-flight.ts";
import { runPurge } from "../../../src/services/purge/purge.ts";
import { carryOutRun } from "../../../src/services/runs.ts";
import { ADMIN, type TestService } from "../../support/context.ts";
import { withLimit } from "../../support/limits.ts";
import { keysOf, run } from "../adoption/adopting.ts";
import { adopted, legacyKeysOf, readAll, relayout, settle } from "./relaying.ts";

/** A file of one part, one of several, which is proven by reading it, and one without bytes. */
const FILES = { "audio/p1/a": "ab", "audio/p1/long": "0123456789", "audio/p1/none": "" };
const STEPS = ["copy", "finish", "undo"] as const;
type Step = (typeof STEPS)[number];
const NEVER = new AbortController().signal;

/** The service with a run that is to be carried out, and its id. */
async function prepared(step: Step): Promise<{ readonly one: TestService; readonly id: string }> {
  const one = await adopted(FILES, { pauseMaxMs: Number.POSITIVE_INFINITY });
  const { relayouts } = one.services;
  const input = { dryRun: false };
  if (step === "copy") return { one, id: (await relayouts.start(ADMIN, input)).relayout.id };
  const made = await relayout(one);
  return { one, id: (await relayouts[step](ADMIN, made.id, input)).relayout.id };
}

/** Another process, that does something before each of its calls of the store and the database. */
function process({ context }: TestService, before: () => Promise<void>): Context {
  const watched = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(original, name) {
        const value: unknown = Reflect.get(original, name);
        if (typeof value !== "function") return value;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          await before();
          return (await Reflect.apply(value, original, args)) as unknown;
        };
      },
    });
  return {
    ...context,
    store: watched(context.store),
    metadata: watched(context.metadata),
    inFlight: new InFlight(),
    watch: new DeletionWatch(),
  };
}

/** Carries the run out until before its n-th call, where the process dies. Answers whether it did. */
async function killed(one: TestService, id: string, n: number): Promise<boolean> {
  let calls = 0;
  const dying = process(one, async () => {
    if (++calls >= n) throw new Error("killed");
  });
  try {
    await carryOutRun(dying, id, NEVER);
  } catch {
    // However it broke off: the process is dead.
  }
  return calls >= n;
}

/** Deletes the project, and looks that nothing is left and the receipt tells what there was. */
async function deleteProject(one: TestService): Promise<void> {
  const objects = keysOf(one).length;
  // One that was never completed counts where it has parts.
  const uploads = one.objects.view().uploads.size;
  const { id, projectUid } = await one.services.deletions.request(ADMIN, "p1", {});
  await runPurge(one.context, id, NEVER);
  expect(await one.services.deletions.get(ADMIN, id)).toMatchObject({ state: "completed" });
  expect(keysOf(one)).toEqual([]);
  expect(one.objects.view().uploads.size).toBe(0);
  const { payload } = await one.services.receipts.get(ADMIN, projectUid);
  expect(payload.totals.deleted).toBeGreaterThanOrEqual(objects);
  expect(payload.totals.deleted).toBeLessThanOrEqual(objects + uploads);
}

/** In every gap between two calls of a step: from the first until one in which it is not struck. */
async function inEveryGap(step: Step, strike: (n: number) => Promise<boolean>): Promise<number> {
  for (let n = 1; ; n++) {
    expect(n, `${step} never ends`).toBeLessThan(500);
    const wasStruck = await withLimit("relayoutPartBytes", 4, () => strike(n));
    if (!wasStruck) return n - 1;
  }
}

describe.each(STEPS)("a relayout at its step '%s'", (step) => {
  it(`leaves nothing to a deletion that follows a crash before any of its calls: ${step}`, async () => {
    const gaps = await inEveryGap(step, async (n) => {
      const { one, id } = await prepared(step);
      const wasKilled = await killed(one, id, n);
      await deleteProject(one);
      return wasKilled;
    });
    expect(gaps).toBeGreaterThan(15);
  });

  it(`makes nothing of a project that is deleted before any of its calls: ${step}`, async () => {
    await inEveryGap(step, async (n) => {
      const { one, id } = await prepared(step);
      let calls = 0;
      const overtaken = process(one, async () => {
        if (++calls === n) await deleteProject(one);
      });
      await carryOutRun(overtaken, id, NEVER);
      const ended = await one.metadata.findRun(id);
      expect(ended?.completedAt).not.toBeNull();
      if (calls < n) return false;
      await settle(one);
      expect(keysOf(one)).toEqual([]);
      expect(one.objects.view().uploads.size).toBe(0);
      expect(await one.metadata.listNotes(id, { limit: 9 })).toEqual([]);
      return true;
    });
  });

  it(`comes to the same end after a crash before any of its calls: ${step}`, async () => {
    await inEveryGap(step, async (n) => {
      const { one, id } = await prepared(step);
      const wasKilled = await killed(one, id, n);
      await one.metadata.releaseAllClaims();
      await run(one, id);
      await settle(one);
      const ended = await one.metadata.findRun(id);
      expect(ended?.progress).toMatchObject({
        isListed: true,
        failure: null,
        counts: { objects: 3, bytes: 12, done: 3, doneBytes: 12, spared: 0 },
      });
      expect(await readAll(one, "p1")).toEqual(FILES);
      expect(legacyKeysOf(one)).toEqual(step === "finish" ? [] : Object.keys(FILES));
      expect(keysOf(one)).toHaveLength({ copy: 5, finish: 2, undo: 3 }[step]);
      // What the store was told of and no row, an audit finds, as after any other upload.
      expect(one.metadata.view().rows.uploads.size).toBe(0);
      return wasKilled;
    });
  });
});
