import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/core/encoding.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { ADMIN, putText } from "../../support/context.ts";
import { withLimit } from "../../support/limits.ts";
import { withMethods } from "../../support/methods.ts";
import { keysOf, run, service } from "../adoption/adopting.ts";
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

describe("a relayout", () => {
  it("has adopted files name proven copies at canonical keys, and holds the old objects", async () => {
    const one = await adopted(SONGS);
    const kept = await putText(one, "p1", "own", "mine");
    const before = await readAll(one, "p1");
    const { id, progress } = await relayout(one);
    expect(progress).toMatchObject({ isListed: true, failure: null, uploads: [] });
    expect(progress.counts).toEqual({
      objects: 3,
      bytes: 16,
      done: 3,
      doneBytes: 16,
      spared: 0,
      removed: 0,
      pending: 0,
      readBytes: 0,
    });
    expect(await readAll(one, "p1")).toEqual(before);
    expect(await heldBy(one, id)).toEqual(Object.keys(SONGS));
    expect(keysOf(one)).toHaveLength(7);
    const { items } = await one.services.files.list(ADMIN, "p1", { limit: 9 });
    const { uid } = await one.services.projects.get(ADMIN, "p1");
    for (const file of items) expect(file.key).toBe(`projects/${uid}/${file.uid}`);
    expect(items.map(({ key }) => key)).toContain(kept);
    // The job of removals leaves alone what is held.
    await settle(one);
    expect(legacyKeysOf(one)).toEqual(Object.keys(SONGS));
    expect((await relayout(one)).progress.counts.objects).toBe(0);
  });

  it("moves nothing in a dry run, which is what happens where nothing is said", async () => {
    const one = await adopted(SONGS);
    const { relayout: begun } = await one.services.relayouts.start(ADMIN);
    await run(one, begun.id);
    const { relayout: plan, held } = await one.services.relayouts.get(ADMIN, begun.id);
    expect(plan.request.dryRun).toBe(true);
    expect(plan.progress.counts).toMatchObject({ objects: 3, done: 3, doneBytes: 16, spared: 0 });
    expect(held).toEqual({ objects: 0, bytes: 0 });
    expect(keysOf(one)).toEqual(Object.keys(SONGS));
  });

  it("takes the named projects alone, and none that is in grace or under a hold", async () => {
    const one = await adopted({ ...SONGS, "audio/p3/d": "fourth", "audio/p4/e": "fifth" });
    const { uid } = await one.services.projects.get(ADMIN, "p3");
    await one.services.projects.placeHold(ADMIN, "p3", "a case");
    await one.services.deletions.request(ADMIN, "p4", { graceMs: 60_000 });
    const projects = ["p2", "p3", "p4", "p2"];
    const { relayout: begun } = await one.services.relayouts.start(ADMIN, { projects });
    await run(one, begun.id);
    const { relayout: plan } = await one.services.relayouts.get(ADMIN, begun.id);
    const lines = ["project-held audio/p3/d", "project-not-active audio/p4/e"];
    expect(await spared(one, plan)).toEqual(lines);
    expect(plan.progress.counts).toMatchObject({ objects: 3, done: 1, spared: 2 });
    const made = await relayout(one, { projects });
    expect(await spared(one, made)).toEqual(lines);
    expect(await heldBy(one, made.id)).toEqual(["audio/p2/c"]);
    expect(made.request.projects).toEqual(["p2", "p3", "p4"]);
    expect((await one.metadata.listFiles(uid, { limit: 9 }))[0]?.key).toBe("audio/p3/d");
    await expect(one.services.relayouts.start(ADMIN, { projects: ["none"] })).rejects.toMatchObject(
      { code: "project-not-found" },
    );
  });

  it("reads source and copy where the store's own names do not prove them equal", async () => {
    const one = await adopted({ "audio/p1/long": "0123456789" });
    const { progress } = await withLimit("relayoutPartBytes", 4, () => relayout(one));
    expect(progress.counts).toMatchObject({ done: 1, readBytes: 20 });
    expect(await readAll(one, "p1")).toEqual({ "audio/p1/long": "0123456789" });
    const { items } = await one.services.files.list(ADMIN, "p1", { limit: 9 });
    expect(items[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("gives a file without bytes no object", async () => {
    const one = await adopted({ "audio/p1/empty": "" });
    const { id } = await relayout(one);
    expect(await readAll(one, "p1")).toEqual({ "audio/p1/empty": "" });
    expect(keysOf(one)).toEqual(["audio/p1/empty"]);
    await endRelayout(one, "finish", id);
    expect(keysOf(one)).toEqual([]);
    expect(await readAll(one, "p1")).toEqual({ "audio/p1/empty": "" });
  });

  it("goes page by page", async () => {
    const one = await adopted(SONGS);
    const { progress } = await withLimit("relayoutPageFiles", 1, () => relayout(one));
    expect(progress).toMatchObject({ after: "audio/p2/c", counts: { objects: 3, done: 3 } });
  });

  it("is for administrators, and found by its id alone", async () => {
    const one = await service();
    const caller = { subject: "bob", rights: new Set(["projects:write"] as const) };
    const { relayouts } = one.services;
    await expect(relayouts.start(caller)).rejects.toMatchObject({ code: "forbidden" });
    for (const call of [
      relayouts.get(ADMIN, "RELAYOUT-0"),
      relayouts.finish(ADMIN, "RELAYOUT-0"),
      relayouts.undo(ADMIN, "RELAYOUT-0"),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "relayout-not-found" });
    }
    const adoption = await one.services.adoptions.start(ADMIN, {});
    await expect(relayouts.get(ADMIN, adoption.id)).rejects.toMatchObject({
      code: "relayout-not-found",
    });
  });

  it("is listed with the others, newest first", async () => {
    const one = await service();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await relayout(one)).id);
    const first = await one.services.relayouts.list(ADMIN, { limit: 2 });
    const after = first.next ?? "";
    const second = await one.services.relayouts.list(ADMIN, { limit: 2, after });
    const listed = [...first.items, ...second.items].map((item) => item.relayout.id);
    expect(listed.toSorted()).toEqual(ids.toSorted());
    expect(second.next).toBeNull();
    await expect(
      one.services.relayouts.list(ADMIN, { limit: 1, after: "RELAYOUT-0" }),
    ).rejects.toMatchObject({ code: "invalid-cursor" });
  });
});

describe("what a relayout leaves as it is", () => {
  it("is an object that is missing, that is not the file's, or that may not be read", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    const one = await adopted(
      { "audio/p1/denied": "x", "audio/p1/gone": "y", "audio/p1/longer": "z", "audio/p1/ok": "k" },
      {
        wrap: (store) =>
          withMethods<ObjectStore>(store, {
            copyPart: async (key, id, number, source) => {
              if (source.key.endsWith("denied")) throw denied;
              return await store.copyPart(key, id, number, source);
            },
          }),
      },
    );
    await one.objects.remove(["audio/p1/gone"]);
    await one.objects.put("audio/p1/longer", utf8("zzz"));
    const made = await relayout(one);
    expect(await spared(one, made)).toEqual([
      "access-denied audio/p1/denied",
      "changed audio/p1/longer",
      "missing audio/p1/gone",
    ]);
    expect(made.progress.counts).toMatchObject({ objects: 4, done: 1, spared: 3 });
    await settle(one);
    expect(keysOf(one)).toHaveLength(4);
    expect(one.objects.view().uploads.size).toBe(0);
  });

  it("is a file that was overwritten, deleted or put under a hold while it was copied", async () => {
    const acts: Readonly<Record<string, () => Promise<unknown>>> = {
      "audio/p1/deleted": () => one.services.files.delete(ADMIN, "p1", "audio/p1/deleted"),
      "audio/p1/replaced": () => putText(one, "p1", "audio/p1/replaced", "new"),
      "audio/p2/held": () => one.services.projects.placeHold(ADMIN, "p2", "a case"),
      "audio/p3/moved": () => one.services.files.move(ADMIN, "p3", "audio/p3/moved", "away"),
      "audio/p4/trashed": () => one.services.deletions.request(ADMIN, "p4", { graceMs: 60_000 }),
    };
    const one = await adopted(Object.fromEntries(Object.keys(acts).map((key) => [key, key])), {
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          copyPart: async (key, id, number, source) => {
            const part = await store.copyPart(key, id, number, source);
            await acts[source.key]?.();
            return part;
          },
        }),
    });
    const made = await relayout(one);
    expect(await spared(one, made)).toEqual([
      "project-held audio/p2/held",
      "project-not-active audio/p4/trashed",
      "replaced audio/p1/deleted",
      "replaced audio/p1/replaced",
    ]);
    await settle(one);
    expect(await readAll(one, "p1")).toEqual({ "audio/p1/replaced": "new" });
    expect(await readAll(one, "p3")).toEqual({ away: "audio/p3/moved" });
    expect(await heldBy(one, made.id)).toEqual(["audio/p3/moved"]);
    expect(keysOf(one)).toHaveLength(5);
  });

  it("is a file whose copy is not the same, or whose source was another one by then", async () => {
    const one = await adopted(
      { "audio/p1/changed": "aaaaaaaaaa", "audio/p1/torn": "bbbbbbbbbb" },
      {
        wrap: (store) =>
          withMethods<ObjectStore>(store, {
            completeUpload: async (key, id, parts) => {
              const [part] = parts;
              const isTorn = part?.etag.startsWith("torn") === true;
              await store.put("audio/p1/changed", utf8("cccccccccc"));
              if (!isTorn) return await store.completeUpload(key, id, parts);
              await store.abortUpload(key, id);
              await store.put(key, utf8("bbbbbbbbbx"));
              return await store.head(key);
            },
            copyPart: async (key, id, number, source) => {
              const part = await store.copyPart(key, id, number, source);
              return source.key.endsWith("torn") ? { ...part, etag: `torn${part.etag}` } : part;
            },
          }),
      },
    );
    const made = await withLimit("relayoutPartBytes", 5, () => relayout(one));
    expect(await spared(one, made)).toEqual(["changed audio/p1/changed", "unequal audio/p1/torn"]);
    await settle(one);
    expect(legacyKeysOf(one)).toEqual(keysOf(one));
    expect(one.log.text()).toContain("the copy of an object is not the same");
  });

  it("is a file of a project that has more than its quota", async () => {
    const one = await adopted({ "audio/p1/a": "0123456789" });
    await one.services.projects.update(ADMIN, "p1", { quotaBytes: 1 });
    const made = await relayout(one);
    expect(await spared(one, made)).toEqual(["quota-exceeded audio/p1/a"]);
  });

  it("is everything that is left when the store refuses for good, and the end says so", async () => {
    const down = new StoreError("invalid-credentials", "blocked", "no");
    const one = await adopted(SONGS, {
      wrap: (store) =>
        withMethods<ObjectStore>(store, { createUpload: () => Promise.reject(down) }),
    });
    const { progress } = await relayout(one);
    expect(progress).toMatchObject({
      isListed: false,
      failure: { code: "invalid-credentials" },
      counts: { done: 0 },
    });
    expect(await withLimit("runAttemptsMax", 0, () => relayout(one))).toMatchObject({
      progress: { isListed: false, failure: { code: "internal" } },
    });
  });
});
