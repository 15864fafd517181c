import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/core/encoding.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { ADMIN, putText } from "../../support/context.ts";
import { withLimit } from "../../support/limits.ts";
import { withMethods } from "../../support/methods.ts";
import { keysOf, run } from "../adoption/adopting.ts";
import {
  adopted,
  endRelayout,
  heldBy,
  legacyKeysOf,
  readAll,
  relayout,
  settle,
  SONGS,
  spared,
} from "./relaying.ts";

describe("finishing a relayout", () => {
  it("removes the old objects, and says how many are verified gone", async () => {
    const one = await adopted(SONGS);
    const { id } = await relayout(one);
    const { progress } = await endRelayout(one, "finish", id);
    expect(progress.counts).toMatchObject({ objects: 3, done: 3, spared: 0, removed: 3 });
    expect(legacyKeysOf(one)).toEqual([]);
    expect(await readAll(one, "p1")).toEqual({ "audio/p1/a": "first", "audio/p1/b": "second" });
    expect((await endRelayout(one, "undo", id)).progress.counts.objects).toBe(0);
    const names = await one.metadata.findRemovals(Object.keys(SONGS));
    expect(names).toEqual([]);
  });

  it("removes nothing in a dry run, and says how much it would be", async () => {
    const one = await adopted(SONGS);
    const { id } = await relayout(one);
    for (const action of ["finish", "undo"] as const) {
      const begun = await one.services.relayouts[action](ADMIN, id);
      await run(one, begun.relayout.id);
      const { relayout: plan, held } = await one.services.relayouts.get(ADMIN, begun.relayout.id);
      expect(plan.request).toMatchObject({ action, of: id, dryRun: true });
      expect(plan.progress.counts).toMatchObject({
        objects: 3,
        done: 3,
        doneBytes: 16,
        removed: 0,
      });
      expect(held).toEqual({ objects: 3, bytes: 16 });
    }
    expect(legacyKeysOf(one)).toHaveLength(3);
  });

  it("leaves alone what is another object by now, and takes what is gone already", async () => {
    const one = await adopted(SONGS);
    const { id } = await relayout(one);
    await one.objects.put("audio/p1/a", utf8("other"));
    await one.objects.remove(["audio/p1/b"]);
    const finished = await endRelayout(one, "finish", id);
    expect(await spared(one, finished)).toEqual(["changed audio/p1/a"]);
    expect(finished.progress.counts).toMatchObject({ objects: 3, done: 2, spared: 1, removed: 2 });
    expect(legacyKeysOf(one)).toEqual(["audio/p1/a"]);
    expect(await heldBy(one, id)).toEqual(["audio/p1/a"]);
  });

  it("names what could not be removed yet, which a job goes on with", async () => {
    const locked = { result: "blocked", retryable: false, code: "object-locked" } as const;
    let isLocked = true;
    const one = await adopted(SONGS, {
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          remove: async (keys, signal) =>
            isLocked
              ? keys.map((key) => ({ key, ...locked, message: "locked" }))
              : await store.remove(keys, signal),
        }),
    });
    const { id } = await relayout(one, { projects: ["p2"] });
    const finished = await endRelayout(one, "finish", id);
    expect(await spared(one, finished)).toEqual(["object-locked audio/p2/c"]);
    expect(finished.progress.counts).toMatchObject({ done: 1, removed: 0, pending: 1, spared: 0 });
    isLocked = false;
    await withLimit("relayoutPageHeld", 1, () => endRelayout(one, "finish", id));
    expect(await one.metadata.findRemovals(["audio/p2/c"])).toMatchObject([{ attempts: 1 }]);
  });

  it("waits until the relayout has ended, and is not of one that copied nothing", async () => {
    const one = await adopted(SONGS);
    const { relayout: begun } = await one.services.relayouts.start(ADMIN, { dryRun: false });
    await expect(one.services.relayouts.finish(ADMIN, begun.id)).rejects.toMatchObject({
      code: "relayout-running",
    });
    await run(one, begun.id);
    const finish = await endRelayout(one, "finish", begun.id);
    await expect(one.services.relayouts.undo(ADMIN, finish.id)).rejects.toMatchObject({
      code: "relayout-not-found",
    });
  });

  it("leaves what may not be looked at, and what is under a hold", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    let isDenied = false;
    const one = await adopted(SONGS, {
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          head: async (key) => {
            if (isDenied && key === "audio/p1/a") throw denied;
            return await store.head(key);
          },
        }),
    });
    const { id } = await relayout(one);
    await one.services.projects.placeHold(ADMIN, "p2", "a case");
    isDenied = true;
    const finished = await endRelayout(one, "finish", id);
    expect(await spared(one, finished)).toEqual([
      "access-denied audio/p1/a",
      "project-held audio/p2/c",
    ]);
    expect(await heldBy(one, id)).toEqual(["audio/p1/a", "audio/p2/c"]);
  });
});

describe("undoing a relayout", () => {
  it("has no copy to remove of a file without bytes", async () => {
    const one = await adopted({ "audio/p1/a": "first", "audio/p1/empty": "" });
    const { id } = await relayout(one);
    const { counts } = (await endRelayout(one, "undo", id)).progress;
    expect(counts).toMatchObject({ done: 2, removed: 1, pending: 0, spared: 0 });
    expect(keysOf(one)).toEqual(["audio/p1/a", "audio/p1/empty"]);
  });

  it("gives the files their old objects back, and removes the copies", async () => {
    const one = await adopted(SONGS);
    const { id } = await relayout(one);
    await one.services.files.move(ADMIN, "p1", "audio/p1/a", "renamed");
    const { progress } = await endRelayout(one, "undo", id);
    expect(progress.counts).toMatchObject({ objects: 3, done: 3, removed: 3, spared: 0 });
    expect(keysOf(one)).toEqual(Object.keys(SONGS));
    expect(await readAll(one, "p1")).toEqual({ renamed: "first", "audio/p1/b": "second" });
    // And once more there is something to be moved, to keys that are new again (R3).
    expect((await relayout(one)).progress.counts.done).toBe(3);
  });

  it("leaves a file its copy where the old object is gone or is another one", async () => {
    const one = await adopted(SONGS);
    const { id } = await relayout(one);
    await one.objects.remove(["audio/p1/a"]);
    await one.objects.put("audio/p1/b", utf8("other"));
    const undone = await endRelayout(one, "undo", id);
    expect(await spared(one, undone)).toEqual(["changed audio/p1/b", "missing audio/p1/a"]);
    expect(await readAll(one, "p1")).toEqual({ "audio/p1/a": "first", "audio/p1/b": "second" });
  });

  it("does nothing for a file that was deleted since: its deletion took both objects", async () => {
    const one = await adopted(SONGS);
    const { id } = await relayout(one);
    const deleted = await one.services.files.delete(ADMIN, "p1", "audio/p1/a");
    expect(deleted.outcome).toBe("deleted");
    expect(legacyKeysOf(one)).toEqual(["audio/p1/b", "audio/p2/c"]);
    await putText(one, "p1", "audio/p1/b", "new");
    await settle(one);
    expect(legacyKeysOf(one)).toEqual(["audio/p2/c"]);
    const { progress } = await endRelayout(one, "undo", id);
    expect(progress.counts).toMatchObject({ objects: 1, done: 1 });
    expect(await readAll(one, "p1")).toEqual({ "audio/p1/b": "new" });
  });
});
