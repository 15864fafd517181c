import { describe, expect, it } from "vitest";
import { RECEIPT_TYPE } from "../../../src/core/receipt.ts";
import type { EngineDeletion, EngineProgress } from "../../../src/services/engine/options.ts";
import { verifyReceipt } from "../../../src/services/receipts.ts";
import {
  application,
  blockedBy,
  counts,
  failureOf,
  keysIn,
  LAYOUTS,
  newSigner,
  OF_P1,
  put,
} from "./support.ts";

const OF_OTHERS = ["audio/proj_p10/x", "projects/p10/a", "projects/p2/a", "uploads/70"];

describe("the engine alone", () => {
  it("deletes what the application's table, its prefix and its older layouts give to the project, and nothing else", async () => {
    const app = application({ p1: ["uploads/7", "projects/p1/a", "projects/p1/never"] });
    await put(app, ...OF_P1, ...OF_OTHERS);
    await app.objects.createUpload("projects/p1/half", "text/plain");
    await app.objects.createUpload("projects/p10/half", "text/plain");
    const deletion = await app.engine(LAYOUTS).delete("p1");
    expect(keysIn(app)).toEqual(OF_OTHERS);
    expect([...app.objects.snapshot().uploads.values()].map(({ key }) => key)).toEqual([
      "projects/p10/half",
    ]);
    expect(deletion).toMatchObject({ state: "completed", residue: [], receipt: null });
    expect(counts(deletion)).toEqual({
      tracked: [2, 2, 1],
      canonical: [1, 1, 0],
      "legacy:audio": [1, 1, 0],
      multipart: [1, 1, 0],
    });
    expect(deletion.surfaces.map(({ bytes }) => bytes)).toEqual([10, 5, 5, 0]);
  });

  it("says of each key what became of it", async () => {
    const app = application({ p1: ["uploads/7", "uploads/never"] });
    await put(app, ...OF_P1);
    const deletion = await app.engine(LAYOUTS).delete("p1");
    expect([...deletion.outcomes()].map(({ key, outcome }) => [key, outcome])).toEqual([
      ["uploads/7", "deleted"],
      ["projects/p1/a", "deleted"],
      ["projects/p1/b", "deleted"],
      ["audio/proj_p1/old.mp3", "deleted"],
      ["uploads/never", "absent"],
    ]);
  });

  it("ends uploads to tracked keys that lie on no prefix, and no others", async () => {
    const app = application({ p1: ["u/1", "u/2é", "u/2è"] });
    for (const key of ["u/1", "u/12", "u/2é"]) await app.objects.createUpload(key, "text/plain");
    const deletion = await app.engine().delete("p1");
    expect([...app.objects.snapshot().uploads.values()].map(({ key }) => key)).toEqual(["u/12"]);
    expect(counts(deletion)).toEqual({ tracked: [0, 0, 3], multipart: [2, 2, 0] });
  });

  it("removes every version and marker where the store keeps them", async () => {
    const app = application({ p1: ["projects/p1/a"] }, { store: { versioning: "enabled" } });
    await put(app, "projects/p1/a", "projects/p1/a", "projects/p10/a");
    await app.objects.remove(["projects/p1/a"]);
    const deletion = await app.engine(LAYOUTS).delete("p1");
    expect(app.objects.snapshot().versions.map(({ key }) => key)).toEqual(["projects/p10/a"]);
    expect(counts(deletion)).toMatchObject({ tracked: [1, 1, 0], versions: [2, 2, 0] });
  });

  it("may be repeated, and comes to the same end", async () => {
    const app = application({ p1: ["uploads/7"] });
    await put(app, ...OF_P1);
    await app.engine(LAYOUTS).delete("p1");
    const again = await app.engine(LAYOUTS).delete("p1");
    expect(again).toMatchObject({ state: "completed", residue: [] });
    expect(counts(again)).toEqual({
      tracked: [0, 0, 1],
      canonical: [0, 0, 0],
      "legacy:audio": [0, 0, 0],
      multipart: [0, 0, 0],
    });
  });

  it("goes on where a call that was cut off had stopped", async () => {
    const app = application({ p1: ["uploads/7"] });
    await put(app, ...OF_P1);
    const stop = new AbortController();
    const onProgress = ({ gone }: EngineProgress): void => {
      if (gone > 0) stop.abort(new Error("the process ends"));
    };
    const cut = app.engine(LAYOUTS).delete("p1", { signal: stop.signal, onProgress });
    await expect(cut).rejects.toThrow("the process ends");
    const left = keysIn(app).length;
    expect(left > 0 && left < OF_P1.length).toBe(true);
    await expect(app.engine(LAYOUTS).delete("p1")).resolves.toMatchObject({ state: "completed" });
    expect(keysIn(app)).toEqual([]);
  });

  it("looks for keys that the application tracked only while it was at work", async () => {
    const app = application({ p1: ["a"] });
    await put(app, "a", "late");
    const deletion = await app.engine().delete("p1", {
      onProgress: ({ gone }) => {
        if (gone === 1) app.rows.set("p1", ["a", "late"]);
      },
    });
    expect(counts(deletion)["tracked"]).toEqual([2, 2, 0]);
    expect(keysIn(app)).toEqual([]);
  });

  it("tells how far it has come", async () => {
    const app = application({ p1: ["uploads/7"] });
    await put(app, ...OF_P1);
    const seen: EngineProgress[] = [];
    const { id } = await app
      .engine(LAYOUTS)
      .delete("p1", { onProgress: (progress) => void seen.push(progress) });
    expect(seen[0]).toEqual({ id, projectId: "p1", stage: "sweep", found: 1, gone: 0 });
    expect(seen.at(-1)).toEqual({ id, projectId: "p1", stage: "verify", found: 4, gone: 4 });
  });

  it("writes lines that begin with the deletion's id and name no key", async () => {
    const app = application({ p1: ["uploads/secret-name"] });
    await put(app, "uploads/secret-name");
    const { id } = await app.engine().delete("p1");
    expect(app.log.events().map(({ deletion }) => deletion)).toEqual(
      app.log.events().map(() => id),
    );
    expect(app.log.lines.length).toBeGreaterThan(2);
    expect(app.log.text()).not.toContain("secret-name");
  });
});

describe("the engine's plan", () => {
  it("counts what a deletion would remove, and changes nothing", async () => {
    const app = application({ p1: ["uploads/7", "uploads/never"] });
    await put(app, ...OF_P1, ...OF_OTHERS);
    await app.objects.createUpload("uploads/7", "text/plain");
    const plan = await app.engine(LAYOUTS).plan("p1");
    expect(plan).toMatchObject({ projectId: "p1", objects: 5, bytes: 20 });
    expect(plan.surfaces.map(({ surface, objects }) => [surface, objects])).toEqual([
      ["tracked", 1],
      ["canonical", 2],
      ["legacy:audio", 1],
      ["multipart", 1],
    ]);
    expect(keysIn(app)).toEqual([...OF_P1, ...OF_OTHERS].sort());
  });

  it("refuses a deletion that is larger than it may be, before anything is removed", async () => {
    const app = application({ p1: ["uploads/7"] });
    await put(app, ...OF_P1);
    const engine = app.engine(LAYOUTS);
    await expect(failureOf(engine.delete("p1", { maxObjects: 3 }))).resolves.toMatchObject({
      code: "too-many-objects",
      details: { maxObjects: 3 },
    });
    expect(keysIn(app)).toEqual(OF_P1);
    await expect(engine.delete("p1", { maxObjects: 4 })).resolves.toMatchObject({
      state: "completed",
    });
  });

  it.each([-1, 1.5, Number.NaN])("refuses %d as a number of objects", async (maxObjects) => {
    const failure = await failureOf(application().engine().delete("p1", { maxObjects }));
    expect(failure).toMatchObject({ code: "invalid-request" });
  });
});

describe("layouts that are given to the engine", () => {
  it("are refused where a key would belong to two projects", () => {
    const make = () =>
      application().engine({ layouts: [{ name: "old", template: "{project}_*" }] });
    expect(make).toThrow(expect.objectContaining({ code: "ambiguous-layouts" }));
  });

  it("may need a declared form of ids", async () => {
    const app = application();
    await put(app, "proj_0123456789ab_x", "proj_0123456789ac_x");
    const engine = app.engine({
      projectId: "proj_[0-9a-f]{12}",
      layouts: [{ name: "old", template: "{project}_*" }],
    });
    await engine.delete("proj_0123456789ab");
    expect(keysIn(app)).toEqual(["proj_0123456789ac_x"]);
  });
});

describe("the engine's receipt", () => {
  it("states what was removed, that nothing was fenced, and verifies offline", async () => {
    const app = application({ p1: ["uploads/7", "uploads/never"] });
    await put(app, ...OF_P1);
    const signer = await newSigner();
    const { id, receipt } = await app.engine({ ...LAYOUTS, signer }).delete("p1");
    const payload = await verifyReceipt(signer, receipt ?? "", [signer.publicKey]);
    expect(payload).toMatchObject({
      deletion: id,
      project: { id: "p1", uid: "p1" },
      totals: { deleted: 4, absent: 1, bytes: 20 },
      merkle: { leaves: 4 },
      sequence: 0,
      previous: null,
      times: { fencedAt: null },
    });
    expect(new Set(payload.surfaces.map(({ guarantee }) => guarantee))).toEqual(
      new Set(["emptied"]),
    );
    expect(payload.notCovered.join()).toContain("were not fenced");
    expect(payload.sweeps.every(({ entries }) => entries === 0)).toBe(true);
    expect(JSON.stringify(payload)).not.toContain("old.mp3");
    expect(RECEIPT_TYPE).toBe("expunge-receipt+jws");
  });

  it("names the versions as a surface of a store that keeps them", async () => {
    const app = application({}, { store: { versioning: "suspended" } });
    const signer = await newSigner();
    const { receipt } = await app.engine({ ...LAYOUTS, signer }).delete("p1");
    const payload = await verifyReceipt(signer, receipt ?? "", [signer.publicKey]);
    expect(payload.surfaces.map(({ surface }) => surface)).toContain("versions");
  });
});

describe("what the application does once the deletion is verified", () => {
  it("is done after the last listing, and has the receipt", async () => {
    const app = application({ p1: ["a"] });
    await put(app, "a");
    let seen: [readonly string[], boolean] | null = null;
    const signer = await newSigner();
    const onVerified = async ({ receipt }: EngineDeletion): Promise<void> => {
      seen = [keysIn(app), receipt !== null];
      app.rows.delete("p1");
    };
    await app.engine({ signer, onVerified }).delete("p1");
    expect(seen).toEqual([[], true]);
  });

  it("is told of as failed where it fails, and done again by a repetition", async () => {
    const app = application({ p1: ["a"] });
    await put(app, "a");
    let calls = 0;
    const onVerified = (): void => {
      if (++calls === 1) throw new Error("the database is away");
    };
    const engine = app.engine({ onVerified });
    const failure = await blockedBy(engine.delete("p1"));
    expect(failure).toMatchObject({
      code: "on-verified-failed",
      cause: { message: "the database is away" },
      deletion: { state: "completed" },
    });
    await expect(engine.delete("p1")).resolves.toMatchObject({ state: "completed" });
    expect(calls).toBe(2);
  });
});
