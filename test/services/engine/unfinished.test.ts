import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/core/limits.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { EngineProgress } from "../../../src/services/engine/options.ts";
import { withMethods } from "../../support/methods.ts";
import {
  application,
  blockedBy,
  counts,
  failureOf,
  keysIn,
  LAYOUTS,
  OF_P1,
  put,
} from "./support.ts";

describe("a deletion by the engine that cannot be finished", () => {
  it("fails and names what remains and why, and removes the rest", async () => {
    const app = application({ p1: ["uploads/7"] });
    await put(app, ...OF_P1);
    app.objects.failures.refuse = (key) =>
      key === "projects/p1/b"
        ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
        : null;
    let verified = 0;
    const engine = app.engine({ ...LAYOUTS, onVerified: () => void verified++ });
    const failure = await blockedBy(engine.delete("p1"));
    expect(failure).toMatchObject({
      code: "deletion-blocked",
      details: { residueTotal: 1, residue: [{ key: "projects/p1/b", code: "object-locked" }] },
    });
    expect(failure.remedy).toContain("call delete again");
    const { deletion } = failure;
    expect(deletion).toMatchObject({ state: "blocked", verifiedAt: null, receipt: null });
    const outcomes = [...deletion.outcomes()].map(({ key, outcome, code }) => [key, outcome, code]);
    expect(outcomes).toEqual([
      ["uploads/7", "deleted", null],
      ["projects/p1/a", "deleted", null],
      ["projects/p1/b", "blocked", "object-locked"],
      ["audio/proj_p1/old.mp3", "deleted", null],
    ]);
    expect(counts(deletion)["canonical"]).toEqual([2, 1, 0]);
    expect([keysIn(app), verified]).toEqual([["projects/p1/b"], 0]);
    app.objects.failures.refuse = null;
    await engine.delete("p1");
    expect([keysIn(app), verified]).toEqual([[], 1]);
  });

  it("calls nothing deleted or absent where a surface cannot be listed again", async () => {
    const app = application({ p1: ["uploads/7", "uploads/never"] });
    await put(app, "uploads/7", "projects/p1/a");
    let isSwept = false;
    app.objects.failures.fail = (call, key) =>
      isSwept && call === "list" && key === "projects/p1/"
        ? new StoreError("access-denied", "blocked", "no")
        : null;
    const onProgress = ({ stage }: EngineProgress): void => void (isSwept = stage === "verify");
    const { deletion } = await blockedBy(app.engine(LAYOUTS).delete("p1", { onProgress }));
    const outcomes = [...deletion.outcomes()];
    expect(outcomes.map(({ surface, key, outcome }) => [surface, key, outcome])).toEqual([
      ["tracked", "uploads/7", "unknown"],
      ["canonical", "projects/p1/a", "unknown"],
      ["canonical", "projects/p1/", "unknown"],
      ["tracked", "uploads/never", "unknown"],
    ]);
    expect(deletion.residue).toMatchObject([{ key: "projects/p1/", code: "access-denied" }]);
  });

  it("keeps what the sweep was refused for where the listing cannot say what is left", async () => {
    const app = application({ p1: ["a"] });
    await put(app, "a");
    app.objects.failures.refuse = () => ({
      result: "failed",
      retryable: false,
      code: "bad-request",
      message: "no",
    });
    app.objects.failures.fail = (call) =>
      call === "listUploads" ? new StoreError("access-denied", "blocked", "no") : null;
    const { deletion } = await blockedBy(app.engine().delete("p1"));
    expect(deletion.residue.map(({ surface, code }) => [surface, code])).toEqual([
      ["tracked", "bad-request"],
      ["multipart", "access-denied"],
    ]);
  });

  it("gives up on what comes back every time", async () => {
    const app = application(
      {},
      {
        wrap: (objects) =>
          withMethods(objects, {
            remove: async (keys, signal) => {
              const answer = await objects.remove(keys, signal);
              await objects.put("projects/p1/new", new Uint8Array(1));
              return answer;
            },
          }),
      },
    );
    await put(app, "projects/p1/a");
    const { deletion } = await blockedBy(app.engine(LAYOUTS).delete("p1"));
    expect(deletion.residue).toMatchObject([{ key: "projects/p1/new", code: "reappeared" }]);
    const passes = app.log.lines.filter((line) => line.includes("verification found something"));
    expect(passes).toHaveLength(LIMITS.sweepPassesMax - 1);
  });

  it("is refused for a project whose id the layouts cannot be searched for", async () => {
    const failure = await failureOf(application().engine(LAYOUTS).delete("p 1"));
    expect(failure).toMatchObject({ code: "invalid-project-id" });
  });

  it.each(["", "\ud800"])("is refused for %j as an id, also without layouts", async (id) => {
    const failure = await failureOf(application().engine().delete(id));
    expect(failure).toMatchObject({ code: "invalid-project-id" });
  });
});

describe("a key of the application's table", () => {
  it.each([
    ["projects/p2/a", "belongs to the project 'p2'"],
    [".expunge/receipts/x.jws", "expunge keeps its own there"],
    ["other/.expunge/store.json", "expunge keeps its own there"],
    ["", "it is empty"],
  ])("%j is refused before anything is removed (I4)", async (key, why) => {
    const app = application({ p1: ["projects/p1/a", key] });
    await put(app, "projects/p1/a", "projects/p2/a");
    const failure = await failureOf(app.engine(LAYOUTS).delete("p1"));
    expect(failure).toMatchObject({
      code: "invalid-request",
      message: expect.stringContaining(why) as unknown,
    });
    expect(keysIn(app)).toEqual(["projects/p1/a", "projects/p2/a"]);
  });

  it("ends the deletion by failing to be read", async () => {
    const app = application();
    async function* trackedKeys(): AsyncGenerator<string> {
      yield "a";
      throw new Error("the table is locked");
    }
    await put(app, "a");
    await expect(app.engine({ trackedKeys }).delete("p1")).rejects.toThrow("the table is locked");
    expect(keysIn(app)).toEqual(["a"]);
  });
});
